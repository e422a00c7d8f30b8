"""What an admin may say of one field: where it comes from, its type, table, default, whether it must be there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import RecordError
from connector.mapping import (
    Mapping,
    Product,
    Products,
    check_examples,
    normalise,
    placed,
    source_fields,
    to_source,
    words,
)
from connector.model import JSON, Complaint, Entry, EntryKind, Priority, Status
from connector.settings import SettingsFilesError, load, shipped_mapping
from connector.settings.sources import with_fields
from connector.timeline import Words, fold, status_name

T = datetime(2026, 5, 23, 8, 15, tzinfo=UTC)
MAIN = "sources:\n  shop: {adapter: memory, options: {desk: demo}}\n"
HEAD = "adapter: memory\nstatus: {open: open, deleted: deleted}\n"
FIELDS = HEAD + "fields:\n  subject: subject\n"
PRODUCTS = """\
products:
  Kitchen:
    words: {de: [Küche]}
    parts:
      Kettle: {words: {en: [water boiler, slip], de: [Wasserkocher]}}
      Toaster:
  Clothes:
    parts:
      Pants: {words: {de: [Slip]}}
"""


def written(home: Path, **files: str) -> Path:
    for name, text in {"amends.yaml": MAIN, "policy.yaml": "rules: []\n", **files}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    return home


def mapping(home: Path, lines: str, **files: str) -> Mapping:
    return load(written(home, **{"mappings/memory.yaml": FIELDS + lines, **files})).sources["shop"].mapping


def wrong(home: Path, lines: str, **files: str) -> list[str]:
    with pytest.raises(SettingsFilesError) as error:
        mapping(home, lines, **files)
    return [str(problem).removeprefix(f"{home}/") for problem in error.value.problems]


def complaint(by: Mapping, status: str = "open", **fields: JSON) -> Complaint:
    entries = [Entry("0", EntryKind.RECEIVED, T, T), Entry("1", EntryKind.STATUS, T, T, value=status)]
    folded = fold(entries, words(by))
    assert folded is not None
    return normalise("shop", "7", 1, fields, folded, by)


def test_the_short_and_the_long_form_of_a_field_mean_the_same(tmp_path: Path) -> None:
    short = mapping(tmp_path / "a", "  product: p\nvalues: {product: {k: Kettle}}\n")
    long = mapping(tmp_path / "b", "  product: {from: p, values: {k: Kettle}}\n")
    assert (short.fields, short.values) == (long.fields, long.values)


def test_a_default_stands_in_where_the_source_says_nothing(tmp_path: Path) -> None:
    by = mapping(
        tmp_path, "  product: {from: p, default: Unknown, values: {k: Kettle}}\n  extra.a: {from: a, default: x}\n"
    )
    assert [complaint(by, p=value).product for value in (None, "", [], "k")] == [
        "Unknown",
        "Unknown",
        "Unknown",
        "Kettle",
    ]
    assert complaint(by).extra == {"a": "x"}
    assert complaint(by).problems == ()


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_a_required_field_that_is_empty_puts_the_ticket_into_quarantine_and_says_where_to_look(
    tmp_path: Path, empty: JSON
) -> None:
    by = mapping(tmp_path, "  order_number: {from: custom:17, required: true}\n")
    with pytest.raises(RecordError) as refusal:
        complaint(by, custom={"17": empty})
    said = str(refusal.value)
    assert said.startswith("shop/7: order_number is required (")
    assert "mappings/memory.yaml:5:3" in said
    assert "custom:17" in said
    assert complaint(by, custom={"17": 0}).order_number == "0"


def test_a_ticket_that_was_deleted_is_known_as_deleted_whatever_is_required(tmp_path: Path) -> None:
    by = mapping(tmp_path, "  order_number: {from: o, required: true}\n")
    assert complaint(by, status="deleted").status is Status.DELETED


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", 7, "seven"),
        ("yes_no", True, "x"),
        ("choices", ["a"], "a"),
        ("date", "2026-05-23", "soon"),
        ("choice", "a", True),
        ("labels", [], "a b"),
    ],
)
def test_a_field_that_was_made_another_type_at_the_source_is_reported(
    tmp_path: Path, kind: str, good: JSON, bad: JSON
) -> None:
    by = mapping(tmp_path, f"  product: {{from: p, type: {kind}}}\n")
    retyped = [problem for problem in complaint(by, p=bad).problems if problem.startswith("product: expected")]
    assert retyped
    assert [one for one in complaint(by, p=good).problems if one.startswith(f"product: expected a {kind}")] == []


def test_several_values_where_one_is_meant(tmp_path: Path) -> None:
    first = mapping(tmp_path / "a", "  product: p\n")
    both = mapping(tmp_path / "b", "  product: {from: p, type: choices}\n")
    assert complaint(first, p=["A"]).problems == ()
    assert complaint(first, p=["A", "B"]).product == "A"
    assert complaint(first, p=["A", "B"]).problems == ("product: 2 values, the first counts",)
    assert complaint(both, p=["A", "B"]).product == "A, B"


def test_an_order_number_in_a_field_for_numbers_has_no_fraction(tmp_path: Path) -> None:
    by = mapping(tmp_path, "  order_number: o\n")
    assert [complaint(by, o=value).order_number for value in (10412.0, 10412, 1.5)] == ["10412", "10412", "1.5"]


def test_a_date_without_a_time_is_read_where_the_mapping_says_that_it_is_one(tmp_path: Path) -> None:
    by = mapping(tmp_path, "  accepted_at: {from: d, type: date}\n")
    assert complaint(by, d="2026-05-23").accepted_at == datetime(2026, 5, 23, tzinfo=UTC)


def test_a_field_of_both_directions_is_written_by_its_own_table(tmp_path: Path) -> None:
    by = mapping(
        tmp_path,
        "  product: {from: p, direction: both, values: {k1: Kettle, k2: Kettle}}\n"
        "  team: {from: t, direction: write}\n",
    )
    assert complaint(by, p="k2", t="x").product == "Kettle"
    assert complaint(by, p="k2", t="x").team is None
    assert to_source(by, {"product": "Kettle", "team": "x"}) == {"p": "k1", "t": "x"}


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("  product: {frm: p}\n", "5:13: unknown key 'frm'; did you mean 'from'?"),
        ("  product: {type: text}\n", "5:12: 'from' is missing"),
        ("  product: {from: p, type: txt}\n", "5:28: 'txt' is not known here; did you mean 'text'?"),
        ("  subject2: s\n", "5:3: a complaint has no field 'subject2'"),
        ("  order_number: {from: p, values: {a: b}}\n", "5:17: order_number takes no table"),
        ("  opened_at: {from: p, default: x}\n", "5:14: opened_at takes no default"),
        ("  product: {from: p, default: x, required: true}\n", "5:12: product is required and has a default"),
        (
            "  product: {from: p, values: {a: b}}\nvalues: {product: {a: c}}\n",
            "5:12: product has a table here and another",
        ),
        ("  product: {from: p, direction: both}\nwrite: {product: q}\n", "5:12: product is written here and under"),
        ("  text: {from: p, direction: both}\n", "5:9: text cannot be written"),
        ("  team: {from: p, direction: write, required: true}\n", "5:9: team is only written"),
        ("write: {tag.colour: x}\n", "5:9: a complaint has no field 'tag.colour' that can stand here"),
        ("write: {flag.late: x}\n", "5:9: a complaint has no field 'flag.late' that can stand here; did you mean"),
    ],
)
def test_a_line_that_cannot_be_is_named_with_its_place_and_a_remedy(tmp_path: Path, lines: str, what: str) -> None:
    assert any(one.startswith(f"mappings/memory.yaml:{what}") for one in wrong(tmp_path, lines)), wrong(tmp_path, lines)


# -- one file for a kind of helpdesk, another one for a source -------------------------------------------------------


def test_a_file_called_like_the_source_goes_before_the_one_called_like_its_adapter(tmp_path: Path) -> None:
    home = written(
        tmp_path,
        **{
            "amends.yaml": MAIN + "  store: {adapter: memory, options: {desk: other}}\n",
            "mappings/memory.yaml": FIELDS + "  product: one\n",
            "mappings/store.yaml": FIELDS + "  product: two\n",
        },
    )
    sources = load(home).sources
    assert {name: one.mapping.fields["product"] for name, one in sources.items()} == {"shop": "one", "store": "two"}
    assert sources["store"].mapping_file == "mappings/store.yaml"
    assert load(home).warnings == ()


def test_an_adapter_that_has_to_be_told_what_to_fetch_is_told_what_the_mapping_names(tmp_path: Path) -> None:
    class Options(msgspec.Struct, frozen=True):
        fields: tuple[str, ...] = ()

    by = mapping(tmp_path, "  product: customfield_7.name\n  extra.a: custom:9\nwrite: {tag.category: c}\n")
    assert source_fields(by) == ("c", "custom:9", "customfield_7", "subject")
    assert with_fields(Options(), by).fields == source_fields(by)
    assert with_fields(Options(("mine",)), by).fields == ("mine",)
    assert with_fields({"fields": ()}, by) == {"fields": ()}


# -- products --------------------------------------------------------------------------------------------------------


def taxonomy() -> str:
    from connector.settings.folder import SHIPPED

    return (SHIPPED / "taxonomy.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "language", "product", "group"),
    [
        ("Kettle", None, "Kettle", "Kitchen"),
        ("  wasserkocher ", "en", "Kettle", "Kitchen"),
        ("Kitchen / Toaster", None, "Toaster", "Kitchen"),
        ("Garden / Toaster", None, "Toaster", "Kitchen"),
        ("KÜCHE", None, "Kitchen", None),
        ("Slip", "de", "Pants", "Clothes"),
        ("Slip", "en", "Kettle", "Kitchen"),
        ("Slip", None, "unmapped:Slip", None),
        ("Lamp", None, "unmapped:Lamp", None),
        ("k", None, "Kettle", "Kitchen"),
        ("z", None, "Zeppelin", None),
    ],
)
def test_a_product_is_known_by_all_its_names(
    tmp_path: Path, value: str, language: str | None, product: str, group: str | None
) -> None:
    lines = "  language: l\n  product: {from: p, values: {k: Water Boiler, z: Zeppelin}}\n"
    by = mapping(tmp_path, lines, **{"taxonomy.yaml": taxonomy() + PRODUCTS})
    found = complaint(by, p=value, l=language)
    assert found.product == product
    assert found.extra.get("product_group") == group
    assert bool(found.problems) == product.startswith("unmapped:")


def test_a_word_for_two_products_and_a_product_in_two_places_are_refused(tmp_path: Path) -> None:
    tree = "products:\n  A: {words: {en: [x]}}\n  B: {words: {en: [X]}, parts: {A: {}}}\n"
    said = wrong(tmp_path, "", **{"taxonomy.yaml": taxonomy() + tree})
    assert [one.partition(": ")[2] for one in said] == [
        "'X' stands for 'A' and for 'B'; take it out of one of the two",
        "there are two products called 'A'; give each a name of its own",
    ]


def test_other_products_ask_for_a_replay_and_none_change_nothing(tmp_path: Path) -> None:
    home = written(tmp_path, **{"taxonomy.yaml": taxonomy()})
    before = load(home).sources["shop"].rules_digest.split(":")
    written(home, **{"taxonomy.yaml": taxonomy() + PRODUCTS})
    after = load(home).sources["shop"].rules_digest.split(":")
    assert before[0] != after[0]


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@given(st.lists(NAMES, unique=True, min_size=1, max_size=5), NAMES)
def test_every_product_is_found_by_its_own_name_and_nothing_else_ever_fails(names: list[str], other: str) -> None:
    tree = Products(tuple(Product(name) for name in names))
    for name in names:
        found = tree.find(name, None)
        assert found is None or found.casefold().split() == name.casefold().split()
    tree.find(other, "en")


# -- where findings go -----------------------------------------------------------------------------------------------


def test_findings_are_placed_where_the_mapping_says_and_nowhere_else(tmp_path: Path) -> None:
    by = mapping(
        tmp_path,
        "  labels: labels\n"
        "write: {tags: labels, tag.category: c, flag.overdue: {to: f, values: {overdue: true}}, survey: s}\n",
    )
    assert placed(by, "tag.category", "delivery") == {"c": "delivery"}
    assert placed(by, "flag.overdue", "overdue") == {"f": True}
    assert placed(by, "flag.repeat", "repeat") == {}
    assert placed(by, "survey", "due") == {"s": "due"}
    assert placed(by, "tags", ["a"]) == {}, "the source's own labels"
    assert placed(by, "tag.category", "unmapped:x") == {}
    assert placed(mapping(tmp_path, "  labels: labels\nwrite: {tags: t}\n"), "tags", ["a"]) == {"t": ["a"]}


# -- statuses of many projects ---------------------------------------------------------------------------------------


def test_a_status_is_looked_up_for_its_project_first() -> None:
    by = Words({"Done": Status.RESOLVED, "OPS/Done": Status.CLOSED, "in/out": Status.OPEN}, {"High": Priority.HIGH})
    told = {word: by.status_of(word) for word in ("OPS/Done", "CARE/Done", "Done", "in/out", "ops/Done", "OPS/Odd", "")}
    assert told == {
        "OPS/Done": Status.CLOSED,
        "CARE/Done": Status.RESOLVED,
        "Done": Status.RESOLVED,
        "in/out": Status.OPEN,
        "ops/Done": None,
        "OPS/Odd": None,
        "": None,
    }


@given(st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True), st.text(max_size=20))
def test_the_name_of_a_status_survives_its_project(key: str, name: str) -> None:
    assert status_name(f"{key}/{name}") == name
    assert Words({name: Status.ON_HOLD}).status_of(f"{key}/{name}") is Status.ON_HOLD


# -- what ships --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", ["jira", "memory", "zendesk"])
def test_every_shipped_mapping_has_examples_and_they_hold(adapter: str) -> None:
    by = shipped_mapping(adapter)
    assert by.examples
    assert check_examples(by) == []
