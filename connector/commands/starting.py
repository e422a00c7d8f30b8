"""`amends init`: from a few answers to a commented folder, after the source has said who we are there.

The command line asks; this module says what to ask, tries the answers, and writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.adapter import Adapter, Identity, adapter_names, find_adapter
from connector.commands.place import Place
from connector.credentials import SourceCredentials
from connector.desks import adapter_with
from connector.errors import AmendsError, SettingsError
from connector.model import JSON
from connector.settings import Answers, starting_files
from connector.settings.shapes import REFERENCE

USUAL_HOME = Path("amends")
_FLAGS = frozenset({"adapter", "source", "url", "auth"})  # what has an option of its own on the command line


class Question(msgspec.Struct, frozen=True):
    """One thing to ask: an option of the adapter, or where a secret is. `choices` is () for free text."""

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()


class Started(msgspec.Struct, frozen=True):
    """What `init` did or would do. `identity` is None where the source was not asked; `error` is why it refused."""

    home: str
    source: str
    written: tuple[str, ...]
    kept: tuple[str, ...]
    dry_run: bool
    identity: Identity | None = None
    error: str | None = None
    exit_code: int = 0


def option_questions(adapter: str) -> Iterator[Question]:
    """What the adapter has to know: its required options, and those with a handful of choices."""
    kind = find_adapter(adapter).Settings
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        choices = _choices(hints[field.name])
        if field.required or choices:
            default = None if field.required else str(field.default)
            yield Question(field.encode_name, default, choices)


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()


def secret_questions(adapter: str, options: Mapping[str, JSON]) -> list[Question]:
    """Which secrets go with these options, each with a reference to suggest."""
    needed = getattr(find_adapter(adapter), "secrets", {})
    names = needed.get(options.get("auth")) or next(iter(needed.values()), ())
    return [Question(name, f"env:{adapter.upper()}_{name.upper()}") for name in names]


def with_types(adapter: str, options: Mapping[str, str]) -> dict[str, JSON]:
    """The options as the adapter's settings type wants them. Raises SettingsError."""
    kind = find_adapter(adapter).Settings
    try:
        settings: Any = msgspec.convert(options, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the adapter {adapter} does not take these options: {error}.") from error
    whole: dict[str, JSON] = msgspec.to_builtins(settings)
    return {name: whole[name] for name in options if name in whole}


class Wish(msgspec.Struct, frozen=True):
    """What was given on the command line; the rest is asked, or taken as the default."""

    adapter: str | None
    source: str | None
    options: dict[str, str]
    secrets: dict[str, str]
    time_zone: str | None


Ask = Callable[[str, str | None, Sequence[str]], str]  # words, default, choices


def pairs(given: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE words as a table. Raises SettingsError."""
    found = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"{text!r} is not NAME=VALUE.", remedy="Write it so.")
        found[name] = value
    return found


def answered(wish: Wish, ask: Ask | None) -> tuple[str, Answers]:
    """The adapter's name and all answers, asking for what was not given; without `ask`, defaults have to do.

    Raises SettingsError where there is neither.
    """
    adapter = wish.adapter or _asked(ask, Question("adapter", None, tuple(adapter_names())), "Which kind of helpdesk?")
    find_adapter(adapter)
    source = wish.source or _asked(ask, Question("source", adapter), "A short name for this account")
    options = dict(wish.options)
    for question in option_questions(adapter):
        if question.name not in options:
            options[question.name] = _asked(ask, question, question.name)
    secrets = dict(wish.secrets)
    for question in secret_questions(adapter, options):
        if question.name not in secrets:
            words = f"Where is the secret {question.name}? (env:NAME, file:/path or keyring:service/user)"
            secrets[question.name] = _asked(ask, question, words)
    zone = wish.time_zone or _asked(ask, Question("time_zone", "Europe/London"), "The time zone your people work in")
    return adapter, Answers(source, with_types(adapter, options), secrets, zone)


def _asked(ask: Ask | None, question: Question, words: str) -> str:
    if ask is not None:
        return ask(words, question.default, question.choices)
    if question.default is None:
        flag = f"--{question.name} …" if question.name in _FLAGS else f"--option {question.name}=…"
        raise SettingsError(f"{question.name!r} is not given.", remedy=f"Add {flag} or leave out --yes.")
    return question.default


def start(
    place: Place, home: Path, adapter: str, answers: Answers, *, force: bool, offline: bool, dry_run: bool
) -> Started:
    """Ask the source who we are, and write the files. A refusal is told, and the files are written all the same.

    Raises SettingsError where the answers do not fit, AmendsError where the folder has files already.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", answers.source):
        raise SettingsError(f"{answers.source!r} cannot be a source's name.", remedy="Use a short lower-case word.")
    _prove_references(answers.secrets)
    _prove_zone(answers.time_zone)
    files = starting_files(adapter, answers)
    there = tuple(name for name in files if (home / name).exists())
    if there and not force:
        raise AmendsError(
            f"{home} has {', '.join(there)} already.", remedy="Name another folder with --home, or say --force."
        )
    made = find_adapter(adapter)
    settings: Any = msgspec.convert(answers.options, made.Settings, strict=False)
    identity, error = (None, None) if offline else _tried(lambda: _adapter(place, home, made, answers, settings))
    if not dry_run:
        _write(home, files)
    return Started(
        home=str(home),
        source=answers.source,
        written=tuple(files),
        kept=(),
        dry_run=dry_run,
        identity=identity,
        error=None if error is None else str(error),
        exit_code=0 if error is None else error.exit_code,
    )


def _prove_references(secrets: Mapping[str, str]) -> None:
    """What stands among the references may be the secret itself: it is neither written down nor repeated."""
    for name, reference in secrets.items():
        if not re.fullmatch(REFERENCE, reference):
            raise SettingsError(
                f"what was given for the secret {name!r} is no reference; nothing was written.",
                remedy="Write env:NAME, file:/path or keyring:service/user, and change a secret that stood here.",
            )


def _prove_zone(zone: str | None) -> None:
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"there is no time zone {zone!r}.", remedy="Write a name such as Europe/London.") from None


def _adapter(place: Place, home: Path, made: type[Adapter], answers: Answers, settings: Any) -> Adapter:
    credentials = SourceCredentials(answers.source, answers.secrets)
    return adapter_with(made, answers.source, settings, credentials, place.now)


def _tried(make: Callable[[], Adapter]) -> tuple[Identity | None, AmendsError | None]:
    try:
        adapter = make()
        try:
            return adapter.check(), None
        finally:
            adapter.close()
    except AmendsError as error:
        return None, error


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
    from connector.display import clean, wrapped

    lines = []
    if told.identity is not None:
        lines.append(f"{told.source}: {clean(told.identity.account)} lets us in as {clean(told.identity.name)}.")
        for text in (*(f"MISSING: {one}" for one in told.identity.missing), *told.identity.warnings):
            lines += wrapped(f"- {text}", columns - 2, "  ")
    elif told.error is not None:
        lines += wrapped(f"{told.source} could not be tried: {told.error}", columns)
    lines.append(f"{'Would write' if told.dry_run else 'Wrote'} to {told.home}/:")
    lines += [f"  {name}" for name in told.written if not name.startswith(".")]
    option = "" if Path(told.home) == USUAL_HOME else f" --home {told.home}"
    lines += [
        "",
        "Next:",
        f"  amends{option} check            are the files, the rights and the fields as they should be?",
        f"  amends{option} sync --dry-run   what would come in, and what would be written?",
        f"  amends{option} sync             read everything once; all writes are in shadow mode",
        f"  amends{option} run              the daemon",
    ]
    return lines
