"""What the pages of the console show, and what its forms do (fault cases H10, H15, H16)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from connector.commands import overview, people, people_conduct
from connector.commands.place import Place
from connector.console.services import standing
from connector.errors import StoreError
from connector.helpdesk import CallsLeft
from connector.people.conduct import QUESTIONS
from connector.roles import Rank
from connector.store import complaints, labels, revisions, sources
from tests.console import KIM, PAYLOADS, Browser, Office, later, office, text_of


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "amends", modes="approve") as made:
        yield made


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("console") / "amends", modes="approve") as made:
        made.complain("Parcel late", "My parcel has still not arrived. I want my money back.")
        later(made, 30)
        made.sync()
        yield made


@pytest.fixture
def late(furnished: Office, tmp_path: Path) -> Iterator[Office]:
    """One complaint that nobody has answered for a day."""
    with office(tmp_path / "late", like=furnished) as made:
        yield made


def first(office: Office) -> str:
    return f"/complaints/shop/{office.desk.tickets()[0]}"


# -- now -------------------------------------------------------------------------------------------------------------


def test_the_first_page_names_what_is_overdue_and_the_write_that_waits(late: Office) -> None:
    said = text_of(late.browser(Rank.VIEWER).get("/"))
    assert "1 overdue" in said
    assert "Parcel late" in said
    assert "held" in said


def test_an_emergency_comes_first_until_it_is_settled(shop: Office) -> None:
    shop.complain("Fire", "The charger caught fire and my child was burned. I will see you in court.")
    shop.sync()
    page = shop.browser(Rank.VIEWER).get("/")
    assert "1 emergency" in text_of(page)
    assert "safety" in text_of(page)
    shop.desk.set(shop.desk.tickets()[0], "status", "solved")
    shop.desk.advance(60)
    shop.sync()
    assert "0 emergencies" in text_of(shop.browser(Rank.VIEWER).get("/"))


def test_a_console_without_anything_says_how_to_begin(shop: Office) -> None:
    shop.sync()
    said = text_of(shop.browser(Rank.VIEWER).get("/"))
    assert "Nothing is overdue." in said
    assert "No daemon is running." in said


def test_a_change_at_the_helpdesk_is_on_the_live_part_after_the_next_pull(late: Office) -> None:
    browser = late.browser(Rank.VIEWER)
    assert "1 overdue" in text_of(browser.get("/live"))
    late.desk.set(late.desk.tickets()[0], "status", "solved")
    late.desk.advance(60)
    late.sync()
    assert "0 overdue" in text_of(browser.get("/live"))


# -- sources ---------------------------------------------------------------------------------------------------------


def test_writes_to_one_source_are_stopped_by_whoever_may_says_why_and_means_it(shop: Office) -> None:
    shop.complain()
    later(shop, 30)
    shop.sync()
    lead, stop = shop.browser(Rank.LEAD), {"decision": "pause", "why": "the import runs", "sure": "yes"}
    assert lead.post("/sources/shop", stop | {"sure": ""}).status_code == 400
    assert lead.post("/sources/shop", stop | {"why": " "}).status_code == 400
    assert shop.browser(Rank.AGENT).post("/sources/shop", stop).status_code == 403
    assert lead.post("/sources/nowhere", stop).status_code == 404
    assert lead.post("/sources/shop", stop).status_code == 303
    said = text_of(lead.get("/sources"))
    assert "All writes to shop are stopped since" in said
    assert "the import runs" in said
    lead.post("/outbox/1", {"decision": "approve"})
    shop.sync()
    assert "is sent" not in text_of(lead.get("/outbox/1"))
    assert "approved" in text_of(lead.get("/outbox/1")) or "pending" in text_of(lead.get("/outbox/1"))
    lead.post("/resume")  # the other switch lifts nothing here
    assert "All writes to shop are stopped since" in text_of(lead.get("/sources"))
    lead.post("/sources/shop", {"decision": "resume"})
    shop.sync()
    assert "done" in text_of(lead.get("/outbox/1"))
    log = text_of(lead.get("/audit?source=shop"))
    assert "source: paused" in log
    assert "source: resumed" in log
    assert "a-lead" in log


def test_people_who_are_told_are_no_source_that_somebody_forgot(late: Office) -> None:
    with late.house.store.write("test") as connection:
        sources.enlist(connection, "contacts", "notify")
    page = text_of(late.browser(Rank.VIEWER).get("/sources"))
    assert "Your people, as contacts.yaml names them" in page
    assert "names it no more" not in page


def test_what_needs_a_person_names_its_command_as_such(late: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ("3 <b>customers</b> wait: `amends corrections list`.",)

    def told(place: Place) -> overview.Overview:
        return msgspec.structs.replace(overview.overview(place), needs_person=needs)

    monkeypatch.setattr(standing, "overview", told)
    page = late.browser(Rank.VIEWER).get("/").text
    assert "3 &lt;b&gt;customers&lt;/b&gt; wait: <code>amends corrections list</code>." in page


def test_sources_say_how_many_calls_they_still_allow(shop: Office) -> None:
    shop.complain()
    shop.sync()
    at = shop.desk.now
    left = [CallsLeft("account", 700, 63, at, at, stated=True), CallsLeft("search", 100, 90, at, at, stated=False)]
    with shop.house.store.write("test") as connection:
        row = sources.by_name(connection, "shop")
        assert row is not None
        sources.allowed(connection, row.id, left)
        sources.allowed(connection, row.id, [])  # an answer that says nothing takes nothing away
    said = text_of(shop.browser(Rank.VIEWER).get("/sources"))
    assert "the account 63 63 700 the source" in said
    assert "search 90 90 100 its settings" in said
    (told,) = shop.program("read").get("/api/v1/sources").json()
    assert told["standing"]["calls_left"][0]["remaining"] == 63


# -- complaints ------------------------------------------------------------------------------------------------------


def test_the_list_goes_on_where_it_ended_and_shows_nothing_twice(shop: Office) -> None:
    for number in range(120):
        shop.complain(f"Parcel {number:03}")
        shop.desk.advance(1 if number % 3 else 0)  # some share their instant
    shop.sync()
    browser, path, seen = shop.browser(Rank.VIEWER), "/complaints", []
    while path:
        tree = HTMLParser(browser.get(path).text)
        seen += [one.text() for one in tree.css("table.rows tbody td.long")]
        link = tree.css_first("a[rel=next]")
        path = link.attributes["href"] if link else None
    assert sorted(seen) == [f"Parcel {number:03}" for number in range(120)]
    assert len(seen) == len(set(seen))


def test_filters_narrow_the_list_and_words_that_are_none_are_refused(late: Office) -> None:
    browser = late.browser(Rank.VIEWER)
    assert "Parcel late" in browser.get("/complaints?status=unfinished&flag=overdue&complaint=yes").text
    assert "No complaint is like that" in browser.get("/complaints?status=closed").text
    assert "Parcel late" in browser.get("/complaints?order=due").text
    assert browser.get("/complaints?status=nonsense").status_code == 400
    assert browser.get("/complaints?after=nonsense").status_code == 400


@pytest.mark.parametrize("words", ["kim@example.com", "KIM@exa", "kim doe", "T", "ORD-7"])
def test_a_complaint_is_found_by_ticket_order_address_or_name(shop: Office, words: str) -> None:
    ticket = shop.complain(custom={"order_number": "ORD-7"})
    shop.complain("Another", "It broke.", requester={**KIM, "id": "c2", "name": "Lee", "address": "lee@example.com"})
    shop.sync()
    said = shop.browser(Rank.VIEWER).get(f"/find?q={ticket if words == 'T' else words}")
    assert (said.status_code, said.headers["location"]) == (303, f"/complaints/shop/{ticket}")


@pytest.mark.parametrize("words", ["' OR 1=1 --", "%", "_", "\\", "a\x00b", "", "x" * 5000])
def test_h16_what_is_looked_for_is_never_taken_for_a_question_to_the_store(late: Office, words: str) -> None:
    said = late.browser(Rank.VIEWER).client.get("/find", params={"q": words})
    assert said.status_code == 200
    assert "Nothing is called that" in said.text


def test_a_complaint_shows_its_words_with_evidence_its_clock_and_its_person(late: Office) -> None:
    late.complain("Earlier", "The box was broken.")
    late.sync()
    page = late.browser(Rank.VIEWER).get(first(late))
    tree = HTMLParser(page.text)
    assert [one.text() for one in tree.css("mark")]
    assert (
        "".join(one.text() for one in tree.css(".evidence")) == "My parcel has still not arrived. I want my money back."
    )
    assert tree.css("svg.line rect.worked")
    assert "Earlier" in text_of(page)
    assert "What we wrote back" in page.text
    assert not tree.css("form.correct")


def test_one_click_corrects_a_tag_which_stays_and_is_learnt_from(late: Office) -> None:
    ticket = late.desk.tickets()[0]
    form = {"source": "shop", "ticket": ticket, "facet": "category", "value": "payment"}
    said = late.browser(Rank.AGENT).post("/correct", form, hx_request="true")
    assert said.status_code == 200
    assert "category is payment now" in text_of(said)
    late.sync()
    with late.house.store.read() as connection:
        row = sources.by_name(connection, "shop")
        assert row is not None
        stored = complaints.of_tickets(connection, row.id, [ticket])[ticket]
        taught = labels.of_facet(connection, "category")
    assert [tag.author for tag in stored.doc.tags if tag.facet == "category"] == ["agent"]
    assert [(one.values, one.who) for one in taught] == [(("payment",), "a-agent")]


def test_a_correction_keeps_the_promises_that_were_found(late: Office) -> None:
    ticket = late.desk.tickets()[0]
    late.desk.staff_reply(ticket, "We will refund you by Friday.")
    late.desk.advance(60)
    late.sync()
    with late.house.store.read() as connection:
        before = next(complaints.listing(connection)).doc.promises
    form = {"source": "shop", "ticket": ticket, "facet": "category", "value": "payment"}
    assert late.browser(Rank.AGENT).post("/correct", form).status_code == 303
    with late.house.store.read() as connection:
        assert next(complaints.listing(connection)).doc.promises == before


@pytest.mark.parametrize(("facet", "value"), [("category", "nonsense"), ("nonsense", "payment"), ("language", "en")])
def test_an_answer_that_there_is_not_is_refused(late: Office, facet: str, value: str) -> None:
    form = {"source": "shop", "ticket": late.desk.tickets()[0], "facet": facet, "value": value}
    assert late.browser(Rank.AGENT).post("/correct", form).status_code == 400


# -- outbox, quarantine, audit ---------------------------------------------------------------------------------------


def test_a_held_write_is_approved_with_one_click_and_noted_with_who_did_it(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    page = lead.get("/outbox/1")
    assert "Approve" in page.text
    assert "Internal note" in page.text
    assert lead.post("/outbox/1", {"decision": "approve"}).status_code == 303
    assert "is pending now" in text_of(lead.get("/outbox/1"))
    assert "is pending now" not in text_of(lead.get("/outbox/1"))
    late.sync()
    assert late.desk.ledger
    said = text_of(lead.get("/audit?what=write: approved"))
    assert "a-lead" in said


def test_an_agent_sees_writes_and_decides_nothing(late: Office) -> None:
    agent = late.browser(Rank.AGENT)
    assert "Approve" not in agent.get("/outbox/1").text
    assert agent.post("/outbox/1", {"decision": "approve"}).status_code == 403


def test_a_write_that_was_dropped_is_not_approved(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    lead.post("/outbox/1", {"decision": "drop"})
    lead.post("/outbox/1", {"decision": "approve"})
    assert "left alone" in text_of(lead.get("/outbox"))
    assert lead.post("/outbox/1", {"decision": "nonsense"}).status_code == 400


def test_the_switch_stops_all_writes_and_every_page_says_so(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    lead.post("/pause", {"why": "moving house"})
    assert "All writes are stopped" in text_of(late.browser(Rank.VIEWER).get("/sources"))
    assert "moving house (a-lead)" in text_of(lead.get("/"))
    lead.post("/resume")
    assert "All writes are stopped" not in text_of(lead.get("/"))


def test_quarantine_shows_why_and_what_came_and_lets_it_be_left_alone(shop: Office) -> None:
    shop.complain()
    shop.desk.spoil(shop.desk.tickets()[0])
    shop.sync()
    lead = shop.browser(Rank.LEAD)
    assert "#1" in text_of(lead.get("/quarantine"))
    assert "What the source sent" in lead.get("/quarantine/1").text
    assert shop.browser(Rank.AGENT).get("/quarantine/1").status_code == 403
    records = HTMLParser(lead.get("/quarantine").text).css("tbody th a")
    for one in records:
        lead.post(str(one.attributes["href"]), {"decision": "skip"})
    assert "every record was understood" in text_of(lead.get("/quarantine"))
    assert "left alone since" in text_of(lead.get("/quarantine?all=yes"))


def test_the_log_goes_on_where_it_ended(late: Office) -> None:
    with late.house.store.write("test") as connection:
        for number in range(130):
            sources.log(connection, late.desk.now, "somebody", f"thing: {number:03}")
    browser, path, seen = late.browser(Rank.LEAD), "/audit?what=thing", []
    while path:
        tree = HTMLParser(browser.get(path).text)
        seen += [row.css("td")[2].text() for row in tree.css("tbody tr")]
        link = tree.css_first("a[rel=next]")
        path = link.attributes["href"] if link else None
    assert seen == [f"thing: {number:03}" for number in reversed(range(130))]


# -- mappings --------------------------------------------------------------------------------------------------------


def shipped() -> str:
    return (Path(__file__).resolve().parents[2] / "mappings" / "memory.yaml").read_text(encoding="utf-8")


def digest(browser: Any) -> str:
    field = HTMLParser(browser.get("/mappings/shop").text).css_first("input[name=digest]")
    return str(field.attributes["value"])


def test_a_draft_is_tried_on_stored_tickets_and_nothing_is_kept(late: Office) -> None:
    admin = late.browser(Rank.ADMIN)
    draft = shipped().replace("new: new", "new: on_hold").replace("open: open", "open: on_hold")
    said = admin.post("/mappings/shop/try", {"text": draft})
    assert said.status_code == 200
    changed = [row.text() for row in HTMLParser(said.text).css("tr.changed")]
    assert any("status" in one and "on_hold" in one for one in changed)
    assert "kim@example.com" not in said.text
    assert not (late.home / "mappings").exists()


def test_a_draft_that_does_not_hold_says_line_and_column_and_is_not_saved(late: Office) -> None:
    admin = late.browser(Rank.ADMIN)
    draft = shipped().replace("  pending: waiting_customer", "  pending: waiting_for_godot")
    said = text_of(admin.post("/mappings/shop/try", {"text": draft}))
    assert "mappings/memory.yaml:" in said
    assert "waiting_for_godot" in said
    assert admin.post("/mappings/shop", {"text": draft, "digest": digest(admin)}).status_code == 400
    assert not (late.home / "mappings" / "memory.yaml").exists()


def test_a_saved_mapping_counts_at_once_and_its_former_text_can_be_had_again(late: Office) -> None:
    admin = late.browser(Rank.ADMIN)
    one, two = shipped() + "# one\n", shipped() + "# two\n"
    assert admin.post("/mappings/shop", {"text": one, "digest": digest(admin)}).status_code == 303
    assert "# one" in (late.home / "mappings" / "memory.yaml").read_text()
    assert admin.post("/mappings/shop", {"text": two, "digest": digest(admin)}).status_code == 303
    (former,) = HTMLParser(admin.get("/mappings/shop").text).css("a[href*='version=']")
    assert "# one" in admin.get(str(former.attributes["href"])).text
    assert late.house.settings.warnings == ()
    assert "mapping: saved" in text_of(admin.get("/audit"))


def test_who_saved_second_is_told_and_loses_nothing(late: Office) -> None:
    admin = late.browser(Rank.ADMIN)
    begun = digest(admin)
    admin.post("/mappings/shop", {"text": shipped() + "# one\n", "digest": begun})
    said = admin.post("/mappings/shop", {"text": shipped() + "# two\n", "digest": begun})
    assert said.status_code == 400
    assert "somebody else saved" in text_of(said)
    assert "# two" in said.text


@pytest.mark.parametrize("version", ["../../amends", "20260101T000000Z", "x"])
def test_h12_no_version_leads_out_of_the_folder(late: Office, version: str) -> None:
    said = late.browser(Rank.ADMIN).client.get("/mappings/shop", params={"version": version})
    assert said.status_code == 400


def test_the_fields_of_a_source_are_asked_for_on_demand(late: Office) -> None:
    said = late.browser(Rank.ADMIN).get("/mappings/shop/fields")
    assert "requester.address" in said.text
    assert "kim@example.com" not in said.text


def test_settings_that_break_while_the_console_runs_are_told_and_the_old_ones_count(late: Office) -> None:
    late.browser(Rank.VIEWER)
    (late.home / "policy.yaml").write_text("nonsense: [")
    late.ticks += 10
    said = text_of(late.browser(Rank.VIEWER).get("/sources"))
    assert "The settings hold a mistake" in said
    assert "policy.yaml" in said
    (late.home / "policy.yaml").unlink()
    late.ticks += 10
    assert "The settings hold a mistake" not in text_of(late.browser(Rank.VIEWER).get("/sources"))


# -- people and what stands out --------------------------------------------------------------------------------------


def test_two_who_are_one_person_are_joined_and_parted_and_their_complaints_with_them(late: Office) -> None:
    other = {**KIM, "id": "c2", "name": "K. Doe", "address": "kd@example.org"}
    second = late.complain("Charged twice", "You charged me twice.", requester=other)
    late.sync()
    lead = late.browser(Rank.LEAD)
    found = HTMLParser(lead.get("/people?q=doe").text).css("tbody th a")
    numbers = [str(one.attributes["href"]).rpartition("/")[2] for one in found]
    assert len(numbers) == 2
    assert "Charged twice" not in lead.get(first(late)).text
    form = {"decision": "join", "one": numbers[0], "other": numbers[1], "why": "she said so"}
    assert late.browser(Rank.AGENT).post(f"/people/{numbers[0]}", form).status_code == 403
    assert lead.post(f"/people/{numbers[0]}", {**form, "why": " "}).status_code == 400
    assert lead.post(f"/people/{numbers[0]}", form).status_code == 303
    page = text_of(lead.get(f"/people/{numbers[0]}"))
    assert "Parcel late" in page
    assert "Charged twice" in page
    assert "she said so" in page
    assert "Charged twice" in lead.get(first(late)).text
    assert "Parcel late" in lead.get(f"/complaints/shop/{second}").text
    lead.post(f"/people/{numbers[0]}", {**form, "decision": "part", "why": "it was her sister"})
    assert "Charged twice" not in lead.get(first(late)).text
    assert "people: unlinked" in text_of(lead.get("/audit"))


def test_whoever_had_to_come_back_is_named_on_the_page_of_people(shop: Office) -> None:
    ticket = shop.complain("Late", "My parcel has still not arrived.")
    shop.desk.advance(3600)
    shop.desk.set(ticket, "status", "solved")
    shop.desk.advance(3600)
    shop.complain("Late again", "My parcel has still not arrived, and I wrote before.")
    shop.desk.advance(3600)
    shop.sync()
    said = text_of(shop.browser(Rank.VIEWER).get("/people"))
    assert "Late again" in said
    assert "Kim Doe" in said


@pytest.fixture
def lost(shop: Office) -> Office:
    """Eleven quiet weeks, and then a day on which six parcels were lost."""
    late = "My parcel has still not arrived. The courier lost it. I want my money back."
    for number in range(13):
        somebody = {**KIM, "id": f"p{number}", "name": f"P {number}", "address": f"p{number}@example.com"}
        shop.complain("Lost", late, requester=somebody)
        if number < 7:
            shop.desk.advance(11 * 86_400)
    shop.desk.advance(86_400)
    shop.sync()
    return shop


def test_a_correction_is_opened_from_a_trend_done_and_everybody_in_it_told(lost: Office) -> None:
    lead = lost.browser(Rank.LEAD)
    number = HTMLParser(lead.get("/trends").text).css_first("ul.multiples a").attributes["href"].rpartition("/")[2]
    wish = {"trend": number, "owner": "Ida", "due": "2026-04-01", "title": "Another carrier"}
    assert lost.browser(Rank.AGENT).post("/corrections", wish).status_code == 403
    assert lead.post("/corrections", wish | {"due": "soon"}).status_code == 400
    assert lead.post("/corrections", wish | {"trend": "999"}).status_code == 404
    there = lead.post("/corrections", wish).headers["location"]
    assert there in lead.get(f"/trends/{number}").text
    said = text_of(lead.get(there))
    assert "Another carrier" in said and "Ida" in said and "2026-04-01" in said
    assert (
        lead.post(there, {"decision": "done", "language": "en", "changed": "We changed the carrier."}).status_code
        == 303
    )
    page = lead.get(there)
    assert "We changed the carrier." in text_of(page)
    case = HTMLParser(page.text).css_first("input[name=case]").attributes["value"]
    assert lead.post(there, {"decision": "waived", "case": case}).status_code == 400
    assert lead.post(there, {"decision": "waived", "case": case, "why": "They moved on."}).status_code == 303
    assert "They moved on." in text_of(lead.get(there))
    log = text_of(lead.get("/audit?what=correction"))
    assert "correction: opened" in log and "correction: customer waived" in log and "a-lead" in log


def test_a_correction_is_opened_for_one_grave_complaint(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    name = first(late).removeprefix("/complaints/")
    assert "Have the cause removed" in lead.get(first(late)).text
    assert "Have the cause removed" not in late.browser(Rank.AGENT).get(first(late)).text
    assert lead.post("/corrections", {"complaint": "shop/NO-1"}).status_code == 404
    assert lead.post("/corrections", {}).status_code == 400
    there = lead.post("/corrections", {"complaint": name}).headers["location"]
    assert name in text_of(lead.get(there))
    assert "Remove the cause of complaint" in text_of(lead.get("/corrections"))


def test_a_store_that_is_held_is_not_told_as_a_person_who_is_not_there(
    late: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object, **__: object) -> None:
        raise StoreError("the store is held by another process.", remedy="Try again.")

    agent, lead = late.browser(Rank.AGENT), late.browser(Rank.LEAD)
    assert agent.post("/conduct", {"person": "1", "text": "Shouted at Ben."}).status_code == 303
    for command in (people_conduct, "begin"), (people_conduct, "file"), (people, "show"):
        monkeypatch.setattr(*command, held)
    for answer in (
        agent.post("/conduct", {"person": "1", "text": "Shouted at Ben."}),
        agent.get("/people/1"),
        lead.post("/conduct/1", {"decision": "end", "text": "A mistake."}),
    ):
        assert answer.status_code >= 500
        assert "held by another process" in text_of(answer)
        assert "Look for them by name" not in text_of(answer)


def test_a_register_of_conduct_is_kept_in_its_order_by_enough_people(late: Office) -> None:
    agent, lead = late.browser(Rank.AGENT), late.browser(Rank.LEAD)
    assert agent.post("/conduct", {"person": "1", "text": " "}).status_code == 400
    assert agent.post("/conduct", {"person": "77", "text": "Shouted."}).status_code == 404
    assert agent.post("/conduct", {"person": "1", "text": "Shouted at Ben."}).headers["location"] == "/people/1"
    assert "Shouted at Ben." not in agent.get("/people/1").text
    there = HTMLParser(lead.get("/conduct").text).css_first("table.rows a").attributes["href"]
    assert agent.get(there).status_code == 403

    def filed(step: str, name: str = "a-lead", **form: str) -> int:
        by = late.browser(Rank.LEAD) if name == "a-lead" else Browser(late, late.somebody(Rank.LEAD, name))
        return int(by.post(there, {"decision": step, **form}).status_code)

    assert filed("warning", document="letters/1") == 400  # the check comes first
    assert filed("fairness", **{f"q-{name}": "yes" for name in list(QUESTIONS)[1:]}) == 400
    assert filed("fairness", **{f"q-{name}": "yes" for name in QUESTIONS}) == 303
    assert filed("warning") == 400
    assert filed("warning", document="letters/1") == 303
    case = first(late).removeprefix("/complaints/")
    decision = {"measure": "one_contact", "text": "It went on.", "cases": case, "review": "2026-06-01"}
    assert filed("decision", **decision | {"review": "2027-06-01"}) == 400
    assert filed("decision", **decision | {"measure": "no_contact"}) == 400
    assert filed("decision", **decision | {"measure": "tar"}) == 400
    assert filed("decision", **decision) == 303
    assert filed("approval") == 400  # whoever decided has spoken
    assert filed("approval", "ben") == 303
    assert filed("approval", "ben") == 400
    assert filed("notice", document="letters/2") == 400
    assert filed("approval", "carla") == 303
    assert filed("notice", document="letters/2") == 303
    said = text_of(lead.get(there))
    assert "in force" in said and "lapses on 2026-06-01" in said and "Shouted at Ben." in said
    assert filed("extension", text="Not better.", review="2026-07-01") == 303
    assert filed("end", text="They said sorry.") == 303
    assert "nothing can follow" in text_of(lead.get(there))
    log = text_of(lead.get("/audit?what=conduct"))
    assert "conduct: incident" in log and "a-agent" in log and "conduct: approval" in log


def test_a_trend_is_drawn_said_to_be_seen_explained_and_over(lost: Office) -> None:
    lead = lost.browser(Rank.LEAD)
    page = HTMLParser(lead.get("/trends").text)
    (link,) = page.css(".multiples h2 a")
    assert page.css("svg.daily rect.late")
    path = str(link.attributes["href"])
    assert "6 people" in text_of(lead.get(path)) or "7 people" in text_of(lead.get(path))
    assert len(HTMLParser(lead.get(path).text).css("table.rows tbody tr")) >= 6
    assert lost.browser(Rank.AGENT).post(path, {"decision": "acknowledged"}).status_code == 403
    assert lead.post(path, {"decision": "acknowledged"}).status_code == 303
    assert lead.post(path, {"decision": "explained"}).status_code == 400
    assert lead.post(path, {"decision": "explained", "why": "<b>snow</b>"}).status_code == 303
    assert "<b>snow</b>" in HTMLParser(lead.get(path).text).css_first("main").text()
    assert lead.post(path, {"decision": "actioned", "why": "x"}).status_code == 400
    assert lead.post(path, {"decision": "closed", "why": "it thawed"}).status_code == 303
    assert "Nothing stands out" in text_of(lead.get("/trends"))
    assert "closed" in text_of(lead.get("/trends?all=yes"))


# -- figures and rules -----------------------------------------------------------------------------------------------


def test_each_figure_of_the_report_leads_to_its_complaints(late: Office) -> None:
    browser = late.browser(Rank.VIEWER)
    page = browser.get("/report")
    assert "1 received" in text_of(page)
    links = [str(one.attributes["href"]) for one in HTMLParser(page.text).css("a[href*='/report/cell']")]
    assert links
    for link in links:
        assert browser.get(link).status_code == 200
    received = next(link for link in links if "of=received" in link)
    assert first(late) in browser.get(received).text


def test_a_report_is_narrowed_and_what_is_no_period_is_refused(late: Office) -> None:
    browser = late.browser(Rank.VIEWER)
    assert "1 received" in text_of(browser.get("/report?period=2026-03&where=category=delivery"))
    assert "0 received" in text_of(browser.get("/report?period=2026-03&where=category=payment"))
    assert "0 received" in text_of(browser.get("/report?period=2025"))
    for odd in ("period=soon", "where=nonsense", "where=nonsense=1"):
        assert browser.get(f"/report?{odd}").status_code == 400


@pytest.mark.parametrize("form", ["csv", "xlsx", "html"])
def test_a_report_is_taken_out_as_a_file_by_those_who_may_and_noted(late: Office, form: str) -> None:
    lead = late.browser(Rank.LEAD)
    said = lead.get(f"/report/file?form={form}")
    assert said.headers["content-disposition"].startswith("attachment")
    assert len(said.content) > 500
    assert late.browser(Rank.AGENT).get(f"/report/file?form={form}").status_code == 403
    assert "report: exported" in text_of(lead.get("/audit"))
    assert lead.get("/report/file?form=exe").status_code == 400


def test_a_policy_is_tried_on_what_is_stored_and_nothing_is_sent_or_saved(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    text = HTMLParser(lead.get("/policy").text).css_first("textarea").text()
    assert lead.post("/policy/try", {"text": text, "days": "30"}).headers["location"] == "/policy#tried"
    late.house.bench.wait(60)
    assert "Busiest day" in lead.get("/policy").text
    assert "Busiest day" in lead.post("/policy/try", {"text": text, "days": "30"}, hx_request="true").text
    assert not late.desk.ledger
    assert not (late.home / "policy.yaml").exists()
    lead.post("/policy/try", {"text": text + "\nnonsense: 1\n", "days": "30"})
    late.house.bench.wait(60)
    wrong = text_of(lead.get("/policy/try"))
    assert "policy.yaml:" in wrong
    assert "nonsense" in wrong
    assert "/tmp" not in wrong
    for days in ("0", "366", "x", "9999"):
        assert lead.post("/policy/try", {"text": text, "days": days}).status_code == 400


@pytest.fixture
def held(late: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A policy is tried, and comes no further than 34,000 of 100,000 complaints until it is let go."""
    go, there = threading.Event(), threading.Event()

    def attempt(*_: Any, tell: Any, **__: Any) -> Any:
        tell(34_000, 100_000)
        there.set()
        while not go.wait(0.01):
            tell(34_000, 100_000)
        raise StoreError("the disk is full.")

    monkeypatch.setattr("connector.console.services.policy.attempt", attempt)
    monkeypatch.setattr("connector.console.services.policy.AT_ONCE_SECONDS", 0.0)
    late.browser(Rank.LEAD).post("/policy/try", {"text": "zone: UTC", "days": "30"})
    assert there.wait(60)
    yield go
    go.set()


