"""`amends init`: from a few answers to a commented folder, after the source has said who we are there.

`questions` says what to ask; this module tries the answers, fits the mapping to the account, and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from connector.adapter import Adapter, Identity, find_adapter
from connector.commands.mapping_live import Look, asking, newest
from connector.commands.mapping_preview import NOTHING_STORED, Previewed, previewed, summary_lines
from connector.commands.place import Place
from connector.commands.questions import Offer, Pairs, name_objection, reference_objection, zone_objection
from connector.credentials import SourceCredentials
from connector.desks import adapter_with, tools_for
from connector.display import clean, count, wrapped
from connector.errors import AmendsError, SettingsError
from connector.mapping.suggesting import Suggestion, suggest
from connector.settings import Answers, further_source, mapping_in_text, schema_files, shipped_mapping, starting_files
from connector.settings.drafting import with_suggestions

USUAL_HOME = Path("amends")
LOOK_AT = 100  # live tickets, for a first draft of the mapping


class Started(msgspec.Struct, frozen=True):
    """What `init` did or would do. `identity` is None where the source was not asked; `error` is why it refused.
    `suggested` lines were added to the shipped mapping, `guesses` as comments; `preview` is what it makes of some live
    tickets, in sum."""

    home: str
    source: str
    written: tuple[str, ...]
    kept: tuple[str, ...]
    dry_run: bool
    identity: Identity | None = None
    error: str | None = None
    exit_code: int = 0
    suggested: int = 0
    guesses: int = 0
    preview: Previewed | None = None


def start(
    place: Place,
    home: Path,
    adapter: str,
    answers: Answers,
    *,
    force: bool,
    offline: bool,
    dry_run: bool,
    further: bool = False,
) -> Started:
    """Ask the source who we are, and write the files. A refusal is told, and the files are written all the same.
    `further`: add the source to the folder that is there; its mapping is kept where there is one.

    Raises SettingsError where the answers do not fit, AmendsError where the folder has files already, or has none to
    add to.
    """
    for wrong in (name_objection(answers.source), zone_objection(answers.time_zone or "UTC")):
        if wrong is not None:
            raise SettingsError(wrong)
    _prove_references(answers.secrets)
    files, kept = _files(home, adapter, answers, further=further, force=force)
    login = _Login(place, adapter, answers)
    identity, error = (None, None) if offline else login.tried()
    fitted = identity is not None and f"mappings/{adapter}.yaml" in files
    drafted = _drafted(login, files) if fitted else _Drafted(files)
    if not dry_run:
        _write(home, drafted.files)
    return Started(
        home=str(home),
        source=answers.source,
        written=tuple(files),
        kept=kept,
        dry_run=dry_run,
        identity=identity,
        error=str(error or drafted.error) if error or drafted.error else None,
        exit_code=0 if error is None else error.exit_code,
        suggested=sum(one.certain for one in drafted.suggestions),
        guesses=sum(not one.certain for one in drafted.suggestions),
        preview=drafted.preview,
    )


def _files(
    home: Path, adapter: str, answers: Answers, *, further: bool, force: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what is to be written, what is there and stays)."""
    if further:
        main = home / "amends.yaml"
        if not main.exists():
            raise AmendsError(
                f"{home} has no amends.yaml to add to.", remedy="Leave out --add, or name it with --home."
            )
        files = further_source(adapter, answers, main.read_text(encoding="utf-8"))
        kept = tuple(name for name in files if name != "amends.yaml" and (home / name).exists())
        return {name: text for name, text in files.items() if name not in kept}, kept
    files = starting_files(adapter, answers)
    there = tuple(name for name in files if (home / name).exists())
    if there and not force:
        raise AmendsError(
            f"{home} has {', '.join(there)} already.",
            remedy="Say --add for one more source, --force to write them anew, or name another folder with --home.",
        )
    return files, ()


class _Drafted(msgspec.Struct, frozen=True):
    """The files with the mapping as suggested, and what it makes of some tickets."""

    files: dict[str, str]
    suggestions: tuple[Suggestion, ...] = ()
    preview: Previewed | None = None
    error: AmendsError | None = None


def _drafted(login: _Login, files: dict[str, str]) -> _Drafted:
    """The shipped mapping made to fit the account; as it ships, where the account does not answer."""
    source, name = login.answers.source, f"mappings/{login.adapter}.yaml"
    try:
        with login.opened() as adapter:
            discovery = adapter.discover()
        with login.opened([field.id for field in discovery.fields]) as adapter:
            records = newest(adapter, adapter.streams, login.place.now(), LOOK_AT, source)
    except AmendsError as error:
        return _Drafted(files, error=error)
    seen = Look(discovery, tuple(records))
    found = suggest(shipped_mapping(login.adapter), discovery, seen.used)
    text = with_suggestions(files[name], name, found)
    view = previewed(source, records, mapping_in_text(text, name), {}, NOTHING_STORED)
    return _Drafted(files | {name: text}, found, msgspec.structs.replace(view, tickets=()))


