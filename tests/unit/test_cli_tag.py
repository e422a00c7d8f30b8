"""`amends tag …`: texts in, answers out, whatever the lines are; models trained, compared, refused and rolled back."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import cli
from connector.commands import tag_train
from connector.settings.folder import SHIPPED
from connector.store import labels
from connector.tagging.book import Facet
from tests.end_to_end.test_learning import WHEN
from tests.unit.test_cli_commands import Office, Said, office

__all__ = ["office"]

KEYS = [
    "id",
    "language",
    "is_complaint",
    "category",
    "root_cause",
    "severity",
    "sentiment",
    "product",
    "remedies",
    "emergency",
]
LATE = "My parcel has not arrived, the courier is two weeks late. I want a refund of £20."
FACET = {"value", "confidence", "evidence", "by"}


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """`amends words` in an empty folder, with these lines on the standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMENDS_HOME", raising=False)

    def type_(*words: str, lines: str | bytes = "") -> Said:
        raw = lines.encode("utf-8", "surrogatepass") if isinstance(lines, str) else lines
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        monkeypatch.setattr(sys, "argv", ["amends", *words])
        capsys.readouterr()
        try:
            cli.main()
            code: Any = 0
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return Said(int(code or 0), out, err)

    return type_


def rows(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


# -- tag text --------------------------------------------------------------------------------------------------------


def test_one_line_in_one_line_out_in_order_and_with_all_keys(typed: Any) -> None:
    lines = "".join(json.dumps({"id": number, "text": LATE, "lang": "en"}) + "\n" for number in range(600))
    said = typed("tag", "text", "--json", lines=lines)
    assert said.code == 0
    found = rows(said)
    assert [row["id"] for row in found] == list(range(600))
    first = found[0]
    assert list(first) == KEYS
    assert first["is_complaint"]["value"] == "complaint"
    assert first["category"]["value"] == "delivery"
    assert [one["value"] for one in first["remedies"]] == ["refund"]
    assert first["remedies"][0]["amount"] == ["20", "GBP"]
    for key in ("language", "is_complaint", "category", "root_cause", "severity", "sentiment", "product"):
        assert set(first[key]) >= FACET
    assert first["product"]["value"] is None
    assert all(row == {**first, "id": row["id"]} for row in found), "the same text, the same answer"


def test_evidence_counts_characters_of_the_text_as_it_came(typed: Any) -> None:
    text = "😀 «Ärger» 😡 my parcel has not arrived"
    [row] = rows(typed("tag", "text", "--json", lines=json.dumps({"id": "a", "text": text, "lang": "en"}) + "\n"))
    quotes = [text[start:end] for start, end in row["category"]["evidence"]]
    assert quotes
    assert all("parcel" in quote or "arrived" in quote for quote in quotes)


def test_a_bad_line_is_told_with_its_number_and_stops_nothing(typed: Any) -> None:
    lines = (
        '{"id":1,"text":"hello there"}\nnot json\n\n[1]\n{"id":2}\n'
        '{"id":3,"text":"all fine","lang":7}\n{"id":4,"text":"bye"}\n'
    )
    said = typed("tag", "text", "--json", lines=lines)
    assert said.code == 1
    assert [row["id"] for row in rows(said)] == [1, 4]
    told = said.err.splitlines()
    assert [line.split(": ")[0] for line in told] == [f"standard input:{number}" for number in (2, 4, 5, 6)]


def test_half_a_surrogate_pair_goes_in_and_comes_back(typed: Any) -> None:
    said = typed("tag", "text", "--json", lines='{"id":"x\\ud83d","text":"my parcel \\ud83d is late","lang":"en"}\n')
    assert said.code == 0
    assert rows(said)[0]["id"] == "x\ud83d"


def test_a_file_that_is_not_there_is_told(typed: Any) -> None:
    said = typed("tag", "text", "nowhere.jsonl", "--json")
    assert said.code == 1
    assert "nowhere.jsonl cannot be read" in said.err


def test_without_json_a_person_reads_it(typed: Any) -> None:
    said = typed("tag", "text", lines='{"id":7,"text":"My parcel has not arrived.","lang":"en"}\n')
    assert said.out.startswith("7  ")
    assert "category: delivery" in said.out


def test_what_cannot_wait_stands_first_and_a_pipe_gets_the_whole_line(typed: Any) -> None:
    text = "My fitter was rude, I want my money back and an apology, and there is a fire in the building."
    said = typed("tag", "text", lines=json.dumps({"id": 7, "text": text, "lang": "en"}) + "\n")
    assert said.out.startswith("7  emergency: safety (")
    assert "sentiment: " in said.out and "…" not in said.out


@pytest.mark.parametrize("lang", ["de", "DE", "de-AT", "de_CH"])
def test_a_language_is_understood_however_a_helpdesk_writes_it(typed: Any, lang: str) -> None:
    [row] = rows(typed("tag", "text", "--json", lines=json.dumps({"id": 1, "text": "Bitte Geld", "lang": lang}) + "\n"))
    assert row["language"]["value"] == "de"


def test_the_same_words_are_no_two_pieces_of_evidence(typed: Any) -> None:
    lines = '{"id":1,"text":"My parcel has not arrived, the courier lost it. I complain.","lang":"en"}\n'
    [row] = rows(typed("tag", "text", "--json", lines=lines))
    for told in row.values():
        for one in told if isinstance(told, list) else [told]:
            if isinstance(one, dict):
                assert len(set(map(tuple, one["evidence"]))) == len(one["evidence"])


def test_an_enquiry_is_no_complaint(typed: Any) -> None:
    lines = '{"id":1,"text":"What are your opening hours on Sunday, please?","lang":"en"}\n'
    assert rows(typed("tag", "text", "--json", lines=lines))[0]["is_complaint"]["value"] == "enquiry"


# -- train and evaluate ------------------------------------------------------------------------------------------------


def labelled(path: Path, pairs: list[tuple[str, Any]]) -> str:
    path.write_text("".join(json.dumps({"text": text, "label": label, "lang": "en"}) + "\n" for text, label in pairs))
    return str(path)


ROOMS = [
    ("the tap in the bath drips", "bath"),
    ("the oven in the kitchen smokes", "kitchen"),
    ("the lift stands", "stairs"),
]


def test_any_question_can_be_taught_and_examined(typed: Any, tmp_path: Path) -> None:
    train = labelled(
        tmp_path / "train.jsonl", [(f"{text} since day {n}", room) for n in range(12) for text, room in ROOMS]
    )
    test = labelled(tmp_path / "test.jsonl", [(f"again {text}", room) for text, room in ROOMS])
    done = typed("tag", "train", train, "--facet", "room", "--model", "rooms", "--json")
    assert done.code == 0
    assert done.json["examples"] == 36
    assert (tmp_path / "rooms" / "model.bin").exists()
    said = typed("tag", "evaluate", test, "--facet", "room", "--model", "rooms", "--json")
    assert said.code == 0
    assert said.json["measured"]["macro_f1"] == 1.0
    assert set(said.json["measured"]["per_class"]) == {"bath", "kitchen", "stairs"}
    [row] = rows(
        typed(
            "tag",
            "text",
            "--json",
            "--model",
            "rooms",
            lines='{"id":1,"text":"the tap in my bath drips","lang":"en"}\n',
        )
    )
    assert row["room"]["value"] == "bath"


def test_training_twice_gives_the_same_bytes(typed: Any, tmp_path: Path) -> None:
    train = labelled(tmp_path / "train.jsonl", [(f"{text} {n}", room) for n in range(8) for text, room in ROOMS])
    for folder in ("one", "two"):
        assert typed("tag", "train", train, "--facet", "room", "--model", folder).code == 0
    assert (tmp_path / "one" / "model.bin").read_bytes() == (tmp_path / "two" / "model.bin").read_bytes()


def test_a_dry_run_writes_nothing(typed: Any, tmp_path: Path) -> None:
    train = labelled(tmp_path / "train.jsonl", [(f"{text} {n}", room) for n in range(8) for text, room in ROOMS])
    assert typed("tag", "train", train, "--facet", "room", "--model", "rooms", "--dry-run").code == 0
    assert not (tmp_path / "rooms").exists()


def test_labels_that_say_nothing_are_told_by_line(typed: Any, tmp_path: Path) -> None:
    file = labelled(tmp_path / "test.jsonl", [("my parcel is late", 1), ("opening hours?", 0), ("hm", "perhaps")])
    said = typed("tag", "evaluate", file, "--facet", "is_complaint", "--json")
    assert said.code == 1
    assert "test.jsonl:3" in said.err
    assert said.json["measured"]["texts"] == 2


def test_a_question_that_nobody_answers_is_refused_with_those_that_are(typed: Any, tmp_path: Path) -> None:
    file = labelled(tmp_path / "test.jsonl", [("my parcel is late", "x")])
    said = typed("tag", "evaluate", file, "--facet", "weather")
    assert said.code == 1
    assert "category" in said.err


def test_a_folder_without_a_model_is_told(typed: Any, tmp_path: Path) -> None:
    file = labelled(tmp_path / "test.jsonl", [("my parcel is late", 1)])
    said = typed("tag", "evaluate", file, "--facet", "is_complaint", "--model", "empty")
    assert said.code == 2
    assert "cannot be read" in said.err


# -- what people say, and the next model -------------------------------------------------------------------------------


@pytest.fixture
def few_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """One in a hundred of the shipped examples: learning all of them takes longer than a test may."""
    every = tag_train.shipped_examples()
    monkeypatch.setattr(tag_train, "shipped_examples", lambda: every[::100])


def gauges(office: Office, count: int = 24) -> list[str]:
    """Complaints about things that no phrase and no model knows."""
    found = []
    for number in range(count):
        who = {
            "id": f"c{number}",
            "name": "Kim",
            "address": f"kim{number}@example.com",
            "verified": True,
            "language": "en",
        }
        text = f"My zorblatt quibbs {WHEN[(number + 1) % len(WHEN)]}. I complain."
        found.append(office.desk.open("Quibbing", text, requester=who))
    return found


def test_a_review_lists_what_is_open_and_records_what_is_said(office: Office) -> None:
    [ticket] = gauges(office, 1)
    office.type("sync")
    category = ("tag", "review", "--facet", "category")
    assert [one["id"] for one in office.type(*category, "--json").json["open"]] == [f"shop/{ticket}"]
    assert office.type(*category, "--say", f"shop/{ticket}=account", "--dry-run").code == 0
    assert office.type(*category, "--json").json["open"] != []
    assert office.type(*category, "--say", f"shop/{ticket}=account").code == 0
    assert office.type(*category, "--json").json["open"] == []
    office.desk.customer_message(ticket, "The courier lost my parcel as well.")
    office.desk.advance(60)
    office.type("sync")
    [shown] = office.type("complaints", "list", "--json").json
    assert shown["category"] == "account", "an agent's word survives what comes later"
    with office.store().read() as connection:
        assert [one.values for one in labels.of_facet(connection, "category")] == [("account",)]


def test_a_review_refuses_a_value_that_there_is_not(office: Office) -> None:
    ticket = office.complain()
    office.type("sync")
    said = office.type("tag", "review", "--facet", "category", "--say", f"shop/{ticket}=weather")
    assert said.code == 1
    assert "payment" in said.err


@pytest.mark.usefixtures("few_shipped")
def test_a_corrected_tag_in_the_helpdesk_changes_the_next_model_and_can_be_taken_back(office: Office) -> None:
    tickets = gauges(office)
    office.type("sync")
    for ticket in tickets:
        office.desk.label(ticket, ["amends_category_account"], "kim")
    office.desk.advance(60)
    office.type("sync")
    with office.store().read() as connection:
        assert {one.values for one in labels.of_facet(connection, "category")} == {("account",)}
    file = office.home / "one.jsonl"
    file.write_text('{"id": 1, "text": "My zorblatt hums on the roof. I complain.", "lang": "en"}\n')

    def category() -> str | None:
        said = office.type("tag", "text", str(file), "--json")
        value = json.loads(said.out)["category"]["value"]
        return None if value is None else str(value)

    assert category() != "account"
    done = office.type("tag", "train", "--facet", "category", "--json")
    assert done.code == 0, done.err
    told = done.json
    assert told["own_examples"] == 24
    assert told["own"]["macro_f1"] >= told["was"]["macro_f1"]
    assert told["live"] and not told["refused"]
    assert category() == "account"
    assert "live" in office.type("tag", "models").out
    plan = office.type("mapping", "backfill", "--dry-run")
    assert plan.code == 0
    would = office.type("tag", "rollback", "category", "--shipped", "--dry-run").out
    assert "the shipped model would be live" in would
    assert category() == "account"
    assert "the shipped model is live" in office.type("tag", "rollback", "category", "--shipped").out
    assert category() != "account"


@pytest.mark.usefixtures("few_shipped")
def test_few_labels_are_an_accident_and_go_nowhere(office: Office) -> None:
    ticket = office.complain()
    office.type("sync")
    office.type("tag", "review", "--facet", "category", "--say", f"shop/{ticket}=payment")
    said = office.type("tag", "train", "--facet", "category", "--json")
    assert said.code == 1
    assert "fewer than" in " ".join(said.json["refused"])
    assert not said.json["live"]
    assert office.type("tag", "models", "--json").json[0]["live"] is False


@pytest.mark.usefixtures("few_shipped")
def test_a_label_that_the_taxonomy_has_not_is_told_by_line_and_not_learnt(office: Office) -> None:
    texts = [(f"the parcel number {n} came late", label) for n in range(12) for label in ("delivery", "delivry")]
    file = labelled(office.home / "more.jsonl", [(text + label, label) for text, label in texts])
    said = office.type("tag", "train", file, "--facet", "category", "--json")
    assert said.code == 1
    assert "more.jsonl:2: category has no value 'delivry' in the taxonomy (did you mean 'delivery'?)" in said.err
    assert said.json["skipped"] == 12
    assert "delivry" not in said.json["classes"]


@pytest.mark.usefixtures("few_shipped")
def test_a_renamed_value_is_learnt_by_its_new_name(office: Office) -> None:
    taxonomy = (SHIPPED / "taxonomy.yaml").read_text(encoding="utf-8")
    renamed = "      billing: {title: Money, was: payment}\n"
    (office.home / "taxonomy.yaml").write_text(
        taxonomy.replace("      payment: Money, prices and bills\n", renamed), encoding="utf-8"
    )
    file = labelled(office.home / "more.jsonl", [("charged twice", "payment"), ("charged again", "billing")])
    said = office.type("tag", "train", file, "--facet", "category", "--dry-run", "--json")
    assert said.json["own_examples"] == 2
    assert "billing" in said.json["classes"] and "payment" not in said.json["classes"]
    judged = office.type("tag", "evaluate", file, "--facet", "category", "--json")
    assert set(judged.json["measured"]["per_class"]) >= {"billing"}
    assert "payment" not in judged.json["measured"]["per_class"]


@pytest.mark.usefixtures("few_shipped")
def test_which_product_is_meant_can_be_taught_though_no_facet_is_written_for_it(office: Office) -> None:
    taxonomy = (SHIPPED / "taxonomy.yaml").read_text(encoding="utf-8")
    (office.home / "taxonomy.yaml").write_text(taxonomy + "\nproducts:\n  Kettle:\n  Lamp:\n", encoding="utf-8")
    file = labelled(office.home / "more.jsonl", [("it boils no more", "Kettle"), ("it stays dark", "Lamp")])
    said = office.type("tag", "train", file, "--facet", "product", "--dry-run", "--json")
    assert said.json["classes"] == {"Kettle": 1, "Lamp": 1}


def test_a_former_name_that_is_given_to_a_new_value_means_the_new_one() -> None:
    facet = Facet("What it is about", {"billing": "Money", "payment": "Paying at the till"}, was={"payment": "billing"})
    assert facet.meant("payment") == "payment"
    assert facet.named("payment") == "billing"
    assert facet.meant("bees") is None


def test_a_question_that_the_taxonomy_has_not_is_not_trained_to_go_live(office: Office) -> None:
    file = labelled(office.home / "more.jsonl", [("my bees swarm", "bee"), ("my goat sings", "goat")])
    said = office.type("tag", "train", file, "--facet", "animal")
    assert said.code == 1
    assert "the taxonomy has no facet 'animal'" in said.err
    assert office.type("tag", "train", file, "--facet", "animal", "--model", str(office.home / "own")).code == 0


def test_rolling_back_where_nothing_was_trained_is_told(office: Office) -> None:
    said = office.type("tag", "rollback", "category")
    assert said.code == 2
    assert "amends tag models" in said.err
    assert "was live already" in office.type("tag", "rollback", "category", "--shipped").out


def test_rolling_back_to_two_models_is_refused(office: Office) -> None:
    said = office.type("tag", "rollback", "category", "--shipped", "--to", "1")
    assert said.code == 2
    assert "--to and --shipped" in said.err


def test_an_example_that_fails_is_told_with_its_file_and_line(office: Office) -> None:
    (office.home / "phrases").mkdir(exist_ok=True)
    (office.home / "phrases" / "ours.yaml").write_text(
        "language: en\nphrases: {}\nexamples:\n  match:\n"
        "    - text: My hive is full.\n      says: {category: delivery}\n  miss:\n"
        '    - {text: I complain., says: {complaint: "yes"}}\n',
        encoding="utf-8",
    )
    said = office.type("check", "--offline", "--json")
    assert said.code == 1
    matched, missed = said.json["problems"]
    assert "phrases/ours.yaml:5:13: " in matched and "should be category: delivery" in matched
    assert "phrases/ours.yaml:8:14: " in missed and "should not be complaint: yes" in missed


def test_a_broken_model_is_found_by_a_check(office: Office) -> None:
    folder = office.home / "models" / "category" / "1"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"nothing")
    (folder.parent / "live").write_text("1\n")
    said = office.type("check", "--offline")
    assert said.code == 2
    assert "no model of Amends" in said.err


def test_an_italian_courier_is_no_newspaper(typed: Any) -> None:
    text = "Il mio pacco non è ancora arrivato, il corriere lo ha perso. Sono molto deluso e voglio il rimborso."
    (row,) = rows(typed("tag", "text", "--json", lines=json.dumps({"id": 1, "text": text}) + "\n"))
    assert (row["category"]["value"], row["root_cause"]["value"], row["emergency"]) == ("delivery", "carrier", [])