def test_a_policy_that_is_tried_for_minutes_says_how_far_it_is_to_whoever_comes_back(
    late: Office, held: threading.Event
) -> None:
    page = late.browser(Rank.LEAD).get("/policy")
    assert "34,000 of 100,000 complaints" in text_of(page)
    assert 'hx-get="/policy/try" hx-trigger="every 2s"' in page.text
    assert "zone: UTC" in HTMLParser(page.text).css_first("textarea").text()
    assert HTMLParser(page.text).css_first('#tried a[href="/policy#tried"]') is not None
    assert "34,000" not in late.browser(Rank.VIEWER).get("/policy").text
    held.set()
    late.house.bench.wait(60)
    said = late.browser(Rank.LEAD).get("/policy/try")
    assert "the disk is full" in said.text
    assert "every 2s" not in said.text


def test_a_policy_that_is_tried_is_stopped_by_whoever_may_try_one(late: Office, held: threading.Event) -> None:
    admin = late.browser(Rank.ADMIN)
    refused = admin.post("/policy/try", {"text": "", "days": "30"})
    assert refused.status_code == 400
    assert "a-lead tries a policy" in text_of(refused)
    assert late.browser(Rank.AGENT).post("/policy/try/stop").status_code == 403
    said = text_of(admin.post("/policy/try/stop", hx_request="true"))
    assert "stopped when 34,000 of 100,000 complaints were behind" in said


