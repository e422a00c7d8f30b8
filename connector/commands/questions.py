"""What `amends init` has to ask: the options of an adapter, where its secrets are, and what its source offers.

Nothing is asked here: the command line hands in how. Used by `starting`'s caller before the folder is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.adapter import adapter_names, find_adapter
from connector.errors import AmendsError, SettingsError
from connector.model import JSON
from connector.settings import Answers
from connector.settings.shapes import REFERENCE

_FLAGS = frozenset({"adapter", "source", "url", "auth"})  # what has an option of its own on the command line
Pairs = tuple[tuple[str, str], ...]  # (value, title)
MOST_OFFERED = 50


class Question(msgspec.Struct, frozen=True):
    """One thing to ask: an option of the adapter, or where a secret is. `choices` is () for free text; `several` says
    that more than one value can be given, with commas."""

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    several: bool = False


def option_questions(adapter: str) -> Iterator[Question]:
    """What the adapter has to know: its required options, and those with a handful of choices."""
    kind = find_adapter(adapter).Settings
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        choices = _choices(hints[field.name])
        if field.required or choices:
            plain = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            default = None if field.required else plain
            yield Question(field.encode_name, default, choices, several=_takes_several(hints[field.name]))


def _choices(hint: Any) -> tuple[str, ...]:
    if hint is bool:
        return ("true", "false")
    return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()


def secret_questions(adapter: str, options: Mapping[str, JSON]) -> list[Question]:
    """Which secrets go with these options, each with a reference to suggest."""
    needed = getattr(find_adapter(adapter), "secrets", {})
    names = needed.get(options.get("auth")) or next(iter(needed.values()), ())
    return [Question(name, f"env:{adapter.upper()}_{name.upper()}") for name in names]


def with_types(adapter: str, options: Mapping[str, JSON]) -> dict[str, JSON]:
    """The options as the adapter's settings type wants them, "A, B" as a list where it is one. Raises SettingsError."""
    kind = find_adapter(adapter).Settings
    hints = get_type_hints(kind)
    typed = {name: _listed(value) if _takes_several(hints.get(name)) else value for name, value in options.items()}
    try:
        settings: Any = msgspec.convert(typed, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the adapter {adapter} does not take these options: {error}.") from error
    whole: dict[str, JSON] = msgspec.to_builtins(settings)
    return {name: whole[name] for name in options if name in whole}


def _takes_several(hint: Any) -> bool:
    return get_origin(hint) is tuple


def _listed(value: JSON) -> JSON:
    return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value


class Wish(msgspec.Struct, frozen=True):
    """What was given on the command line; the rest is asked, or taken as the default."""

    adapter: str | None
    source: str | None
    options: dict[str, str]
    secrets: dict[str, str]
    time_zone: str | None


Ask = Callable[[str, str | None, Sequence[str]], str]  # words, default, choices
Objection = Callable[[str], str | None]  # an answer → what is wrong with it


def name_objection(said: str) -> str | None:
    """What is wrong with the short name of a source."""
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", said):
        return None
    return f"{said!r} cannot be a source's name; use a short lower-case word."


def zone_objection(said: str) -> str | None:
    """What is wrong with the name of a time zone."""
    try:
        ZoneInfo(said)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"there is no time zone {said!r}; write a name such as Europe/London."
    return None


def reference_objection(said: str) -> str | None:
    """What is wrong with a reference to a secret. It may be the secret itself, so it is not repeated."""
    if re.fullmatch(REFERENCE, said):
        return None
    return "that is no reference, and was not kept; write env:NAME, file:/path or keyring:service/user."


def pairs(given: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE words as a table. Raises SettingsError."""
    found = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"{text!r} is not NAME=VALUE.", remedy="Write it so.")
        found[name] = value
    return found


Offer = Callable[[str, Answers], dict[str, Pairs]]  # adapter, answers so far → what there is to choose, by option


def answered(wish: Wish, ask: Ask | None, offer: Offer | None = None) -> tuple[str, Answers]:
    """The adapter's name and all answers, asking for what was not given, and again for what cannot be; without `ask`,
    defaults have to do. Options that take several values are asked last: once we can log in, the source may have
    something to `offer`, or it is told why it has not.

    Raises SettingsError where there is neither an answer nor a default.
    """
    adapter = wish.adapter or _asked(ask, Question("adapter", None, tuple(adapter_names())), "Which kind of helpdesk?")
    find_adapter(adapter)
    source = wish.source or _asked(ask, Question("source", adapter), "A short name for this account", name_objection)
    questions = [one for one in option_questions(adapter) if one.name not in wish.options]
    several = [question for question in questions if question.several]
    options = _options(adapter, wish, questions, ask)
    secrets = dict(wish.secrets)
    for question in secret_questions(adapter, options):
        if question.name not in secrets:
            words = f"Where is the secret {question.name}? (env:NAME, file:/path or keyring:service/user)"
            secrets[question.name] = _asked(ask, question, words, reference_objection)
    zone = wish.time_zone or _asked(
        ask, Question("time_zone", "Europe/London"), "The time zone your people work in", zone_objection
    )
    offered, why = _offered(offer if several else None, adapter, Answers(source, options, secrets, zone))
    for number, question in enumerate(several, 1):
        objection = _objecting(adapter, options, question.name, several[number:]) if ask else None
        options[question.name] = _chosen(ask, question, offered.get(question.name, ()), why, objection)
    return adapter, Answers(source, with_types(adapter, options), secrets, zone)


def _options(adapter: str, wish: Wish, questions: Sequence[Question], ask: Ask | None) -> dict[str, JSON]:
    """All options that take one value, with those that only the chosen way to log in needs."""
    options: dict[str, JSON] = dict(wish.options)
    open_ones = list(questions)
    for question in questions:
        open_ones.remove(question)
        if question.several:
            open_ones.append(question)
            continue
        objection = _objecting(adapter, options, question.name, open_ones)
        choices = tuple(one for one in question.choices if objection(one) is None) if ask else question.choices
        default = question.default if question.default in choices or not choices else choices[0]
        fitting = msgspec.structs.replace(question, choices=choices, default=default)
        options[question.name] = _asked(ask, fitting, question.name, objection if ask else None)
    return _completed(adapter, options, [question.name for question in questions if question.several], ask)


def _objecting(adapter: str, options: Mapping[str, JSON], name: str, open_ones: Sequence[Question]) -> Objection:
    """What to ask of an answer to `name` before it goes to the other `options`."""
    return lambda said: _objection(adapter, {**options, name: said}, name, open_ones)


def _objection(adapter: str, options: Mapping[str, JSON], name: str, open_ones: Sequence[Question]) -> str | None:
    """What the adapter's settings have against the option `name`, whatever is still answered to the open questions."""
    known = {field.encode_name for field in msgspec.structs.fields(find_adapter(adapter).Settings)}
    several: dict[str, JSON] = {one.name: ["X"] for one in open_ones if one.several}
    closed = [one for one in open_ones if one.choices and not one.several]
    found = None
    for said in product(*(one.choices for one in closed)):
        try:
            with_types(adapter, {**options, **several, **dict(zip((one.name for one in closed), said, strict=True))})
        except SettingsError as error:
            lacking = _lacking(error, known - options.keys())
            if lacking or not re.search(rf"\b{name}\b", error.message):
                return None
            found = found or error.message
        else:
            return None
    return found


def _lacking(error: SettingsError, unknown: set[str]) -> list[str]:
    """The options that were not given and that the error asks for: it quotes them, or begins with them."""
    return [name for name in re.findall(r"(?:`|options: )(\w+)", error.message) if name in unknown]


def _offered(offer: Offer | None, adapter: str, so_far: Answers) -> tuple[dict[str, Pairs], str | None]:
    """What there is to choose from, or why the source does not say."""
    try:
        return (offer(adapter, so_far) if offer else {}), None
    except AmendsError as error:
        return {}, f"{so_far.source} could not be asked what it has: {error}"


def _chosen(ask: Ask | None, question: Question, offered: Pairs, why: str | None, objection: Objection | None) -> str:
    """Some of what the source has; without anybody to ask, the only one that there is."""
    known = [value for value, _ in offered]
    if ask is None and len(known) == 1:
        return known[0]
    if ask is None or not known:
        named = f" There are: {', '.join(known[:MOST_OFFERED])}." if known else f" {why}" if why else ""
        words = "\n".join(filter(None, (why, f"{question.name} (one or more, with commas)")))
        try:
            return _asked(ask, question, words, objection)
        except SettingsError as error:
            raise SettingsError(error.message, remedy=f"{error.remedy}{named}") from None
    listed = "\n".join(f"  {value}  {title}" for value, title in offered[:MOST_OFFERED])
    default = known[0] if len(known) == 1 else None
    while True:
        said = ask(f"{listed}\n{question.name} (one or more of these, with commas)", default, ())
        if said and all(part in known for part in _listed(said)):
            return said


def _completed(adapter: str, options: dict[str, JSON], later: Sequence[str], ask: Ask | None) -> dict[str, JSON]:
    """The options, after what only some ways to log in need was asked for: the settings type says what it lacks. Those
    that are answered `later` are left out."""
    known = {field.encode_name for field in msgspec.structs.fields(find_adapter(adapter).Settings)}
    stand_in = {name: ["X"] for name in later}
    while True:
        try:
            typed = with_types(adapter, options | stand_in)
        except SettingsError as error:
            lacking = _lacking(error, known - options.keys())
            if ask is None or not lacking:
                raise
            objection = _objecting(adapter, options, lacking[0], [Question(name, several=True) for name in later])
            options = options | {lacking[0]: _asked(ask, Question(lacking[0]), lacking[0], objection)}
        else:
            return {name: value for name, value in typed.items() if name not in later}


def _asked(ask: Ask | None, question: Question, words: str, objection: Objection | None = None) -> str:
    if ask is not None:
        said = ask(words, question.default, question.choices)
        while objection is not None and (wrong := objection(said)) is not None:
            said = ask(f"{wrong}\n{words}", question.default, question.choices)
        return said
    if question.default is None:
        flag = f"--{question.name} …" if question.name in _FLAGS else f"--option {question.name}=…"
        raise SettingsError(f"{question.name!r} is not given.", remedy=f"Add {flag} or leave out --yes.")
    return question.default
