"""Who had to come back: the same matter, many complaints, one reopened again and again."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import JSON, Complainant, Complaint, Flag, FlagKind, History, Priority, Spell, Status, Tag
from connector.people.repeats import WORDS_TO_TELL, Earlier, RepeatPolicy, chasers, repeats, words_hash

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = RepeatPolicy()
COMPLAINT = Tag("complaint", "yes", 0.9, "rule")
DELIVERY = Tag("category", "delivery", 0.9, "rule")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def complaint(**more: JSON) -> Complaint:
    person = Complainant("mail:ann@example.org", verified=True)
    return replace(
        Complaint("shop", "9", 1, "late", "late", person, Status.OPEN, opened_at=ago(0), updated_at=ago(0)), **more
    )


def earlier(ticket: str, opened: float, resolved: float | None = None, **more: JSON) -> Earlier:
    return Earlier("shop", ticket, ago(opened), None if resolved is None else ago(resolved), **more)


def found(
    *others: Earlier, about: Complaint | None = None, tags: tuple[Tag, ...] = (COMPLAINT, DELIVERY)
) -> list[Flag]:
    return list(repeats(about or complaint(), untouched(), tags, others, POLICY, NOW))


def untouched(*reopens: datetime) -> History:
    return History(ago(0), (Spell(Status.OPEN, ago(0), None),), reopens=reopens)


def rules(flags: list[Flag]) -> list[str]:
    return [flag.rule for flag in flags]


def test_back_within_thirty_days_of_a_resolution_is_the_same_matter_again() -> None:
    (flag,) = found(earlier("1", 50, 30))
    assert (flag.kind, flag.rule, flag.since) == (FlagKind.REPEAT, "same_matter", NOW)
    assert flag.cases == ("shop/1", "shop/9")
    assert found(earlier("1", 50, 30.1)) == []


def test_another_ticket_about_a_case_that_is_still_open_is_not_the_same_matter_again() -> None:
    assert found(earlier("1", 5)) == []
    assert found(earlier("1", 5, -1)) == [], "resolved only after this one was opened"


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({"order_number": "A1"}, {"order_number": "A1", "category": "payment"}, "the same order"),
        ({"order_number": "A1"}, {"order_number": "B2", "category": "delivery"}, None),
        ({}, {"category": "delivery"}, "the same category"),
        ({}, {"category": "payment"}, None),
        ({"product": "kettle"}, {"category": "delivery", "product": "kettle"}, "the same category and product"),
        ({"product": "kettle"}, {"category": "delivery", "product": "toaster"}, None),
        ({"order_number": "A1"}, {}, "perhaps about another matter"),
    ],
)
def test_what_both_name_tells_whether_it_is_the_same_matter(
    ours: dict[str, JSON], theirs: dict[str, JSON], same: str | None
) -> None:
    flags = found(earlier("1", 50, 12, **theirs), about=complaint(**ours))
    assert rules(flags) == (["same_matter"] if same else [])
    if same:
        assert flags[0].why.startswith("The customer is back 12 days after shop/1 was resolved")
        assert same in flags[0].why


def test_the_third_complaint_within_ninety_days_is_many() -> None:
    (flag,) = found(earlier("1", 90), earlier("2", 40))
    assert (flag.rule, flag.cases) == ("many", ("shop/1", "shop/2", "shop/9"))
    assert flag.why == "This is complaint number 3 of the same customer within 90 days."
    assert found(earlier("1", 91), earlier("2", 40)) == []


def test_enquiries_merged_tickets_later_ones_and_the_ticket_itself_do_not_count() -> None:
    others = (
        earlier("1", 20, 10),
        earlier("2", 21, 11, is_complaint=False),
        earlier("3", 22, 12, merged=True),
        earlier("4", -1),
        earlier("9", 3, 2),
        earlier("1", 20, 10),
    )
    (flag,) = found(*others)
    assert (flag.rule, flag.cases) == ("same_matter", ("shop/1", "shop/9"))


def at(place: str, ticket: str, opened: float, resolved: float | None = None, **more: JSON) -> Earlier:
    return replace(earlier(ticket, opened, resolved, **more), source=place)


TEXT = "My parcel has not arrived, and nobody answers the phone."


def test_the_same_message_at_another_helpdesk_is_no_complaint_of_its_own() -> None:
    words = words_hash(TEXT)
    copy = at("post", "7", 0.2, words=words)
    assert words == words_hash(f"  {TEXT.upper()}\n") and words is not None
    assert found(copy, earlier("1", 20, 10), about=complaint(text=TEXT)) == [], "itself a copy"
    again = found(earlier("1", 20, words=words), at("post", "2", 19.9, words=words))
    assert again == [], "two places, one complaint: that makes two with this one"
    assert rules(found(earlier("1", 20, words=words), earlier("2", 19.9, words=words))) == ["many"], "one place, twice"
    assert rules(found(earlier("1", 20, words=words), at("post", "2", 10, words=words))) == ["many"], "days later"


def test_a_short_message_tells_nothing() -> None:
    assert words_hash("Hello? Anybody there?") is None


@given(st.text(st.characters(max_codepoint=0x7F), max_size=80), st.sampled_from(["", "\u00e9", "\u00df", "\u2003"]))
def test_words_are_named_alike_whether_they_are_ascii_or_not(ascii_text: str, other: str) -> None:
    """A store remembers the names that were given before: both ways have to give the same."""
    text = ascii_text + other
    squeezed = "".join(text.split()).casefold()
    told = hashlib.blake2b(squeezed.encode(errors="replace"), digest_size=8).digest()
    assert words_hash(text) == (int.from_bytes(told, signed=True) if len(squeezed) >= WORDS_TO_TELL else None)


def test_a_ticket_that_asks_after_an_open_case_is_a_chaser_and_no_further_complaint() -> None:
    case = earlier("1", 20, category="delivery")
    assert found(case, earlier("2", 10, category="payment")) == [], "this one asks after the first"
    assert found(case, earlier("2", 10, category="delivery"), about=complaint(order_number="A1")) == []
    other = (COMPLAINT, Tag("category", "service", 0.9, "rule"))
    assert found(case, earlier("2", 10, category="delivery"), tags=other) == [], "the second asks after the first"
    assert rules(found(case, earlier("2", 10, category="payment"), tags=other)) == ["many"]


@pytest.mark.parametrize(
    ("messages", "replies", "number"),
    [((), (), 0), ((2, 3), (), 2), ((2, 3), (1, 2.5), 0), ((2, 3), (1,), 1), ((0.01,), (), 0)],
)
def test_whoever_asks_again_before_anybody_answered_chases(
    messages: tuple[float, ...], replies: tuple[float, ...], number: int
) -> None:
    hours = [tuple(ago(1) + timedelta(hours=at) for at in each) for each in (messages, replies)]
    history = History(ago(1), (Spell(Status.OPEN, ago(1), None),), customer_messages=hours[0], replies=hours[1])
    assert chasers(history) == number


@pytest.mark.parametrize(
    ("about", "tags"),
    [
        (complaint(), ()),
        (complaint(), (Tag("complaint", "unsure", 0.5, "rule"),)),
        (complaint(merged_into="10"), (COMPLAINT,)),
        (complaint(status=Status.DELETED), (COMPLAINT,)),
        (complaint(opened_at=NOW + timedelta(hours=1)), (COMPLAINT,)),
    ],
)
def test_only_a_complaint_that_stands_can_be_a_repeat(about: Complaint, tags: tuple[Tag, ...]) -> None:
    story = untouched(ago(3), ago(2))
    assert repeats(about, story, tags, (earlier("1", 20, 10), earlier("2", 40)), POLICY, NOW) == ()


def test_every_second_reopening_is_a_new_episode_whoever_the_customer_is() -> None:
    stranger = complaint(complainant=Complainant("shop:4711"))

    def episodes(*reopens: datetime) -> list[tuple[str, datetime]]:
        flags = repeats(stranger, untouched(*reopens), (COMPLAINT,), (), POLICY, NOW)
        return [(flag.episode, flag.since) for flag in flags]

    assert episodes(ago(9)) == []
    assert episodes(ago(9), ago(8)) == [("reopened#1", ago(8))]
    assert episodes(ago(9), ago(8), ago(7)) == [("reopened#1", ago(8))]
    assert episodes(ago(9), ago(8), ago(7), ago(6)) == [("reopened#2", ago(6))]
    assert episodes(ago(9), ago(-1)) == [], "what is still to come has not happened"


def test_a_later_cluster_is_a_new_episode_and_sweeping_again_is_not() -> None:
    then = [earlier("1", 290), earlier("2", 250)]
    old = complaint(ticket="3", opened_at=ago(240))
    (before,) = repeats(old, untouched(), (COMPLAINT,), then, POLICY, NOW)
    later = [*then, earlier("3", 240), earlier("4", 60), earlier("5", 30)]
    (after,) = found(*later, tags=(COMPLAINT,))
    assert before.rule == after.rule == "many"
    assert before.episode != after.episode
    (again,) = repeats(complaint(), untouched(), (COMPLAINT,), later[2:], POLICY, NOW + timedelta(days=50))
    assert again == after, "neither time nor a shorter memory of old cases makes it another one"


def test_thresholds_are_settings() -> None:
    strict = RepeatPolicy(same_matter_days=5, many=2, many_days=10, reopened=1)
    flags = repeats(complaint(), untouched(ago(1)), (COMPLAINT,), (earlier("1", 9, 6),), strict, NOW)
    assert rules(list(flags)) == ["reopened", "many"]
    assert flags[0].why == "It has been reopened once."
    with pytest.raises(SettingsError, match="threshold"):
        RepeatPolicy(many=1)


def test_coming_back_never_touches_the_priority() -> None:
    about = complaint(priority=Priority.URGENT)
    assert found(earlier("1", 20, 10), earlier("2", 40), about=about)
    assert about.priority is Priority.URGENT


@given(
    st.lists(
        st.tuples(st.integers(-50, 200).filter(bool), st.integers(0, 60), st.booleans(), st.booleans(), st.booleans()),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_flags_do_not_depend_on_the_order_of_the_earlier_cases_and_name_only_what_counts(
    drawn: list[tuple[int, int, bool, bool, bool]], chance: random.Random
) -> None:
    others = [
        earlier(str(n), opened, opened - took if resolved else None, is_complaint=is_complaint, merged=merged)
        for n, (opened, took, resolved, is_complaint, merged) in enumerate(drawn, 100)
    ]
    flags = found(*others)
    shuffled = list(others)
    chance.shuffle(shuffled)
    assert found(*shuffled) == flags
    counted = {one.case for one in others if one.is_complaint and not one.merged and one.opened_at < NOW}
    recent = {one.case for one in others if one.case in counted and NOW - one.opened_at <= timedelta(days=90)}
    for flag in flags:
        assert set(flag.cases) - {"shop/9"} <= counted
        assert flag.cases[-1] == "shop/9"
    assert ("many" in rules(flags)) == (len(recent) >= 2)
