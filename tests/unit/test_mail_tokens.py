"""Signed words in our addresses and ids, and the caps on what leaves: M09, M13, and keys that are exchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap import composing, tokens
from adapters.imap.caps import Caps, caps_on, person, refuse_above
from adapters.imap.composing import Letterhead, Thread
from adapters.imap.purposes import Purpose
from adapters.imap.recipients import Correspondent, objection_to_answering
from connector.errors import ConflictError, SettingsError

OLD = "k1:an-old-and-random-secret"
NEW = "k2:a-newer-and-random-secret"
TICKET = "m" + "abcdefgh" * 3
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_word_is_good_for_its_purpose_and_ticket_alone() -> None:
    keys = tokens.parse(OLD)
    word = tokens.signed(keys, tokens.REPLY, TICKET)
    assert tokens.verified(keys, tokens.REPLY, word) == TICKET
    assert tokens.verified(keys, tokens.REPLY, word.upper()) == TICKET, "mail servers fold case"
    assert tokens.verified(keys, tokens.UNSUBSCRIBE, word) is None
    assert tokens.verified(tokens.parse("k1:another-random-secret"), tokens.REPLY, word) is None


def test_answers_to_older_mail_still_come_in_after_a_key_was_exchanged() -> None:
    word = tokens.signed(tokens.parse(OLD), tokens.REPLY, TICKET)
    both = tokens.parse(f"{NEW}, {OLD}")
    assert tokens.verified(both, tokens.REPLY, word) == TICKET
    assert tokens.signed(both, tokens.REPLY, TICKET).startswith("k2-")
    assert tokens.each_signed(both, tokens.REPLY, TICKET)[1] == word
    assert tokens.verified(tokens.parse(NEW), tokens.REPLY, word) is None


@given(st.text(max_size=80), st.integers(0, 200))
def test_m13_a_guessed_or_changed_word_proves_nothing(guess: str, place: int) -> None:
    keys = tokens.parse(OLD)
    assert tokens.verified(keys, tokens.REPLY, guess) is None
    assert tokens.reply_ticket(keys, guess) is None
    word = tokens.signed(keys, tokens.REPLY, TICKET)
    at = place % len(word)
    changed = word[:at] + ("b" if word[at] != "b" else "c") + word[at + 1 :]
    assert tokens.verified(keys, tokens.REPLY, changed) is None
    assert tokens.reply_ticket(keys, f"<am-abcdefghijklmnopqrst.survey.{changed}@shop.example>") is None


def test_m13_a_word_of_one_ticket_does_not_open_another() -> None:
    keys = tokens.parse(OLD)
    word = tokens.signed(keys, tokens.REPLY, TICKET)
    assert tokens.verified(keys, tokens.REPLY, word.replace(TICKET, "m" + "hgfedcba" * 3)) is None


@pytest.mark.parametrize("bad", ["", "short", "k1:short", "TOO-LONG-ID:a-long-and-random-secret", f"{OLD},{OLD}"])
def test_a_key_that_protects_nothing_is_refused_and_not_shown(bad: str) -> None:
    with pytest.raises(SettingsError) as caught:
        tokens.parse(bad)
    assert "secret" not in str(caught.value).replace("random secret", "")


def test_keys_show_no_secret() -> None:
    assert repr(tokens.parse(f"{NEW} {OLD}")) == "Keys(k2, k1)"
    assert tokens.parse("a-single-secret-without-id").pairs[0][0] == "k"


def test_our_own_mail_is_known_when_it_comes_round() -> None:
    keys = tokens.parse(OLD)
    assert tokens.is_our_loop(keys, f" {tokens.loop_word(keys)}")
    assert not tokens.is_our_loop(keys, "amends"), "which anybody can write"
    assert not tokens.is_our_loop(tokens.parse(NEW), tokens.loop_word(keys)), "another house's Amends"
    assert tokens.is_our_loop(tokens.Keys(), tokens.loop_word(tokens.Keys()))


# Caps


class Book:
    """Counts what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, datetime]] = []

    def count(self, key: str, since: datetime) -> int:
        return sum(one == key and at >= since for one, at in self.sent)

    def allows(self, purpose: Purpose, to: str, caps: Caps, now: datetime) -> bool:
        found = caps_on(purpose, to, caps)
        try:
            refuse_above(found, self.count, now, source="post", ticket=TICKET)
        except ConflictError:
            return False
        self.sent += [(cap.key, now) for cap in found]
        return True


def test_one_person_gets_so_many_mails_a_day_under_whichever_form_of_their_address() -> None:
    book, caps = Book(), Caps(per_person_a_day=2)
    forms = ["jo@x.example", "JO@X.example", "jo+1@x.example"]
    assert [book.allows(Purpose.SURVEY, one, caps, NOW) for one in forms] == [True, True, False]
    assert book.allows(Purpose.SURVEY, "jo@x.example", caps, NOW + timedelta(hours=24, seconds=1))


def test_one_domain_and_all_together_get_so_many_an_hour() -> None:
    book, caps = Book(), Caps(per_domain_an_hour=3, all_an_hour=4)
    allowed = [book.allows(Purpose.SURVEY, f"p{number}@x.example", caps, NOW) for number in range(5)]
    assert allowed == [True, True, True, False, False]
    assert book.allows(Purpose.SURVEY, "a@y.example", caps, NOW)
    assert not book.allows(Purpose.SURVEY, "b@z.example", caps, NOW)
    assert book.allows(Purpose.NOTICE, "boss@shop.example", caps, NOW), "our own people are told all the same"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 120)), max_size=60))
