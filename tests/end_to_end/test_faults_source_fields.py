"""Faults S31 to S35 and S47: fields that vanish, change, or hold what no schema promised.
See docs/engineers/faults.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connector.mapping.reading import MAX_LINE_CHARACTERS, MAX_TEXT_CHARACTERS
from sandbox.zendesk import content
from tests.end_to_end.town import COMPLAINT, Shop, Town, town
from tests.end_to_end.wire import mangled


def _examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _read(here: Town, shop: Shop) -> None:
    here.clock.advance(61)
    shop.pull()


# -- S31 to S33: the admin changes fields ------------------------------------------------------------------------------


def test_s31_a_removed_field_is_empty_from_then_on_and_the_others_are_read_as_before(here: Town) -> None:
    shop = here.opened()
    before = shop.opens(fields={content.PRODUCT: "prod_lamp", content.ORDER_NUMBER: "A-17"})
    _read(here, shop)
    assert shop.stored(before).doc.complaint.product == "prod_lamp"
    shop.account.admin_removes_field(content.PRODUCT)
    after = shop.opens(fields={content.ORDER_NUMBER: "A-18"})
    _read(here, shop)
    told = shop.stored(after).doc.complaint
    assert (told.product, told.order_number, told.subject) == (None, "A-18", COMPLAINT[0])
    assert shop.stored(before).doc.complaint.product == "prod_lamp", "what was read stays"
    offered = {field.id for field in shop.desk.adapter.discover().fields}
    lost = set(shop.desk.mapping.fields.values()) - offered
    assert f"custom:{content.PRODUCT}" in lost, "`amends check` has it to tell"
    shop.check()


@pytest.mark.parametrize("value", [["A-17", "A-18"], {"number": "A-17"}, True])
def test_s32_a_field_of_another_type_is_kept_raw_and_reported_with_its_complaint(here: Town, value: Any) -> None:
    shop = here.opened()
    shop.account.admin_retypes_field(content.ORDER_NUMBER, "multiselect", [("A-17", "A-17")])
    ticket = shop.opens(fields={content.PRODUCT: "prod_lamp"})
    for slot in shop.account.live(ticket).body["custom_fields"]:  # type: ignore[union-attr]
        slot["value"] = value if slot["id"] == content.ORDER_NUMBER else slot["value"]
    _read(here, shop)
    told = shop.stored(ticket).doc.complaint
    assert told.order_number is None and told.product == "prod_lamp"
    assert any(problem.startswith("order_number: expected text") for problem in told.problems)
    assert shop.quarantined() == []
    shop.check()


@pytest.mark.parametrize(("field", "said"), [("status", "status 'escalated'"), ("priority", "priority 'escalated'")])
def test_s33_a_word_that_the_mapping_does_not_know_is_kept_and_reported(here: Town, field: str, said: str) -> None:
    shop = here.opened()
    ticket, other = shop.opens(), shop.opens()
    shop.account.agent_sets(ticket, **{field: "escalated"})  # type: ignore[arg-type]
    _read(here, shop)
    stored = shop.stored(ticket).doc
    assert f"unmapped:{said}" in stored.complaint.problems
    assert stored.complaint.status in ("open", "new") and stored.complaint.priority is None
    assert "escalated" in [entry.value for entry in stored.entries], "the word itself is not lost"
    assert shop.stored(other).doc.complaint.problems == ()
    shop.check()


def test_s33_a_custom_status_of_the_admin_counts_as_its_category(here: Town) -> None:
    shop = here.opened()
    status = shop.account.admin_adds_status("Waiting for parts", "hold")
    ticket = shop.opens()
    shop.account.agent_sets(ticket, custom_status=status)
    _read(here, shop)
    assert shop.stored(ticket).doc.complaint.status == "on_hold"
    shop.check()


# -- S34, S35: what no schema promised ---------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
ABSENT = object()
# Every member that the engine or the shipped mapping looks at.
MEMBERS = (
    "id", "subject", "description", "status", "priority", "tags", "custom_fields", "fields", "via", "group_id",
    "assignee_id", "requester_id", "created_at", "updated_at", "generated_timestamp", "is_public", "url", "metric_set",
    "custom_status_id", "satisfaction_rating",
)  # fmt: skip
EVENT_MEMBERS = (
    "id", "ticket_id", "created_at", "timestamp", "updater_id", "child_events", "via", "metadata", "system",
)  # fmt: skip


class _Spoiler:
    """Puts one odd value into the rows of one ticket, wherever they are exported."""

    def __init__(self, shop: Shop) -> None:
        self.ticket, self.where, self.member, self.value = 0, "", "", None
        mangled(shop.site, "/tickets/cursor", lambda page: {**page, "tickets": self._tickets(page["tickets"])})
        mangled(
            shop.site, "/ticket_events", lambda page: {**page, "ticket_events": self._events(page["ticket_events"])}
        )

    def _tickets(self, rows: list[dict[str, Any]]) -> list[Any]:
        return self._rows(rows, "id") if self.where == "ticket" else rows

    def _rows(self, rows: list[dict[str, Any]], name: str) -> list[Any]:
        return [self._spoilt(row) if row.get(name) == self.ticket else row for row in rows]

    def _events(self, rows: list[dict[str, Any]]) -> list[Any]:
        if self.where == "event":
            return self._rows(rows, "ticket_id")
        return [row for row in rows if row.get("ticket_id") != self.ticket] if self.where == "ticket" else rows

    def _spoilt(self, row: dict[str, Any]) -> dict[str, Any]:
        left = {name: value for name, value in row.items() if name != self.member}
        return left if self.value is ABSENT else {**left, self.member: self.value}


def test_s34_any_value_in_any_member_of_a_ticket_troubles_that_ticket_alone(here: Town) -> None:
    shop = here.opened()
    spoiler = _Spoiler(shop)

    @_examples(120)
    @given(member=st.sampled_from(MEMBERS), value=ANYTHING | st.just(ABSENT))
    @example(member="status", value=None)
    @example(member="created_at", value="2026-03-02 09:00")
    @example(member="custom_fields", value=[None, {"id": 1}, {"value": 2}, "x"])
    @example(member="metric_set", value={"reply_time_in_minutes": {"calendar": 10**30}, "solved_at": 5})
    def one(member: str, value: Any) -> None:
        before, odd, after = shop.opens(), shop.opens(), shop.opens()
        spoiler.ticket, spoiler.where, spoiler.member, spoiler.value = odd, "ticket", member, value
        _read(here, shop)
        stored, aside = shop.all_stored(), shop.quarantined()
        assert str(before) in stored and str(after) in stored, "the page went on"
        kept = str(odd) in stored or any(str(odd).encode() in one.raw.body for one in aside)
        assert kept or member == "id", "what cannot be read is kept aside"

    one()


def test_s34_any_value_in_any_member_of_an_event_troubles_that_event_alone(here: Town) -> None:
    shop = here.opened()
    spoiler = _Spoiler(shop)

    @_examples(60)
    @given(member=st.sampled_from(EVENT_MEMBERS), value=ANYTHING | st.just(ABSENT))
    @example(member="ticket_id", value=-7)
    @example(member="ticket_id", value=10**25)
    def one(member: str, value: Any) -> None:
        odd, after = shop.opens(), shop.opens()
        spoiler.ticket, spoiler.where, spoiler.member, spoiler.value = odd, "event", member, value
        _read(here, shop)
        assert {str(odd), str(after)} <= set(shop.all_stored())

    one()


def test_s34_a_ticket_in_quarantine_leaves_it_when_a_good_copy_comes(here: Town) -> None:
    shop = here.opened()
    spoiler = _Spoiler(shop)
    ticket = shop.opens()
    spoiler.ticket, spoiler.where, spoiler.member, spoiler.value = ticket, "ticket", "status", 5
    _read(here, shop)
    assert [one.raw.ticket for one in shop.quarantined()] == [str(ticket)]
    spoiler.ticket = 0
    shop.account.customer_writes(ticket, "And another thing.")
    _read(here, shop)
    assert shop.quarantined() == []
    shop.check()


def _odd_texts(here: Town) -> list[str]:
    """Text in any text column that PostgreSQL or a UTF-8 reader would refuse."""
    found = []
    with here.store.read() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                found += [f"{name}: {value!r}" for value in row if isinstance(value, str) and not _plain(value)]
    return found


def _plain(value: str) -> bool:
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def test_s35_any_text_a_customer_can_send_is_stored_by_one_rule(here: Town) -> None:
    shop = here.opened()
    words = {"subject": "", "text": "", "name": ""}

    def told(page: dict[str, Any]) -> bytes:
        # json escapes halves of characters (\\ud800) as other software does; msgspec would refuse to send them.
        swapped = {"SUBJECT": words["subject"], "TEXT": words["text"], "NAME": words["name"]}
        return json.dumps(_swapped(page, swapped)).encode()

    for path in ("/tickets/cursor", "/ticket_events", "/show_many"):
        mangled(shop.site, path, told)
    hostile = st.text(st.characters(codec=None) | st.sampled_from("\x00\ud800\udfff\u202e\u2066\ufeff"), max_size=30)

    @_examples(60)
    @given(subject=hostile, body=hostile, name=hostile)
    @example(subject="\x00", body="\x00same", name="\ud83d")
    @example(subject="x" * 1_000_000, body="y" * 1_000_000, name="\u202eevil")
    def one(subject: str, body: str, name: str) -> None:
        words.update(subject=subject, text=body, name=name)
        person = shop.account.add_customer("NAME", "rui@example.net")
        ticket = shop.opens("SUBJECT", "TEXT", requester=person)
        shop.account.customer_writes(ticket, "TEXT")
        _read(here, shop)
        here.sweep()
        stored = shop.stored(ticket).doc.complaint
        assert stored.subject == _cleaned(subject)[:MAX_LINE_CHARACTERS]
        assert stored.text == _cleaned(body)[:MAX_TEXT_CHARACTERS]
        assert bool(stored.problems) == (len(subject) > MAX_LINE_CHARACTERS)
        assert _odd_texts(here) == []

    one()
    assert shop.quarantined() == []


def _swapped(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _swapped(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [_swapped(inner, words) for inner in value]
    return words.get(value, value) if isinstance(value, str) else value


def _cleaned(words: str) -> str:
    # Two halves that belong together are one character in JSON; a half alone becomes U+FFFD, and so does NUL.
    whole = words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\ufffd")


# -- S47: local times --------------------------------------------------------------------------------------------------


def test_s47_a_time_with_an_offset_is_converted_and_one_without_is_not_guessed(here: Town) -> None:
    shop = here.opened()
    spoiler = _Spoiler(shop)
    ticket = shop.opens()
    spoiler.ticket, spoiler.where, spoiler.member, spoiler.value = (
        ticket,
        "ticket",
        "created_at",
        "2026-03-02T10:00:00+02:00",
    )
    _read(here, shop)
    assert shop.stored(ticket).doc.complaint.opened_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    naive = shop.opens()
    spoiler.ticket, spoiler.value = naive, "2026-03-02T10:00:00"
    _read(here, shop)
    aside = [one for one in shop.quarantined() if one.raw.ticket == str(naive)]
    told = shop.all_stored().get(str(naive))
    assert aside or (told is not None and told.doc.complaint.problems), "it is reported, not taken for some zone"


def test_s47_a_clock_over_the_change_to_summer_time_counts_hours_of_the_calendar(here: Town) -> None:
    shop = here.opened()
    friday = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)  # half an hour before closing, in London's winter time
    here.clock.advance((friday - here.now()).total_seconds())
    ticket = shop.opens()
    _read(here, shop)
    [clock] = [one for one in shop.stored(ticket).assessed.clocks if one.kind == "first_reply"]
    monday = datetime(2026, 3, 30, 8, tzinfo=UTC)  # 9:00 in London's summer time
    assert clock.due_at == monday + timedelta(hours=3, minutes=30)
    here.clock.advance((monday + timedelta(hours=4) - here.now()).total_seconds())
    here.sweep()
    shop.push_until_quiet()
    assert [one.state for one in shop.intentions(ticket)] == ["done"]
