"""What follows from what customers say about how their complaint was handled: a word to somebody who can put it right.

Pure. Called by `assessment` for every sweep, by `recheck` before a write leaves, and by `sync` to read ratings that the
helpdesk itself collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connector.model import Answer, Entry, EntryKind, Flag, FlagKind, History, Role
from connector.policy.rules import Survey, Unhappy
from connector.wording import instant

UNHAPPY, LATE = "unhappy", "unhappy_late"
TOPICS = (UNHAPPY, LATE)
PAGE, SOURCE = "page", "source"
GOOD, BAD = 5, 1
SAME_WORD = timedelta(minutes=10)
_WORDS = {"good": GOOD, "bad": BAD, "goodwithcomment": GOOD, "badwithcomment": BAD}


def poor(answer: Answer, settings: Unhappy) -> bool:
    """Whether an answer asks for somebody: not solved, or a satisfaction of `at_most` or less."""
    return answer.solved is False or (answer.csat is not None and answer.csat <= settings.at_most)


def flags(answers: Iterable[Answer], history: History, survey: Survey | None, now: datetime) -> tuple[Flag, ...]:
    """UNHAPPY from a bad answer until staff wrote to the customer or the complaint was reopened; a second one, once the
    time for that is over."""
    settings = survey.unhappy if survey is not None else None
    if settings is None:
        return ()
    found = []
    for answer in answers:
        if not poor(answer, settings) or _seen_to(answer, history):
            continue
        due = settings.hours.add_working_seconds(answer.at, settings.act_within_seconds)
        number = answer.episode.rpartition("#")[2]
        until = instant(due, settings.zone)
        why = f"The customer {_said(answer)} {instant(answer.at, settings.zone)}. Reopen it, and see to it by {until}."
        found.append(Flag(FlagKind.UNHAPPY, "survey", f"{UNHAPPY}#{number}", answer.at, why))
        if now >= due:
            why = f"The customer {_said(answer)}; somebody should have seen to it by {until}."
            found.append(Flag(FlagKind.UNHAPPY, "survey", f"{LATE}#{number}", due, why))
    return tuple(found)


def next_change(answers: Iterable[Answer], history: History, survey: Survey | None, now: datetime) -> datetime | None:
    """When time alone brings the second flag."""
    settings = survey.unhappy if survey is not None else None
    if settings is None:
        return None
    dues = (
        settings.hours.add_working_seconds(answer.at, settings.act_within_seconds)
        for answer in answers
        if poor(answer, settings) and not _seen_to(answer, history)
    )
    return min((due for due in dues if due > now), default=None)


def _seen_to(answer: Answer, history: History) -> bool:
    return any(at > answer.at for at in (*history.replies[-1:], *history.reopens[-1:]))


def _said(answer: Answer) -> str:
    parts = [f"rated it {answer.csat} of 5" if answer.scale > 2 else "rated it as bad"] if answer.csat else []
    parts += ["said that it is not solved"] if answer.solved is False else []
    return " and ".join(parts)


def satisfaction(value: str | None) -> tuple[int, int] | None:
    """(satisfaction of 1 to 5, scale) of a rating in a helpdesk's own word: "good", "bad", or a number of 1 to 5. None
    for anything else."""
    word = (value or "").strip().lower()
    if word in _WORDS:
        return _WORDS[word], 2
    return (int(word), 5) if word.isdecimal() and len(word) == 1 and 1 <= int(word) <= 5 else None


def given_at_source(entries: Iterable[Entry], history: History) -> tuple[Answer, ...]:
    """The ratings that the helpdesk itself collected, for each life of the complaint the newest one."""
    found: dict[str, Answer] = {}
    for entry in entries:
        rated = satisfaction(entry.value) if entry.kind is EntryKind.RATING else None
        if rated is None:
            continue
        life = sum(at <= entry.occurred_at for at in history.reopens) + 1
        given = Answer(f"resolution#{life}", entry.occurred_at, SOURCE, rated[0], comment=entry.text, scale=rated[1])
        known = found.get(given.episode)
        # One word may be told twice, by its number and as good or bad: the number says more.
        if known is None or known.scale <= given.scale or abs(given.at - known.at) > SAME_WORD:
            found[given.episode] = given
    return tuple(found.values())


def entries(answers: Sequence[Answer]) -> tuple[Entry, ...]:
    """What was said on our own page, as entries of the complaint's timeline."""
    return tuple(
        Entry(
            f"~survey:{one.episode}",
            EntryKind.RATING,
            one.at,
            one.at,
            Role.CUSTOMER,
            text=one.comment,
            value=told(one),
        )
        for one in answers
        if one.via == PAGE
    )


def told(answer: Answer) -> str:
    """ "satisfaction 2, not solved": an answer in a few words."""
    scores = (("satisfaction", answer.csat), ("ease", answer.ces), ("would recommend", answer.nps))
    said = [f"{name} {value}" for name, value in scores if value is not None]
    said += [] if answer.solved is None else ["solved" if answer.solved else "not solved"]
    return ", ".join(said) or "a comment"