def test_no_order_of_mails_gets_past_a_cap(sendings: list[tuple[int, int]]) -> None:
    book, caps, now = Book(), Caps(per_person_a_day=3, per_domain_an_hour=4, all_an_hour=5), NOW
    went: list[tuple[str, datetime]] = []
    for who, minutes in sendings:
        now += timedelta(minutes=minutes)
        to = f"p{who}@d{who % 2}.example"
        if book.allows(Purpose.SURVEY, to, caps, now):
            went.append((to, now))
    for to, at in went:
        day = [one for one, when in went if one == to and at - timedelta(days=1) < when <= at]
        hour = [when for _, when in went if at - timedelta(hours=1) < when <= at]
        assert len(day) <= 3 and len(hour) <= 5


@pytest.mark.parametrize("broken", [-1, 10**9])
def test_a_count_that_makes_no_sense_lets_nothing_out(broken: int) -> None:
    with pytest.raises(ConflictError):
        refuse_above(caps_on(Purpose.SURVEY, "a@x.example", Caps()), lambda *_: broken, NOW, source="s", ticket="t")


def test_a_cap_below_nothing_is_refused_and_nothing_is_a_cap() -> None:
    with pytest.raises(SettingsError):
        Caps(per_person_a_day=-1)
    assert not Book().allows(Purpose.SURVEY, "a@x.example", Caps(per_person_a_day=0), NOW)


def test_keys_of_the_ledger_hold_no_address() -> None:
    assert "jo" not in person("jo@x.example")
    assert all("x.example" not in cap.key for cap in caps_on(Purpose.SURVEY, "jo@x.example", Caps()))


# M09: two machines


class Robot:
    """Answers every mail at once, with headers that lie: as a person's would look, DMARC in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent = 0

    def answer(self, text: str) -> Correspondent | None:
        self.sent += 1
        return Correspondent(self.address, "verified", returns_to=self.address)


class Honest(Robot):
    """Answers what RFC 3834 lets it answer."""

    def answer(self, text: str) -> Correspondent | None:
        said = message_from_string(text)["Auto-Submitted"]
        return super().answer(text) if said in (None, "no") else None


class House:
    """An Amends that acknowledges all it may."""

    def __init__(self, address: str) -> None:
        self.head = Letterhead(address, keys=tokens.parse(OLD))
        self.book = Book()
        self.sent = 0

    def acknowledge(self, who: Correspondent, number: int, now: datetime) -> str | None:
        if objection_to_answering(who, [self.head.address]) is not None:
            return None
        if not self.book.allows(Purpose.ACKNOWLEDGEMENT, who.address, Caps(), now):
            return None
        self.sent += 1
        marker = f"am-{'abcdefghij'[number % 10] * 20}"
        return composing.acknowledgement(self.head, marker, TICKET, who.address, "en", Thread(), now).text


@pytest.mark.parametrize("robot", [Robot("bot@other.example"), Honest("bot@other.example")])
def test_m09_a_robot_that_answers_everything_hears_from_us_once_a_day(robot: Robot) -> None:
    house, now = House("support@shop.example"), NOW
    mail: Correspondent | None = Correspondent(robot.address, "verified", returns_to=robot.address)
    for number in range(100):
        text = house.acknowledge(mail, number, now) if mail is not None else None
        if text is None:
            break
        now += timedelta(seconds=1)
        mail = robot.answer(text)
    assert house.sent == 1 and robot.sent <= 1


def test_m09_two_houses_of_ours_fall_silent_after_one_message_each() -> None:
    """Even where one's mail reaches the other with every header gone that says what it is."""
    houses = [House("support@shop.example"), House("help@other.example")]
    who = Correspondent(houses[1].head.address, "verified", returns_to=houses[1].head.address)
    for number in range(100):
        here = houses[number % 2]
        if here.acknowledge(who, number, NOW + timedelta(seconds=number)) is None:
            break
        who = Correspondent(here.head.address, "verified", returns_to=here.head.address)
    assert [house.sent for house in houses] == [1, 1]
    true = Correspondent(houses[0].head.address, "verified", automatic="auto_submitted", returns_to="")
    assert objection_to_answering(true, [houses[1].head.address]) is not None, "with its headers: none at all"


def test_keys_that_a_customer_quotes_are_hidden_and_the_words_of_a_thread_are_not() -> None:
    keys = tokens.parse(OLD)
    survey = tokens.signed(keys, tokens.SURVEY, "am-abcdefghijklmnopqrst")
    leave = tokens.signed(keys, tokens.UNSUBSCRIBE, TICKET)
    reply = tokens.signed(keys, tokens.REPLY, TICKET)
    said = f"> https://shop.example/s/{survey}\n> u-{leave}@shop.example ?subject=unsubscribe%20{leave}\nThanks {reply}"
    hidden = tokens.without_keys(said)
    assert survey not in hidden and leave not in hidden and reply in hidden
    assert hidden.count(tokens.HIDDEN) == 3
