"""What `amends init` has to ask: the options of an adapter, where its secrets are, and what its source offers.

Nothing is asked here: the command line hands in how. Used by `starting`'s caller before the folder is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from connector.adapter import adapter_names, find_adapter
from connector.errors import SettingsError
from connector.model import JSON
from connector.settings import Answers

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
    """The adapter's name and all answers, asking for what was not given; without `ask`, defaults have to do. Options
    that take several values are asked last: once we can log in, the source may have something to `offer`.

    Raises SettingsError where there is neither an answer nor a default.
    """
    adapter = wish.adapter or _asked(ask, Question("adapter", None, tuple(adapter_names())), "Which kind of helpdesk?")
    find_adapter(adapter)
    source = wish.source or _asked(ask, Question("source", adapter), "A short name for this account")
    options: dict[str, JSON] = dict(wish.options)
    questions = [one for one in option_questions(adapter) if one.name not in options]
    for question in questions:
        if not question.several:
            options[question.name] = _asked(ask, question, question.name)
    secrets = dict(wish.secrets)
    for question in secret_questions(adapter, options):
        if question.name not in secrets:
            words = f"Where is the secret {question.name}? (env:NAME, file:/path or keyring:service/user)"
            secrets[question.name] = _asked(ask, question, words)
    zone = wish.time_zone or _asked(ask, Question("time_zone", "Europe/London"), "The time zone your people work in")
    several = [question for question in questions if question.several]
    options = _completed(adapter, options, [question.name for question in several], ask)
    offered = offer(adapter, Answers(source, options, secrets, zone)) if offer and several else {}
    for question in several:
        options[question.name] = _chosen(ask, question, offered.get(question.name, ()))
    return adapter, Answers(source, with_types(adapter, options), secrets, zone)


def _chosen(ask: Ask | None, question: Question, offered: Pairs) -> str:
    """Some of what the source has; without anybody to ask, the only one that there is."""
    known = [value for value, _ in offered]
    if ask is None and len(known) == 1:
        return known[0]
    if ask is None or not known:
        named = f" There are: {', '.join(known[:MOST_OFFERED])}." if known else ""
        words = f"{question.name} (one or more, with commas)"
        try:
            return _asked(ask, question, words)
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
            lacking = [name for name in re.findall(r"`(\w+)`", error.message) if name in known - options.keys()]
            if ask is None or not lacking:
                raise
            options = options | {lacking[0]: ask(lacking[0], None, ())}
        else:
            return {name: value for name, value in typed.items() if name not in later}


def _asked(ask: Ask | None, question: Question, words: str) -> str:
    if ask is not None:
        return ask(words, question.default, question.choices)
    if question.default is None:
        flag = f"--{question.name} …" if question.name in _FLAGS else f"--option {question.name}=…"
        raise SettingsError(f"{question.name!r} is not given.", remedy=f"Add {flag} or leave out --yes.")
    return question.default
