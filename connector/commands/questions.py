"""What `amends init` has to ask: the options of an adapter, where its secrets are, and what its source offers.

Nothing is asked here: the command line hands in how. Used by `starting`'s caller before the folder is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.adapter import Asked, adapter_names, find_adapter
from connector.errors import AmendsError, SettingsError
from connector.model import JSON
from connector.settings import Answers
from connector.settings.shapes.shape import REFERENCE

_FLAGS = frozenset({"adapter", "source", "url", "auth"})  # what has an option of its own on the command line
Pairs = tuple[tuple[str, str], ...]  # (value, title)
MOST_OFFERED = 50


class Question(msgspec.Struct, frozen=True):
    """One thing to ask: an option of the adapter, or where a secret is. `choices` is () for free text; `several` says
    that more than one value can be given, with commas. `default` "" may be left out, None may not. `words` are how it
    is asked, "" for its name; `only` says for which answer to another question it is asked (see `Asked`)."""

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    several: bool = False
    words: str = ""
    only: tuple[str, str | None] | None = None

    def wanted(self, options: Mapping[str, JSON]) -> bool:
        """Whether it is to be asked, after these answers."""
        if self.only is None:
            return True
        other = options.get(self.only[0])
        return bool(other) if self.only[1] is None else other == self.only[1]


def option_questions(adapter: str) -> Iterator[Question]:
    """What the adapter has to know: what it says itself, else its required options and those with a handful of
    choices."""
    made: Any = find_adapter(adapter)
    asked: tuple[Asked, ...] = getattr(made, "asked", ())
    for one in asked:
        default = None if one.needed else one.default
        yield Question(one.name, default, one.choices, one.several, one.words, one.only)
    if asked:
        return
    kind = made.Settings
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


def secret_questions(adapter: str, options: Mapping[str, JSON], prefix: str) -> list[Question]:
    """Which secrets go with these options, each with a reference to suggest, such as env:PREFIX_PASSWORD."""
    needed = getattr(find_adapter(adapter), "secrets", {})
    names = needed.get(options.get("auth")) or next(iter(needed.values()), ())
    return [Question(name, f"env:{prefix.upper().replace('-', '_')}_{name.upper()}") for name in names]


def with_types(adapter: str, options: Mapping[str, JSON]) -> dict[str, JSON]:
    """The options as the adapter's settings type wants them, "A, B" as a list where it is one. Raises SettingsError."""
    kind = find_adapter(adapter).Settings
    hints = get_type_hints(kind)
    typed = nested(
        {name: _listed(value) if _takes_several(hints.get(name)) else value for name, value in options.items()}
    )
    try:
        settings: Any = msgspec.convert(typed, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the adapter {adapter} does not take these options: {error}.") from error
    whole: dict[str, JSON] = msgspec.to_builtins(settings)
    return {name: _as_given(whole[name], value) for name, value in typed.items() if name in whole}


def nested(options: Mapping[str, JSON]) -> dict[str, JSON]:
    """The options with "smtp.host" as `host` within `smtp`."""
    found: dict[str, JSON] = {}
    for name, value in options.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found[outer] = {**found.get(outer, {}), inner: value}
        else:
            found[name] = value
    return found


def _as_given(typed: JSON, given: JSON) -> JSON:
    """The typed value; of an option with options of its own, those that were given."""
    return {name: typed[name] for name in given} if isinstance(given, dict) and isinstance(typed, dict) else typed


def _takes_several(hint: Any) -> bool:
    return get_origin(hint) is tuple


def _listed(value: JSON) -> JSON:
    """Words parted by commas; where there is none, by spaces. So names with spaces in them need a comma."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in (value.split(",") if "," in value else value.split()) if part.strip()]


class Wish(msgspec.Struct, frozen=True):
    """What was given on the command line; the rest is asked, or taken as the default. `further`: there is a source
    already, so this one's secrets are named after it."""

    adapter: str | None
    source: str | None
    options: dict[str, str]
    secrets: dict[str, str]
    time_zone: str | None
    further: bool = False


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
    for question in secret_questions(adapter, options, source if wish.further else adapter):
        if question.name not in secrets:
            words = f"Where is the secret {question.name}? (env:NAME, file:/path or keyring:service/user)"
            secrets[question.name] = _asked(ask, question, words, reference_objection)
    zone = wish.time_zone
    if zone is None and not wish.further:
        question = Question("time_zone", "Europe/London")
        zone = _asked(ask, question, "The time zone your people work in", zone_objection)
    offered, why = _offered(offer if several else None, adapter, Answers(source, nested(options), secrets, zone))
    for number, question in enumerate(several, 1):
        objection = _objecting(adapter, options, question.name, several[number:]) if ask else None
        said = _chosen(ask, question, offered.get(question.name, ()), why, objection)
        if said:
            options[question.name] = said
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
        if not question.wanted(options):
            continue
        objection = _objecting(adapter, options, question.name, open_ones)
        choices = tuple(one for one in question.choices if objection(one) is None) if ask else question.choices
        default = question.default if question.default in choices or not choices else choices[0]
        fitting = msgspec.structs.replace(question, choices=choices, default=default)
        said = _asked(
            ask, fitting, question.words or question.name, _unless_empty(question, objection) if ask else None
        )
        if said:
            options[question.name] = said
    return _completed(adapter, options, [question.name for question in questions if question.several], ask)


def _unless_empty(question: Question, objection: Objection) -> Objection:
    """What may be left out is left out by an empty answer."""
    return lambda said: None if not said and question.default == "" else objection(said)


def _objecting(adapter: str, options: Mapping[str, JSON], name: str, open_ones: Sequence[Question]) -> Objection:
    """What to ask of an answer to `name` before it goes to the other `options`."""
    return lambda said: _objection(adapter, {**options, name: said}, name, open_ones)


def _objection(adapter: str, options: Mapping[str, JSON], name: str, open_ones: Sequence[Question]) -> str | None:
    """What the adapter's settings have against the option `name`, whatever is still answered to the open questions."""
    known = {field.encode_name for field in msgspec.structs.fields(find_adapter(adapter).Settings)}
    several = _stand_ins(one.name for one in open_ones if one.several)
    closed = [one for one in open_ones if one.choices and not (one.several or one.only)]
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


def _stand_ins(names: Iterable[str]) -> dict[str, JSON]:
    """Something for options that take several values and are not answered yet, to each its own."""
    return {name: [f"X{number}"] for number, name in enumerate(names)}


def _lacking(error: SettingsError, unknown: set[str]) -> list[str]:
    """The options that were not given and that the error asks for: it quotes them, or begins with them."""
    return [name for name in re.findall(r"(?:`|options: )(\w+)", error.message) if name in unknown]


def _offered(offer: Offer | None, adapter: str, so_far: Answers) -> tuple[dict[str, Pairs], str | None]:
    """What there is to choose from, or why the source does not say."""
    try:
        return (offer(adapter, so_far) if offer else {}), None
    except AmendsError as error:
        return {}, f"{so_far.source} could not be asked what it has: {error}"


def _chosen(ask: Ask | None, question: Question, offered: Pairs, why: str | None, objection: Objection | None) -> JSON:
    """Some of what the source has; without anybody to ask, the default, or else the only one that there is."""
    known = [value for value, _ in offered]
    if ask is None and question.default is not None:
        return question.default
    if ask is None and len(known) == 1:
        return known[0]
    if ask is None or not known:
        named = f" There are: {', '.join(known[:MOST_OFFERED])}." if known else f" {why}" if why else ""
        words = "\n".join(
            filter(None, (why, f"{question.words or question.name} ({_how_many(question)}, with commas)"))
        )
        try:
            return _asked(ask, question, words, _unless_empty(question, objection) if objection else None)
        except SettingsError as error:
            raise SettingsError(error.message, remedy=f"{error.remedy}{named}") from None
    listed = "\n".join(f"  {value}  {title}" for value, title in offered[:MOST_OFFERED])
    usual = question.default if question.default in ("", *known) else None
    default = known[0] if usual is None and len(known) == 1 else usual
    while True:
        said = ask(
            f"{listed}\n{question.words or question.name} ({_how_many(question)} of these, with commas)", default, ()
        )
        parts = [said] if said in known else _listed(said)
        if (parts or question.default == "") and all(part in known for part in parts):
            return parts


def _how_many(question: Question) -> str:
    return "one or more" if question.default != "" else "any"


def _completed(adapter: str, options: dict[str, JSON], later: Sequence[str], ask: Ask | None) -> dict[str, JSON]:
    """The options, after what only some ways to log in need was asked for: the settings type says what it lacks. Those
    that are answered `later` are left out."""
    known = {field.encode_name for field in msgspec.structs.fields(find_adapter(adapter).Settings)}
    stand_in = _stand_ins(later)
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
            return {name: value for name, value in typed.items() if name not in later and "." not in name}


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
