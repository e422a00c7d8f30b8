"""The mapping commands as an admin types them, in this process, against a helpdesk in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cli
from adapters.memory import DESKS
from adapters.memory import Adapter as Memory
from connector.adapter import Discovery
from connector.commands.options import _complete_source
from connector.settings import load
from tests.unit.test_cli_commands import Office

SHIPPED = Path(cli.__file__).parent / "mappings" / "memory.yaml"


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    for number in range(6):
        ticket = made.complain(f"Parcel {number} late")
        made.desk.set(ticket, "custom:Bestellnummer", f"A-{number}")
        made.desk.set(ticket, "custom:Filiale", "Ghent" if number % 2 else "Lisbon")
    made.desk.advance(3600)
    yield made
    del DESKS[made.desk.name]


def mapped(office: Office, *changes: tuple[str, str], name: str = "memory") -> Path:
    """The office's own mapping, as shipped but for some changes."""
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = office.home / "mappings" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# -- discover --------------------------------------------------------------------------------------------------------


def test_discover_tells_how_full_each_field_is_and_what_it_could_be(office: Office) -> None:
    (found,) = office.type("mapping", "discover", "shop", "--json").json
    fields = {one["id"]: one for one in found["fields"]}
    assert found["read"] == 6
    assert (fields["custom:Filiale"]["filled"], fields["custom:Filiale"]["distinct"]) == (1.0, 2)
    assert fields["custom:Filiale"]["likely"] == "extra.branch"
    assert fields["subject"]["mapped"] == "subject"
    said = office.type("mapping", "discover", "shop").out
    assert "worth mapping (2)" in said
    assert said.index("mapped now") < said.index("worth mapping")


def test_discover_shows_nobody_s_name_address_or_words(office: Office) -> None:
    for words in (("mapping", "discover"), ("mapping", "discover", "--json")):
        said = office.type(*words).out
        assert "Kim" not in said
        assert "kim@" not in said
        assert "has still not arrived" not in said
        assert "Ghent" not in said