def test_a_new_try_out_takes_the_place_of_ones_own(late: Office, held: threading.Event) -> None:
    lead = late.browser(Rank.LEAD)
    assert lead.post("/policy/try", {"text": "zone: Europe/Rome", "days": "7"}).status_code == 303
    going = late.house.bench.now
    assert going is not None
    assert (going.draft, going.days, going.outcome) == ("zone: Europe/Rome", 7, None)


def test_what_was_written_is_taken_back_with_one_click(late: Office) -> None:
    lead = late.browser(Rank.LEAD)
    for number in (1, 2, 3):
        lead.post(f"/outbox/{number}", {"decision": "approve"})
    late.sync()
    done = HTMLParser(lead.get("/outbox?state=done").text).css("tbody th a")
    undone = False
    for one in done:
        path = str(one.attributes["href"])
        if "Take back" in lead.get(path).text:
            said = lead.post(path, {"decision": "undo"})
            assert said.headers["location"] != path
            assert "is taken back by" in text_of(lead.get(said.headers["location"]))
            assert "being taken back already" in text_of(
                lead.get(lead.post(path, {"decision": "undo"}).headers["location"])
            )
            undone = True
    assert undone
    assert late.browser(Rank.AGENT).post("/outbox/1", {"decision": "undo"}).status_code == 403


