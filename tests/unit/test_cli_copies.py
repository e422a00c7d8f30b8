"""One message at two helpdesks is one complaint: only the first is escalated and surveyed, and none gets lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_cli_people import LATE, Town, complain, town, who

__all__ = ["town"]
FIRE = "The kettle caught fire and my kitchen burnt, my child is hurt. Nobody answers me."


def writes(town: Town, ticket: str) -> dict[str, Any]:
    """What is intended for a ticket now, by kind and rule."""
    rows = town.type("outbox", "list", "--json", "--most", "500").json
    return {
        f"{one['kind']}:{one['rule']}": one
        for one in rows
        if f"{one['source']}/{one['ticket']}" == ticket and one["state"] == "shadow"
    }


def escalated(town: Town, ticket: str) -> bool:
    return any(kind.startswith("escalate:") for kind in writes(town, ticket))


def twice(town: Town, text: str = LATE) -> None:
    """Kim sends the same words to the shop and, an hour later, to the depot; then two days go by."""
    complain(town.shop, who("c1"), text)
    for desk in (town.shop, town.depot):
        desk.advance(3600)
    complain(town.depot, who("d1"), text)
    town.days(2)


def test_only_the_first_of_two_is_escalated_and_surveyed_and_the_other_points_to_it(town: Town) -> None:
    twice(town)
    town.sync()
    assert escalated(town, "shop/1")
    copy = writes(town, "depot/1")
    assert list(copy) == ["link:same_message"]
    assert "shop/1, where it is dealt with" in town.type("outbox", "show", str(copy["link:same_message"]["id"])).out
    for desk in (town.shop, town.depot):
        desk.set("1", "status", "solved")
    town.sync()
    assert "survey:survey" in writes(town, "shop/1") and "survey:survey" not in writes(town, "depot/1")


def test_the_copy_leads_when_the_first_is_deleted_or_merged_away(town: Town) -> None:
    twice(town)
    town.sync()
    assert not escalated(town, "depot/1")
    town.shop.delete("1")
    town.sync()
    assert escalated(town, "depot/1") and "link:same_message" not in writes(town, "depot/1")


def test_an_escalation_of_the_copy_is_taken_back_when_the_first_is_read_and_comes_again_when_it_goes(
    town: Town,
) -> None:
    twice(town)
    assert town.type("sync", "depot").code == 0
    assert escalated(town, "depot/1"), "nobody knows of the other yet"
    town.sync()
    assert escalated(town, "shop/1") and not escalated(town, "depot/1")
    other = complain(town.shop, who("c9", "Pedro Alves", "pedro@example.org"), "My lamp is broken, again.")
    town.shop.merge("1", other)
    town.sync()
    assert escalated(town, "depot/1")


def test_what_the_customer_writes_after_the_first_was_resolved_is_heard_at_the_copy(town: Town) -> None:
    twice(town)
    town.shop.set("1", "status", "solved")
    town.sync()
    assert not escalated(town, "depot/1")
    town.days(1)
    town.depot.customer_message("1", "It has not come, whatever your shop says. I want my money back.")
    town.days(2)
    town.sync()
    assert escalated(town, "depot/1")


def test_what_is_sent_again_after_the_first_was_wrongly_closed_is_heard(town: Town) -> None:
    complain(town.shop, who("c1"))
    town.shop.advance(3600)
    town.shop.set("1", "status", "solved")
    for desk in (town.shop, town.depot):
        desk.advance(3600)
    town.depot.now = town.shop.now
    complain(town.depot, who("d1"))
    town.days(2)
    town.sync()
    assert escalated(town, "depot/1")


def test_an_emergency_is_told_at_both(town: Town) -> None:
    twice(town, FIRE)
    town.sync()
    for ticket in ("shop/1", "depot/1"):
        assert any("emergency" in kind for kind in writes(town, ticket)), writes(town, ticket).keys()


def test_where_less_may_be_written_to_the_first_its_copy_speaks(town: Town) -> None:
    settings = town.home / "amends.yaml"
    depot = "  depot:\n    adapter: memory\n"
    settings.write_text(settings.read_text().replace(depot, f"{depot}    modes: {{escalate: approve}}\n"))
    twice(town)
    town.sync()
    rows = town.type("outbox", "list", "--json", "--most", "500").json
    held = [one for one in rows if one["source"] == "depot" and one["kind"] == "escalate"]
    assert [one["state"] for one in held][:1] == ["held"]


def modes(town: Town, source: str, said: str) -> None:
    settings = town.home / "amends.yaml"
    head = f"  {source}:\n    adapter: memory\n"
    settings.write_text(settings.read_text().replace(head, f"{head}    modes: {{{said}}}\n"))


def wanted(town: Town, ticket: str) -> set[str]:
    """The kinds of what is intended for a ticket in any state in which it may still go, or went."""
    rows = town.type("outbox", "list", "--json", "--most", "500").json
    over = ("cancelled", "expired")
    return {one["kind"] for one in rows if f"{one['source']}/{one['ticket']}" == ticket and one["state"] not in over}


def test_each_kind_is_left_to_the_first_only_where_it_may_do_no_less_there(town: Town) -> None:
    modes(town, "shop", "escalate: approve, tag: approve")
    modes(town, "depot", "escalate: approve, tag: approve, survey: approve")
    twice(town)
    for desk in (town.shop, town.depot):
        desk.set("1", "status", "solved")
    town.sync()
    assert "survey" in wanted(town, "depot/1"), "the shop asks nobody"
    assert not wanted(town, "depot/1") & {"escalate", "tag"}, "that is done at the shop"


def test_while_the_first_ones_source_is_paused_its_copy_speaks(town: Town) -> None:
    twice(town)
    town.sync()
    assert "escalate" not in wanted(town, "depot/1")
    assert town.type("pause", "--source", "shop", "--why", "they rebuild it").code == 0
    town.sync()
    assert "escalate" in wanted(town, "depot/1") and "link" not in wanted(town, "depot/1")
    assert town.type("resume", "--source", "shop").code == 0
    town.days(0.02)
    town.sync()
    assert "escalate" not in wanted(town, "depot/1") and "link" in wanted(town, "depot/1")


def test_a_pass_over_the_copys_source_alone_leaves_it_to_the_first_as_well(town: Town) -> None:
    twice(town)
    assert town.type("sync", "shop").code == 0
    assert town.type("sync", "depot").code == 0
    assert escalated(town, "shop/1") and wanted(town, "depot/1") == {"link"}


def test_what_a_person_approved_goes_although_it_turns_out_to_be_about_a_copy(town: Town) -> None:
    modes(town, "depot", "escalate: approve")
    twice(town)
    assert town.type("sync", "depot").code == 0
    assert town.type("outbox", "approve", "--all").code == 0
    modes(town, "shop", "escalate: live")
    assert town.type("sync", "shop").code == 0
    town.sync()
    rows = town.type("outbox", "list", "--json", "--most", "500").json
    states = {one["state"] for one in rows if one["source"] == "depot" and one["kind"] == "escalate"}
    assert states == {"done"}


def test_a_digest_does_not_tell_of_what_turns_out_to_be_a_copy(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELL_LENA", "https://example.com/lena")
    (town.home / "contacts.yaml").write_text(
        "mode: approve\ncontacts:\n  lena: {role: lead, name: Lena, reach: ['env:TELL_LENA']}\n"
    )
    (town.home / "policy.yaml").write_text("digest_over: 1\nstages: {received: [lead]}\n")
    complain(town.depot, who("d9", "Pedro Alves", "pedro@example.org"), "My lamp is broken, again and again.")
    complain(town.shop, who("c1"))
    for desk in (town.shop, town.depot):
        desk.advance(3600)
    complain(town.depot, who("d1"))
    assert town.type("sync", "depot").code == 0
    assert folded(town) == {"depot/2"}
    town.sync()
    assert "depot/2" not in folded(town)


def folded(town: Town) -> set[str]:
    return {one["ticket"] for one in town.type("outbox", "list", "--json").json if one["state"] == "folded"}


# -- chasers -----------------------------------------------------------------------------------------------------------


def test_a_rule_can_ask_how_often_somebody_asked_again(town: Town) -> None:
    rule = "rules:\n  - id: chased\n    on: overdue\n    when: chasers >= 2\n    kind: tag\n    tags: [chased]\n"
    (town.home / "policy.yaml").write_text(rule)
    complain(town.shop, who("c1"))
    for desk in (town.shop, town.depot):
        desk.advance(2 * 86_400)
    town.shop.customer_message("1", "Is anybody there?")
    town.sync()
    assert "tag:chased" not in writes(town, "shop/1"), "asked again once"
    complain(town.depot, who("d1"), "Where is my parcel? I wrote to the shop and nobody answered, it is still late.")
    town.sync()
    assert "tag:chased" in writes(town, "shop/1"), "the second opened a ticket of its own elsewhere"
