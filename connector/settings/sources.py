"""The sources of amends.yaml: which adapter, its own options, secrets by reference, and how far writes may go.

Called by `loading`. Options are checked against the adapter's own settings type.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from connector.adapter import Adapter, Hooking, adapter_names, find_adapter
from connector.errors import SettingsError
from connector.mapping import Mapping, source_fields
from connector.model import ActionKind, Mode
from connector.settings.problems import Problems, one_of
from connector.settings.shapes.amends import Hooks, Source
from connector.settings.yaml_file import Document

_SECRET_NAME = re.compile(
    r"(password|passwd|passphrase|secret|token|api_?key|private_?key|credentials?)$", re.IGNORECASE
)
# What deliveries are signed with, where a person made the hook; the second one while it is being changed.
HOOK_SECRET, HOOK_SECRET_BEFORE = "hook_secret", "hook_secret_before"
_PLACE_IN_VALUE = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


class SourceSettings(msgspec.Struct, frozen=True):
    """One account or inbox. `options` is an instance of the adapter's Settings; `secrets` holds references only.

    `modes` names every kind of action, `can` those that the adapter is able to do. `act_from`: nothing older is acted
    on; None is the moment of the first sync. `rules_digest` names the rules by which what is stored of this source was
    understood; once it differs, the stored records are replayed. `mapping_file` is where its mapping stands, or would
    stand, within the folder.
    """

    name: str
    adapter: str
    options: Any
    secrets: dict[str, str]
    mapping: Mapping
    poll_seconds: int
    modes: dict[ActionKind, Mode]
    can: frozenset[ActionKind]
    streams: tuple[str, ...]
    act_from: datetime | None = None
    read_from: datetime | None = None
    rules_digest: str = ""
    mapping_file: str = ""
    hooks: Hooks = Hooks.NONE


def adapter_of(name: str, source: Source, document: Document, problems: Problems) -> type[Adapter] | None:
    """The adapter class of a source, or None where there is none such."""
    place = document.place(("sources", name, "adapter"))
    try:
        return find_adapter(source.adapter)
    except SettingsError as error:
        # Only now: to name them all takes a look at every package that is installed, a fifth of reading the settings.
        if source.adapter in (known := adapter_names()):
            problems.add_error(place, error)
        else:
            problems.add(place, f"there is no adapter {source.adapter!r}", one_of(source.adapter, known))
        return None


def options_of(name: str, source: Source, adapter: type[Adapter], document: Document, problems: Problems) -> Any:
    """`options` as the adapter's own settings, or None; every option is looked at, not only the first bad one."""
    path, before = ("sources", name, "options"), len(problems)
    fields = {field.encode_name: field for field in msgspec.structs.fields(adapter.Settings)}
    for key, value in source.options.items():
        here = (*path, key)
        if key not in fields:
            place = document.place(here, key=True)
            problems.add(place, f"the adapter {source.adapter} has no option {key!r}", one_of(key, sorted(fields)))
        elif isinstance(value, str) and value and _SECRET_NAME.search(key):
            problems.add(
                document.place(here),
                f"{key!r} looks like a secret and is written out here",
                "put it under `secrets` as env:NAME, file:… or keyring:…, and change it",
            )
        else:
            _convert(value, fields[key].type, here, document, problems)
    for key in (key for key, field in fields.items() if field.required and key not in source.options):
        place = document.place(path if source.options else path[:2], key=True)
        problems.add(place, f"the adapter {source.adapter} needs the option {key!r}", f"add `{key}: …` under `options`")
    return _convert(source.options, adapter.Settings, path, document, problems) if len(problems) == before else None


def with_fields(options: Any, mapping: Mapping) -> Any:
    """`options` with every source field that the mapping names, where the adapter has an option `fields` for what to
    fetch and the admin left it empty."""
    if isinstance(options, msgspec.Struct) and getattr(options, "fields", None) == ():
        return msgspec.structs.replace(options, fields=source_fields(mapping))
    return options


def _convert(value: Any, kind: Any, path: tuple[str | int, ...], document: Document, problems: Problems) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _PLACE_IN_VALUE.match(str(error))
        said, inner = (found[1], found[2] or "") if found else (str(error), "")
        named = inner.partition("[...]")[0]  # some key, which is not told
        steps = tuple(int(index) if index else word for word, index in _STEP.findall(named))
        problems.add(document.place((*path, *steps)), said.replace("`", ""))
        return None


def modes_of(
    name: str, source: Source, adapter: type[Adapter], options: Any, document: Document, problems: Problems
) -> dict[ActionKind, Mode]:
    """Every kind of action with its mode; shadow where nothing is said. A kind that is to be sent needs what the
    adapter says that it needs (`Adapter.lacks`)."""
    lacks = getattr(adapter, "lacks", None)
    for kind, mode in source.modes.items():
        place = document.place(("sources", name, "modes", kind.value), key=True)
        if kind not in adapter.can:
            known = [able.value for able in ActionKind if able in adapter.can]
            problems.add(place, f"the adapter {source.adapter} cannot {kind.value}", one_of(kind.value, known))
        elif lacks is not None and options is not None and mode is not Mode.SHADOW:
            lacking = lacks(kind, options, frozenset(source.secrets))
            if lacking:
                problems.add(place, f"{kind.value} cannot be {mode.value} without {lacking}", "add it, or say shadow")
    return {kind: source.modes.get(kind, Mode.SHADOW) for kind in ActionKind}


def streams_of(
    name: str, source: Source, adapter: type[Adapter], document: Document, problems: Problems
) -> tuple[str, ...]:
    """The streams to read; all that the adapter has where nothing is said."""
    for index, stream in enumerate(source.streams or ()):
        if stream not in adapter.streams:
            place = document.place(("sources", name, "streams", index))
            what = f"the adapter {source.adapter} has no stream {stream!r}"
            problems.add(place, what, one_of(stream, list(adapter.streams)))
    return adapter.streams if source.streams is None else source.streams


def hooks_of(
    name: str, source: Source, public: bool, adapter: type[Adapter], document: Document, problems: Problems
) -> Hooks:
    """Whether the source pushes its changes; where it should and cannot, that is a problem."""
    place = document.place(("sources", name, "hooks"))
    if source.hooks is Hooks.NONE:
        return Hooks.NONE
    if not issubclass(adapter, Hooking):
        problems.add(place, f"the adapter {source.adapter} has no hooks", "leave it out; the poll finds everything")
    elif source.hooks is Hooks.KEPT and not public:
        problems.add(place, "nobody says where the hook should reach us", "add `public: {url: https://…}` to this file")
    elif source.hooks is Hooks.BY_HAND and HOOK_SECRET not in source.secrets:
        problems.add(place, f"by_hand needs the secret {HOOK_SECRET!r}", f"add `{HOOK_SECRET}: env:…` to `secrets`")
    return source.hooks


def in_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
