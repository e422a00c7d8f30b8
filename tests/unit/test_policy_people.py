"""Contacts, signs of a person at work, stages, hand-offs, playbooks and phrases: what each says of a complaint."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import (
    Complainant,
    Complaint,
    Entry,
    EntryKind,
    FlagKind,
    History,
    Role,
    Spell,
    Status,
    Tag,
    Visibility,
)
from connector.policy import emergencies, handoffs
from connector.policy.contacts import Away, Contact, Contacts, Post, choose
from connector.policy.ladder import Ladder, Step, Told, standing
from connector.policy.playbooks import Grant, Offer, Playbook, Playbooks, beyond, costs, offered
from connector.policy.stages import Stage, reached
from connector.policy.taken import Ack, Hands, taken
from connector.policy.wordings import Phrase, flags, wordings

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA = Contact("ana", Post.LEAD, "Ana", ("env:A",))
RUI = Contact("rui", Post.LEAD, "Rui", ("env:R",), languages=("pt", "en"))
YES = Tag("complaint", "yes", 0.9, "rule")


def complaint(status: Status = Status.OPEN, **more: object) -> Complaint:
    person = Complainant("mail:ann@example.org")
    return replace(Complaint("shop", "7", 1, "late", "late", person, status, NOW - HOUR, NOW), **more)


def history(status: Status = Status.OPEN, **more: object) -> History:
    return replace(History(NOW - HOUR, (Spell(status, NOW - HOUR, None),)), **more)


def entry(kind: EntryKind, minutes: int, role: Role = Role.STAFF, **more: object) -> Entry:
    at = NOW + timedelta(minutes=minutes)
    return replace(Entry(f"{minutes:05}", kind, at, at, role, "ana", Visibility.PUBLIC), **more)


# -- contacts --------------------------------------------------------------------------------------------------------


def test_whoever_speaks_the_customers_language_is_told_where_all_else_is_equal() -> None:
    people = Contacts((ANA, RUI))
    chosen = choose(people, "lead", values={}, now=NOW, language="pt")
    assert chosen is not None and chosen.contact.id == "rui"
    again = choose(people, "lead", values={}, now=NOW, language="pt", before=["ana"])
    assert again is not None and again.contact.id == "ana", "nobody likes to explain it twice"


def test_deputies_stand_in_one_for_the_other_and_not_in_a_circle() -> None:
    away = (Away(date(2026, 6, 1), date(2026, 6, 5)),)
    chain = Contacts(
        (replace(ANA, deputy="rui", away=away), replace(RUI, deputy="eva", away=away), replace(ANA, id="eva"))
    )
    found = chain.stands_in("ana", NOW)
    assert found is not None and found.id == "eva"
    with pytest.raises(SettingsError, match="circle"):
        Contacts((replace(ANA, deputy="rui"), replace(RUI, deputy="ana")))
    with pytest.raises(SettingsError, match="no contact 'eva'"):
        Contacts((replace(ANA, deputy="eva"),))


def test_the_last_day_of_a_contact_counts_in_their_own_zone() -> None:
    ana = replace(ANA, until=date(2026, 6, 2), zone="Pacific/Auckland")
    assert not ana.is_away(datetime(2026, 6, 2, 11, tzinfo=UTC))
    assert ana.is_away(datetime(2026, 6, 2, 12, 30, tzinfo=UTC)), "there it is the third by then"


def test_customers_are_given_the_line_of_their_language_else_english_else_any() -> None:
    lines = Contacts(for_customers={"pt": "Telefone", "en": "Telephone"})
    assert (lines.line_for("pt"), lines.line_for("sl"), lines.line_for(None)) == ("Telefone", "Telephone", "Telephone")
    assert Contacts(for_customers={"pt": "Telefone"}).line_for("sl") == "Telefone"
    assert Contacts().line_for("pt") is None


# -- ladders ---------------------------------------------------------------------------------------------------------


@given(
    pauses=st.lists(st.integers(0, 300), min_size=1, max_size=4),
    again=st.integers(1, 600),
    most=st.integers(0, 6),
    late=st.lists(st.integers(0, 90), min_size=12, max_size=12),
)
def test_a_ladder_tells_each_step_once_in_order_and_ends(
    pauses: list[int], again: int, most: int, late: list[int]
) -> None:
    minute = timedelta(minutes=1)
    ladder = Ladder("any", tuple(Step(("lead",), pause * minute) for pause in pauses), again * minute, most)
    told: list[Told] = []
    now = NOW
    for delay in (*late, *late):
        found = standing(ladder, "r", "e#1", NOW, told, Contacts((ANA,)), values={}, language=None, now=now)
        for rung in found.rungs:
            assert rung.number == len(told) + 1
            assert rung.episode not in [one.episode for one in told]
            told.append(Told("r", rung.episode, rung.chosen.contact.id, now))
        if found.look_again_at is None:
            break
        now = max(found.look_again_at, now + delay * minute)
    assert len(told) <= len(pauses) + most
    times = [one.over_at for one in told]
    assert times == sorted(times)  # type: ignore[type-var]


def test_the_last_step_comes_again_after_twice_as_long_each_time_but_a_day_at_the_most() -> None:
    ladder = Ladder("usual", (Step(("lead",)),), again=8 * HOUR, most=4)
    pauses = [ladder.step(number).after / HOUR for number in (2, 3, 4, 5)]  # type: ignore[union-attr]
    assert pauses == [8, 16, 24, 24]
    assert ladder.step(6) is None


# -- taken on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "takes"),
    [
        (entry(EntryKind.STAFF_REPLY, 5), True),
        (entry(EntryKind.STAFF_REPLY, 5, visibility=Visibility.INTERNAL), False),
        (entry(EntryKind.STAFF_REPLY, 5, Role.SYSTEM), False),
        (entry(EntryKind.STAFF_REPLY, -5), False),
        (entry(EntryKind.OWNER, 5, value="12"), True),
        (entry(EntryKind.OWNER, 5, Role.AMENDS, value="12"), False),
        (entry(EntryKind.OWNER, 5, Role.SYSTEM, value="12"), False),
        (entry(EntryKind.NOTE, 5), False),
        (entry(EntryKind.FIELD, 5, field="labels", value="late amends_ack"), True),
        (entry(EntryKind.FIELD, 5, Role.AMENDS, field="labels", value="amends_ack"), False),
        (entry(EntryKind.FIELD, 5, field="labels", value="amends_acknowledged"), False),
    ],
)
def test_a_persons_deed_takes_a_complaint_on_and_nothing_else(sign: Entry, takes: bool) -> None:
    found = taken(complaint(), history(), Hands((sign,)), NOW)
    assert (found is not None) is takes


def test_the_tag_counts_from_when_it_was_put_on_and_only_while_it_is_there() -> None:
    on = entry(EntryKind.FIELD, -60, field="labels", value="amends_ack")
    more = entry(EntryKind.FIELD, 5, field="labels", value="amends_ack vip")
    off = entry(EntryKind.FIELD, 6, field="labels", value="vip")
    again = entry(EntryKind.FIELD, 7, field="labels", value="vip amends_ack")
    assert taken(complaint(), history(), Hands((on, more)), NOW) is None
    assert taken(complaint(), history(), Hands((on, more, off)), NOW) is None
    assert taken(complaint(), history(), Hands((on, more, off, again)), NOW) is not None


def test_a_persons_word_and_the_end_of_the_complaint_take_it_on() -> None:
    word = Hands(acks=(Ack(NOW + HOUR, "ana"),))
    assert taken(complaint(), history(), word, NOW) is not None
    assert taken(complaint(), history(), word, NOW + 2 * HOUR) is None
    done = history(Status.RESOLVED)
    assert taken(complaint(Status.RESOLVED), done, Hands(), NOW) is not None


# -- emergencies, stages, hand-offs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "flagged"),
    [
        (YES, True),
        (Tag("complaint", "unsure", 0.5, "rule"), True),
        (Tag("complaint", "no", 0.9, "model:1"), True),
        (Tag("complaint", "no", 1.0, "agent"), False),
        (Tag("complaint", "no", 1.0, "mapping:not_when"), False),
        (Tag("complaint", "no", 1.0, "amends"), False),
    ],
)
def test_an_emergency_is_flagged_unless_somebody_who_knows_says_that_it_is_no_complaint(
    said: Tag, flagged: bool
) -> None:
    found = emergencies.flags(complaint(), (said, Tag("emergency", "safety", 1, "phrase")), NOW)
    assert [flag.episode for flag in found] == (["safety"] if flagged else [])


def test_an_emergency_is_over_with_the_complaint() -> None:
    assert not emergencies.flags(complaint(Status.RESOLVED), (YES, Tag("emergency", "press", 1, "phrase")), NOW)


def test_the_stages_are_read_off_the_timeline() -> None:
    entries = (entry(EntryKind.OWNER, 3, value="12"), entry(EntryKind.PRIORITY, 4, value="high"))
    story = history(automatic=(NOW + HOUR,), replies=(NOW + 2 * HOUR,), resolutions=(NOW + 3 * HOUR,))
    assert reached(complaint(), story, entries) == {
        Stage.RECEIVED: NOW - HOUR,
        Stage.ACKNOWLEDGED: NOW + HOUR,
        Stage.ASSESSED: NOW + timedelta(minutes=3),
        Stage.ANSWERED: NOW + 2 * HOUR,
        Stage.CLOSED: NOW + 3 * HOUR,
    }
    assert list(reached(complaint(), history(), ())) == [Stage.RECEIVED]
    assert Stage.ASSESSED in reached(complaint(stage="assessed"), history(), ()), "the source's own word counts"


def test_the_third_hand_off_or_the_third_voice_is_flagged_once() -> None:
    owners = [entry(EntryKind.OWNER, minute, value=name) for minute, name in enumerate("ababb")]
    found = handoffs.handoffs(owners)
    assert len(found.changes) == 3
    (flag,) = handoffs.flags(complaint(), (YES,), found)
    assert (flag.kind, flag.episode, flag.since) == (FlagKind.HANDOFFS, "handoffs#1", owners[3].occurred_at)
    voices = [entry(EntryKind.STAFF_REPLY, minute, actor=name) for minute, name in enumerate("aabbc")]
    assert handoffs.flags(complaint(), (YES,), handoffs.handoffs(voices))
    assert not handoffs.flags(complaint(), (YES,), handoffs.handoffs(voices[:4]))
    assert not handoffs.flags(complaint(Status.CLOSED), (YES,), found)


# -- playbooks -------------------------------------------------------------------------------------------------------

LATE = Playbook(
    "late",
    "Late parcels",
    ("delivery",),
    ("refund",),
    steps=("Ask the carrier.",),
    offers=(Offer("refund", Decimal(150), "EUR", Decimal(50), "lead"), Offer("apology")),
)
REST = Playbook("rest", "Anything else", offers=(Offer("apology"),))


def test_the_first_playbook_that_fits_counts_and_the_last_fits_everything() -> None:
    books = Playbooks((LATE, REST))
    tags = (Tag("category", "delivery/late", 1, "r"), Tag("remedy", "refund", 1, "r"))
    assert books.fitting(tags, {}) is LATE
    assert books.fitting(tags[:1], {}) is REST
    assert books.fitting((), {}) is REST
    with pytest.raises(SettingsError, match="fits no category"):
        Playbooks((LATE,))
    with pytest.raises(SettingsError, match="none after it"):
        Playbooks((REST, LATE, REST))


def test_a_note_says_what_may_be_offered() -> None:
    assert offered(LATE) == ("late", "refund up to 150 EUR (above 50 ask lead), apology")


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (Grant("refund", NOW, "ana", "49.99", "EUR"), None),
        (Grant("refund", NOW, "ana", "50.01", "EUR"), "lead decides"),
        (Grant("refund", NOW, "ana", "151", "EUR"), "more than the 150 EUR"),
        (Grant("refund", NOW, "ana", "10", "GBP"), "in EUR"),
        (Grant("replacement", NOW, "ana"), "offers no replacement"),
        (Grant("apology", NOW, "ana"), None),
    ],
)
def test_what_was_granted_is_held_against_the_playbook(grant: Grant, why: str | None) -> None:
    found = beyond(grant, LATE)
    assert found is None if why is None else found is not None and why in found


def test_costs_are_added_up_to_the_cent_by_currency() -> None:
    given = [Grant("refund", NOW, "ana", "0.10", "EUR")] * 3 + [Grant("refund", NOW, "ana", "5", "GBP")]
    assert costs(given) == {"EUR": Decimal("0.30"), "GBP": Decimal(5)}


# -- phrases ---------------------------------------------------------------------------------------------------------

ENGLISH = wordings(
    "en", [Phrase("policy", ("it is our policy", "our polic*"), "It helps nobody.", "Say what you can do.")]
)
CHINESE = wordings("zh", [Phrase("cannot", ("没办法",), "听起来像推托。")])


def reply(text: str, minutes: int = 5, **more: object) -> Entry:
    return entry(EntryKind.STAFF_REPLY, minutes, text=text, **more)


def test_a_phrase_in_a_reply_is_told_in_our_words_and_not_in_those_of_the_reply() -> None:
    lists = {"en": ENGLISH, "zh": CHINESE}
    (flag,) = flags([reply("Sorry Mrs Silva, it is  our POLICY not to refund.")], lists, "en", NOW)
    assert flag.kind is FlagKind.WORDING and flag.episode == "wording#00005"
    assert "Silva" not in flag.why and "Say what you can do" in flag.why
    assert flags([reply("我们没办法退款。")], lists, "zh", NOW)
    assert flags([reply("我们没办法退款。")], lists, None, NOW), "without a language all lists are asked"
    assert not flags([reply("我们没办法退款。")], lists, "en", NOW)


@pytest.mark.parametrize(
    "said",
    [
        reply("Your policyholder number?"),
        reply("> it is our policy\nWe will refund you."),
        reply("It is our policy.", -5),
        reply("It is our policy.", role=Role.CUSTOMER),
        reply("It is our policy.", visibility=Visibility.INTERNAL),
        entry(EntryKind.NOTE, 5, text="It is our policy."),
    ],
)
def test_nothing_is_made_of_what_staff_did_not_say_to_the_customer_now(said: Entry) -> None:
    assert not flags([said], {"en": ENGLISH}, "en", NOW)


@given(st.text(max_size=400))
def test_any_text_is_searched_without_harm(text: str) -> None:
    assert len(ENGLISH.found_in(text)) <= 1