def test_discover_names_people_by_their_ids_only(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(adapter: Memory) -> Discovery:
        return Discovery((), people=(("712020:77", "Ana Ribeiro"),))

    monkeypatch.setattr(Memory, "discover", asked)
    for words in (("mapping", "discover"), ("mapping", "discover", "--json")):
        said = office.type(*words).out
        assert "712020:77" in said
        assert "Xxx Xxxxxxx" in said
        assert "Ana" not in said


def test_discover_stores_nothing(office: Office) -> None:
    office.type("mapping", "discover")
    assert not (office.home / "amends.db").exists()


def test_discover_says_so_where_there_is_no_ticket_yet(office: Office) -> None:
    for ticket in office.desk.tickets():
        office.desk.delete(ticket)
    assert office.type("mapping", "discover").code == 0


# -- suggest ---------------------------------------------------------------------------------------------------------


def test_suggest_shows_lines_with_reasons_and_writes_nothing_unasked(office: Office) -> None:
    said = office.type("mapping", "suggest", "shop")
    assert said.code == 0
    assert "  extra.branch: {from: custom:Filiale, type: text}  # " in said.out
    assert "amends mapping suggest shop --write" in said.out
    assert not (office.home / "mappings").exists()


def test_suggest_adds_its_lines_to_the_file_and_keeps_what_stands_there(office: Office) -> None:
    path = mapped(
        office,
        ("  subject: subject\n", "  subject: subject  # mine, and it stays\n  order_number: custom:mine\n"),
        ("  order_number: custom:order_number\n", ""),
    )
    said = office.type("mapping", "suggest", "shop", "--write")
    assert f"written to {path}" in said.out
    text = path.read_text(encoding="utf-8")
    assert "# mine, and it stays" in text
    mapping = load(office.home).sources["shop"].mapping
    assert mapping.fields["order_number"] == "custom:mine"
    assert mapping.fields["extra.branch"] == "custom:Filiale"
    assert (
        "nothing to add" in office.type("mapping", "suggest", "shop").out
        or "0 lines" in office.type("mapping", "suggest", "shop").out
    )


def test_suggest_begins_again_only_if_forced_and_keeps_the_former_file(office: Office) -> None:
    path = mapped(office, ("  subject: subject\n", "  subject: subject  # mine\n"))
    said = office.type("mapping", "suggest", "shop", "--write", "--force")
    assert "# the former file is" in said.out
    assert "# mine" not in path.read_text(encoding="utf-8")
    assert "# mine" in path.with_name("memory.yaml.old").read_text(encoding="utf-8")


# -- preview ---------------------------------------------------------------------------------------------------------


def test_preview_shows_live_tickets_and_what_has_no_line(office: Office) -> None:
    mapped(office, ("  product: custom:product\n", "  product: {from: custom:Filiale, values: {Ghent: Gand}}\n"))
    said = office.type("mapping", "preview", "shop", "--limit", "4")
    assert said.code == 0
    assert "unmapped:Lisbon" in said.out
    found = office.type("mapping", "preview", "shop", "--limit", "4", "--json").json
    (product,) = [one for one in found["fields"] if one["field"] == "product"]
    assert (found["read"], product["filled"], product["unmapped"], product["values"]) == (4, 4, 2, ["Lisbon"])
    assert found["against"] == "nothing is stored yet"


def test_preview_holds_a_draft_against_the_mapping_in_use(office: Office, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        SHIPPED.read_text(encoding="utf-8").replace("  new: new\n", "  new: on_hold\n", 1), encoding="utf-8"
    )
    found = office.type("mapping", "preview", "shop", "--mapping", str(draft), "--json").json
    rows = {row["field"]: (row["before"], row["after"]) for row in found["tickets"][0]["rows"]}
    assert rows["status"] == ("new", "on_hold")
    said = office.type("mapping", "preview", "shop", "--mapping", str(draft)).out
    assert "BEFORE" in said
    draft.write_text("adapter: memory\n", encoding="utf-8")
    refused = office.type("mapping", "preview", "shop", "--mapping", str(draft))
    assert refused.code == 2
    assert "'fields' is missing" in refused.err


def test_preview_tells_what_would_go_to_quarantine(office: Office) -> None:
    mapped(office, ("  product: custom:product\n", "  product: {from: custom:product, required: true}\n"))
    said = office.type("mapping", "preview", "shop").out
    assert "6 tickets would go to quarantine" in said
    assert "product is required (" in said
    assert office.type("sync", "--json").json["sources"][0]["quarantined"] >= 6
    assert "product is required (" in office.type("quarantine", "list").out


def test_preview_compares_with_what_is_stored(office: Office) -> None:
    office.type("sync")
    mapped(office, ("  new: new\n", "  new: on_hold\n"))
    found = office.type("mapping", "preview", "shop", "--json").json
    assert found["against"] == "as stored"
    rows = {row["field"]: (row["before"], row["after"]) for row in found["tickets"][0]["rows"]}
    assert rows["status"] == ("new", "on_hold")


# -- check -----------------------------------------------------------------------------------------------------------


def test_check_tells_misfits_with_file_line_and_column(office: Office) -> None:
    path = mapped(office, ("  hold: on_hold\n", ""), ("  product: custom:product\n", "  product: custom:gone\n"))
    said = office.type("mapping", "check", "shop")
    assert said.code == 1
    line = path.read_text(encoding="utf-8").splitlines().index("  product: custom:gone") + 1
    assert f"{path}:{line}:3: product is read from custom:gone" in said.out
    assert 'the status "Hold" has no line' in said.out


def test_check_counts_stored_values_without_a_line(office: Office) -> None:
    mapped(office, ("  product: custom:product\n", "  product: {from: custom:Filiale, values: {Ghent: Gand}}\n"))
    office.type("sync")
    office.type("sync")
    (one,) = office.type("mapping", "check", "shop", "--offline", "--json").json["sources"]
    (value,) = one["unplaced"]
    assert (value["field"], value["value"], value["count"]) == ("product", "Lisbon", 3)
    assert "1 stored value without a line" in office.type("check", "--offline").out


def test_check_says_what_is_worth_a_look_and_calls_it_no_mistake(office: Office) -> None:
    mapped(office, ("  product: custom:product\n", ""), ("  order_number: custom:order_number\n", ""))
    said = office.type("mapping", "check")
    assert (said.code, "worth a look:" in said.out) == (0, True)
    assert "owner is read from owner, which is empty in all of the 6 newest tickets" in " ".join(said.out.split())


def test_check_of_a_mapping_that_fits_says_so(office: Office) -> None:
    mapped(office, ("  product: custom:product\n", ""), ("  order_number: custom:order_number\n", ""))
    said = office.type("mapping", "check")
    assert (said.code, "everything fits" in said.out) == (0, True)


# -- backfill --------------------------------------------------------------------------------------------------------


def test_backfill_shows_what_would_change_and_changes_nothing_in_a_dry_run(office: Office) -> None:
    office.type("sync")
    mapped(office, ("  new: new\n", "  new: on_hold\n"))
    (plan,) = office.type("mapping", "backfill", "shop", "--dry-run", "--json").json
    assert (plan["read"], plan["changed"], plan["fields"]["status"]) == (6, 6, 6)
    assert office.type("complaints", "list", "--json").json[0]["status"] == "new"


def test_backfill_asks_before_it_stores(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.type("sync")
    mapped(office, ("  new: new\n", "  new: on_hold\n"))
    nobody = office.type("mapping", "backfill", "shop")
    assert nobody.code == 2
    assert "6 would come out differently" in nobody.err
    assert "Say --yes" in nobody.err
    assert office.type("complaints", "list", "--json").json[0]["status"] == "new"
    calls = office.desk.calls
    said = office.type("mapping", "backfill", "shop", "--yes")
    assert "6 came out differently" in said.out
    assert "status: new -> on_hold" in said.out
    assert office.desk.calls == calls, "nothing was fetched"
    assert office.type("complaints", "list", "--json").json[0]["status"] == "on_hold"


def test_backfill_with_nothing_to_do_asks_nobody(office: Office) -> None:
    office.type("sync")
    said = office.type("mapping", "backfill", "shop")
    assert (said.code, "0 would come out differently" in said.out) == (0, True)


def test_backfill_of_a_value_that_got_its_line_takes_it_off_the_list(office: Office) -> None:
    line = "  product: {from: custom:Filiale, values: {Ghent: Gand"
    mapped(office, ("  product: custom:product\n", line + "}}\n"))
    office.type("sync")
    mapped(office, ("  product: custom:product\n", line + ", Lisbon: Lissabon}}\n"))
    office.type("mapping", "backfill", "--yes")
    (one,) = office.type("mapping", "check", "shop", "--offline", "--json").json["sources"]
    assert one["unplaced"] == []


TARGETS = "targets: [{{name: Reply, clock: first_reply, within: {within}, calendar: always}}]\n"


def test_closed_complaints_keep_their_clocks_until_somebody_says_closed(office: Office) -> None:
    (office.home / "sla.yaml").write_text(TARGETS.format(within="4h"))
    ticket = office.desk.tickets()[0]
    office.desk.staff_reply(ticket, "Here you are.")
    office.desk.set(ticket, "status", "solved")
    office.type("sync")
    (office.home / "sla.yaml").write_text(TARGETS.format(within="30m"))
    told = " ".join(office.type("explain", f"shop/{ticket}").out.split())
    assert "met, 1 h of 4 h used" in told, "also before anybody read the change into the store"
    (plan,) = office.type("mapping", "backfill", "--dry-run", "--json").json
    assert plan["fields"] == {"first_reply#1": 5}
    (plan,) = office.type("mapping", "backfill", "--closed", "--dry-run", "--json").json
    assert plan["fields"] == {"first_reply#1": 6}
    office.type("sync")
    told = " ".join(office.type("explain", f"shop/{ticket}").out.split())
    assert "met, 1 h of 4 h used" in told
    assert "as counted before the settings changed" in told
    (plan,) = office.type("mapping", "backfill", "--closed", "--dry-run", "--json").json
    assert plan["fields"] == {"first_reply#1": 1}
    said = office.type("mapping", "backfill", "--closed", "--yes")
    assert "1 came out differently" in said.out
    assert "of 30 min used" in office.type("explain", f"shop/{ticket}").out
    assert "answered too late" in office.type("explain", f"shop/{ticket}").out


# -- schemas, completion ---------------------------------------------------------------------------------------------


def test_schemas_are_written_for_editors_and_old_ones_are_noticed(office: Office) -> None:
    office.type("mapping", "schemas", "--dry-run")
    assert not (office.home / ".schemas").exists()
    assert "mapping.json" in office.type("mapping", "schemas").out
    assert ".schemas is of another version" not in office.type("check", "--offline").out
    (office.home / ".schemas" / "mapping.json").write_text("{}", encoding="utf-8")
    assert ".schemas is of another version" in office.type("check", "--offline").out


def test_a_shell_completes_the_names_of_sources(office: Office) -> None:
    class Context:
        def find_root(self) -> Context:
            return self

        @property
        def params(self) -> dict[str, Path]:
            return {"home": office.home}

    assert _complete_source(Context(), "s") == ["shop"]  # type: ignore[arg-type]
    assert _complete_source(Context(), "x") == []  # type: ignore[arg-type]