def test_whoever_sees_to_a_complaint_is_noted(late: Office) -> None:
    agent = late.browser(Rank.AGENT)
    assert "I see to it" in agent.get(first(late)).text
    agent.post("/see-to", {"source": "shop", "ticket": late.desk.tickets()[0]})
    assert "You see to it" in text_of(agent.get(first(late)))
    assert "ack" in text_of(late.browser(Rank.LEAD).get("/audit?who=a-agent"))


# -- what strangers write --------------------------------------------------------------------------------------------

PATHS = (
    "/",
    "/live",
    "/complaints",
    "/find?q=nobody",
    "/outbox",
    "/quarantine",
    "/sources",
    "/audit",
    "/users",
    "/mappings/shop",
    "/people",
    "/trends",
    "/report",
    "/policy",
)


def harmless(text: str) -> list[str]:
    """What a page would run or fetch that is not ours."""
    tree, wrong = HTMLParser(text), []
    for node in tree.css("*"):
        attributes = node.attributes
        wrong += [f"{node.tag} {name}" for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction"):
            value = (attributes.get(name) or "").strip().lower()
            if value and not value.startswith(("/", "#", "https://", "?")):
                wrong.append(f"{node.tag} {name}={value}")
        if node.tag in ("iframe", "object", "embed", "base", "math", "style"):
            wrong.append(node.tag)
        if node.tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            wrong.append("script")
    return wrong


def test_h10_whatever_strangers_write_is_text_on_every_page(shop: Office) -> None:
    for number, payload in enumerate(PAYLOADS):
        person = {**KIM, "id": f"c{number}", "name": payload, "address": f"{payload}@example.com", "verified": False}
        custom = {"product": payload, "order_number": payload}
        ticket = shop.complain(payload, f"My parcel is late. {payload}", requester=person, custom=custom)
        shop.desk.label(ticket, [payload], by=payload)
        shop.desk.staff_reply(ticket, payload, by=payload)
    later(shop, 30)
    shop.sync()
    browser = shop.browser(Rank.ADMIN)
    shop.somebody(Rank.VIEWER, name=PAYLOADS[0])
    for path in (*PATHS, *(f"/complaints/shop/{ticket}" for ticket in shop.desk.tickets()), "/outbox/1"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert harmless(answer.text) == [], path
    for payload in PAYLOADS:
        said = browser.client.get("/find", params={"q": payload})
        assert said.status_code in (200, 303)
        assert harmless(said.text) == []
    # It is there, as words.
    page = browser.get(first(shop))
    assert "<script>alert(1)</script>" in HTMLParser(page.text).css_first("h1").text()


def test_h10_an_address_of_a_ticket_that_is_no_web_address_is_no_link(late: Office) -> None:
    with late.house.store.write("test") as connection:
        (stored,) = complaints.listing(connection)
        told = msgspec.structs.replace(stored.doc.complaint, url="javascript:alert(1)")
        row = revisions.packed(
            revisions.Saving(msgspec.structs.replace(stored.doc, complaint=told), stored.assessed, None, None),
            late.house.rules.people,
        )
        before = {stored.ticket: stored}
        revisions.save(connection, stored.source_id, [row], before, late.house.rules.people, late.wall)
    page = late.browser(Rank.VIEWER).get(first(late))
    assert page.status_code == 200
    assert harmless(page.text) == []


# -- reading it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/account", "/login", "COMPLAINT", "/outbox/1"])
def test_every_page_can_be_read_without_eyes_and_without_a_mouse(late: Office, path: str) -> None:
    browser = late.browser(None if path == "/login" else Rank.ADMIN)
    tree = HTMLParser(browser.get(first(late) if path == "COMPLAINT" else path).text)
    ids = [one.attributes["id"] for one in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    if path == "/live":
        return
    assert tree.css_first("html").attributes["lang"] == "en"
    assert len(tree.css("h1")) == 1
    assert len(tree.css("main")) == 1
    labelled = {one.attributes.get("for") for one in tree.css("label")}
    for field in tree.css("input:not([type=hidden]), select, textarea"):
        inside = field.parent is not None and field.parent.tag == "label"
        assert inside or field.attributes.get("aria-label") or field.attributes.get("id") in labelled, field.html
    for svg in tree.css("svg"):
        assert svg.attributes.get("role") == "img"
        assert svg.attributes.get("aria-label") or svg.css_first("title")
    for table in tree.css("table"):
        assert table.css("th[scope=col]")
    for scroll in tree.css(".scroll"):
        assert scroll.attributes.get("tabindex") == "0" and scroll.attributes.get("aria-label")
    for button in tree.css("button"):
        assert button.text().strip()