def _prove_references(secrets: Mapping[str, str]) -> None:
    """What stands among the references may be the secret itself: it is neither written down nor repeated."""
    for name, reference in secrets.items():
        if reference_objection(reference) is not None:
            raise SettingsError(
                f"what was given for the secret {name!r} is no reference; nothing was written.",
                remedy="Write env:NAME, file:/path or keyring:service/user, and change a secret that stood here.",
            )


class _Login:
    """Adapters for an account that is not configured yet."""

    def __init__(self, place: Place, adapter: str, answers: Answers) -> None:
        self.place, self.adapter, self.answers = place, adapter, answers
        self.credentials = SourceCredentials(answers.source, answers.secrets)
        self.made = find_adapter(adapter)
        self.settings: Any = msgspec.convert(answers.options, self.made.Settings, strict=False)

    @contextmanager
    def opened(self, fields: Sequence[str] = ()) -> Iterator[Adapter]:
        options = asking(self.settings, fields)
        adapter = adapter_with(self.made, self.answers.source, options, self.credentials, self.place.now)
        try:
            yield adapter
        finally:
            adapter.close()

    def tried(self) -> tuple[Identity | None, AmendsError | None]:
        """Who we are there, or why we are nobody."""
        try:
            with self.opened() as adapter:
                return adapter.check(), None
        except AmendsError as error:
            return None, error


def offers(place: Place) -> Offer:
    """What an account has to choose from, asked of adapters whose class can tell (`offered`). Where that raises an
    AmendsError, the names have to be typed."""

    def offer(adapter: str, so_far: Answers) -> dict[str, Pairs]:
        made: Any = find_adapter(adapter)
        if not hasattr(made, "offered"):
            return {}
        credentials = SourceCredentials(so_far.source, so_far.secrets)
        tools = tools_for(made, so_far.source, None, credentials, place.now)
        try:
            return dict(made.offered(so_far.source, so_far.options, tools))
        except ValueError:
            return {}  # options that cannot be are told once all are there

    return offer


def write_schemas(place: Place, *, dry_run: bool) -> Schemas:
    """Write .schemas in the folder anew. Raises AmendsError where it cannot be written."""
    files = schema_files()
    if not dry_run:
        _write(place.home, files)
    return Schemas(str(place.home), tuple(files), dry_run)


class Schemas(msgspec.Struct, frozen=True):
    """The schema files that were written, or would be."""

    home: str
    written: tuple[str, ...]
    dry_run: bool


def schemas_lines(told: Schemas, _columns: int) -> list[str]:
    return [f"{'Would write' if told.dry_run else 'Wrote'} to {told.home}/:", *(f"  {one}" for one in told.written)]


def _write(home: Path, files: Mapping[str, str]) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.part")
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, path)  # noqa: PTH105  # the words say what happens
    except OSError as error:
        raise AmendsError(f"{home} cannot be written ({error.strerror}).", remedy="Name a folder that can.") from error


def started_lines(told: Started, columns: int) -> list[str]:
    lines = []
    if told.identity is not None:
        lines.append(f"{told.source}: {clean(told.identity.account)} lets us in as {clean(told.identity.name)}.")
        for text in (*(f"MISSING: {one}" for one in told.identity.missing), *told.identity.warnings):
            lines += wrapped(f"- {text}", columns - 2, "  ")
    if told.error is not None:
        lines += wrapped(
            f"{told.source} could not be {'looked at' if told.identity else 'tried'}: {told.error}", columns
        )
    lines.append(f"{'Would write' if told.dry_run else 'Wrote'} to {told.home}/:")
    lines += [f"  {name}" for name in told.written if not name.startswith(".")]
    lines += [f"  {name} stays as it is" for name in told.kept]
    if told.preview is not None:
        lines += _draft_lines(told, columns)
    return [*lines, "", "Next:", *_next_lines(told)]


def _next_lines(told: Started) -> Iterator[str]:
    option = "" if Path(told.home) == USUAL_HOME else f" --home {told.home}"
    steps = {
        "check": "are the files, the rights and the fields as they should be?",
        "sync --dry-run": "what would come in, and what would be written?",
        "sync": "read everything once; all writes are in shadow mode",
        "run": "the daemon",
    }
    if told.preview is not None:
        steps = {f"mapping preview {told.source}": "ticket by ticket, what the mapping makes of it"} | steps
    longest = max(map(len, steps))
    for step, words in steps.items():
        yield f"  amends{option} {step:<{longest}}   {words}"


def _draft_lines(told: Started, columns: int) -> Iterator[str]:
    assert told.preview is not None
    guesses = f", and {count(told.guesses, 'guess', 'guesses')} as comments" if told.guesses else ""
    yield ""
    yield f"The mapping was made to fit the account: {count(told.suggested, 'line')} added{guesses}."
    yield from summary_lines(told.preview, columns)
