"""Who is told that their complaint has come, when, in which words, and that it happens once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import (
    JSON,
    Action,
    ActionKind,
    Complainant,
    Complaint,
    Effect,
    History,
    Message,
    Spell,
    Status,
    Tag,
)
from connector.policy.decision import decide
from connector.policy.recheck import unwanted
from connector.policy.rules import Acknowledge, Policy, TagBack

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YES, NO, UNSURE = (Tag("complaint", word, 0.9, "rule") for word in ("yes", "no", "unsure"))
PERSON = Complainant("mail:ann@example.org", verified=True, trust="verified")
COMPLAINT = Complaint("post", "m1", 1, "late", "late", PERSON, Status.OPEN, NOW - HOUR, NOW - HOUR)
WAITING = History(NOW - HOUR, (Spell(Status.OPEN, NOW - HOUR, None),))


class Says:
    text = "something"

    def __init__(self, answer: bool) -> None:
        self._answer = answer

    def holds(self, values: Mapping[str, JSON]) -> bool:
        return self._answer


def decided(
    settings: Acknowledge | None,
    *,
    about: Complaint = COMPLAINT,
    story: History = WAITING,
    tags: tuple[Tag, ...] = (YES,),
    able: bool = True,
    now: datetime = NOW,
    act_from: datetime = NOW - DAY,
) -> list[Action]:
    found = decide(
        about,
        story,
        tags,
        (),
        (),
        Policy(acknowledge=settings, tag_back=TagBack()),
        values={},
        translate=lambda fields: fields,
        salt=b"salt",
        act_from=act_from,
        now=now,
        acknowledges=able,
    )
    return list(found.actions)


def one(settings: Acknowledge, **how: JSON) -> Action:
    (action,) = decided(settings, **how)
    return action


def test_a_complaint_is_acknowledged_at_once_and_once() -> None:
    first = one(Acknowledge())
    assert (first.kind, first.rule, first.episode) == (ActionKind.ACKNOWLEDGE, "acknowledge", "received")
    assert (first.not_before, first.not_after) == (NOW - HOUR, NOW + 11 * HOUR)
    reopened = replace(WAITING, reopens=(NOW - timedelta(minutes=5),))
    assert one(Acknowledge(), story=reopened, now=NOW + HOUR).key == first.key


@pytest.mark.parametrize(
    "how",
    [
        {"able": False},
        {"tags": (NO,)},
        {"tags": (UNSURE,)},
        {"tags": ()},
        {"now": NOW + 12 * HOUR},
        {"act_from": NOW - timedelta(minutes=59)},
        {"story": replace(WAITING, replies=(NOW - timedelta(minutes=5),))},
        {"story": History(NOW - HOUR, (Spell(Status.RESOLVED, NOW, None),))},
        {"about": replace(COMPLAINT, complainant=replace(PERSON, trust="plausible"))},
        {"about": replace(COMPLAINT, complainant=replace(PERSON, trust="unverified"))},
        {"about": replace(COMPLAINT, merged_into="m2")},
        {"about": replace(COMPLAINT, status=Status.DELETED)},
    ],
    ids=["unable", "no", "unsure", "untold", "late", "before us", "answered", "done", "plausible", "unverified",
         "merged", "deleted"],
)  # fmt: skip
def test_nobody_else_is(how: dict[str, JSON]) -> None:
    assert decided(Acknowledge(), **how) == []


def test_without_a_section_nothing_is_acknowledged() -> None:
    assert decided(None) == []


@pytest.mark.parametrize("tags", [(NO,), (UNSURE,), ()])
def test_everybody_may_be_told_and_then_too_nothing_else_is_done_to_what_is_no_complaint(tags: tuple[Tag, ...]) -> None:
    assert [action.kind for action in decided(Acknowledge(everybody=True), tags=tags)] == [ActionKind.ACKNOWLEDGE]
    assert decided(Acknowledge(everybody=True), tags=tags, about=replace(COMPLAINT, merged_into="m2")) == []


def test_a_condition_decides_whom() -> None:
    assert decided(Acknowledge(when=Says(answer=False))) == []
    assert len(decided(Acknowledge(when=Says(answer=True)))) == 1


def test_the_words_are_those_of_the_customers_language_with_english_to_fall_back_on() -> None:
    texts = {code: Message(text=f"{code}: {{reference}}") for code in ("en", "de", "fr")}
    about = replace(COMPLAINT, complainant=replace(PERSON, language="de"))
    action = one(Acknowledge(texts=texts, contact="Call us."), about=about)
    assert action.language == "de"
    assert action.effect == Effect(messages={"de": texts["de"], "en": texts["en"]}, contact="Call us.")
    tagged = one(Acknowledge(texts=texts), tags=(YES, Tag("language", "fr", 0.9, "rule")))
    assert tagged.language == "fr" and set(tagged.effect.messages) == {"fr", "en"}
    assert one(Acknowledge(), tags=(YES, Tag("language", "sl", 0.9, "rule"))).effect == Effect()


def test_a_text_with_a_word_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"\{name\}, which stands for nothing"):
        Acknowledge(texts={"en": Message(text="Dear {name}, we have it. {reference}")})


@pytest.mark.parametrize(
    ("settings", "story", "tags", "now", "says"),
    [
        (Acknowledge(), WAITING, (YES,), NOW, None),
        (None, WAITING, (YES,), NOW, "acknowledgements were switched off"),
        (Acknowledge(), replace(WAITING, replies=(NOW,)), (YES,), NOW, "somebody has answered"),
        (Acknowledge(), WAITING, (NO,), NOW, "it is not known to be a complaint"),
        (Acknowledge(everybody=True), WAITING, (NO,), NOW, None),
        (Acknowledge(), WAITING, (YES,), NOW + 12 * HOUR, "its time ended"),
    ],
)
def test_right_before_it_leaves_it_is_asked_again_whether_it_is_still_owed(
    settings: Acknowledge | None, story: History, tags: tuple[Tag, ...], now: datetime, says: str | None
) -> None:
    action = one(Acknowledge())
    found = unwanted(action, COMPLAINT, story, tags, (), Policy(acknowledge=settings), now)
    assert found == says or (says is not None and found is not None and found.startswith(says))
