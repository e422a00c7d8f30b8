"""A mapping is proposed from what a helpdesk's fields and statuses are called, hold, and are used for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapter import Discovery, Field
from connector.mapping import Mapping
from connector.mapping.profiles import Profile, profiles
from connector.mapping.suggesting import Suggestion, suggest
from connector.model import Status
from connector.settings import mapping_in_text
from connector.settings.drafting import drafted, fresh, with_suggestions
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_text

EMPTY = Mapping("jira", {"subject": "summary"}, {"Open": Status.OPEN})
FILE = """\
# mine
adapter: jira
fields:
  subject: summary   # the title
status: {Open: open}
values: {}
examples:
  - given: {summary: a, status: Open}
    expect: {subject: a}
"""


def field(title: str, kind: str = "text", ident: str = "f1", **more: Any) -> Field:
    return Field(ident, title, kind, **more)


def proposed(*fields: Field, snapshots: int = 0, by: Mapping = EMPTY, **found: Any) -> list[Suggestion]:
    rows = [{one.id: "A-17" for one in fields}] * snapshots
    return list(suggest(by, Discovery(tuple(fields), **found), profiles(fields, rows)))


def names(found: list[Suggestion]) -> dict[str, str | dict[str, str]]:
    return {one.name: one.value for one in found if one.certain}


@pytest.mark.parametrize(
    ("title", "kind", "ours"),
    [
        ("Product", "choice", "product"),
        ("Produkt", "choice", "product"),
        ("Produit", "choice", "product"),
        ("Artículo", "choice", "product"),
        ("Produto", "choice", "product"),
        ("Prodotto", "choice", "product"),
        ("Order number", "text", "order_number"),
        ("Bestellnummer", "text", "order_number"),
        ("Numéro de commande", "text", "order_number"),
        ("Número de pedido", "text", "order_number"),
        ("N.º da encomenda", "text", "order_number"),
        ("Numero d'ordine", "text", "order_number"),
        ("Bestelnummer", "text", "order_number"),
        ("Filiale", "choice", "extra.branch"),
        ("Vestiging", "choice", "extra.branch"),
        ("Schweregrad", "choice", "extra.severity"),
        ("Gravité", "choice", "extra.severity"),
        ("Sprache", "choice", "language"),
        ("Téléphone", "text", "requester.phone"),
        ("Telemóvel", "text", "requester.phone"),
        ("Root cause", "choice", "extra.root_cause"),
        ("Oorzaak", "choice", "extra.root_cause"),
    ],
)
def test_a_field_is_known_by_its_name_in_seven_languages(title: str, kind: str, ours: str) -> None:
    likely = {one.name for one in proposed(field(title, kind), snapshots=10) if one.section == "fields"}
    assert likely == {ours}


def test_every_line_has_its_confidence_and_its_reason() -> None:
    options = (("a", "Kettle"), ("b", "Lamp"))
    (line, table) = proposed(field("Produkt", "choice", options=options), snapshots=4)
    assert (line.section, line.name, line.value) == ("fields", "product", "f1")
    assert line.confidence >= 0.85
    assert line.reason == '"Produkt" says produkt, choice with 2 options, filled in 100% of 4 tickets'
    assert (table.section, table.value) == ("values", {"a": "Kettle", "b": "Lamp"})


@pytest.mark.parametrize(
    "unlikely",
    [field("Product", "time"), field("Product (old)", "choice"), field("Produktfoto ansehen bitte", "text")],
)
def test_what_is_doubtful_is_only_a_comment(unlikely: Field) -> None:
    assert names(proposed(unlikely, snapshots=5)) == {}


def test_a_field_that_nobody_fills_is_only_a_comment() -> None:
    used = [Profile(field("Product", "choice"), 100, 0)]
    assert names(list(suggest(EMPTY, Discovery(()), used))) == {}


def test_of_two_fields_of_one_name_the_fuller_counts_and_the_other_is_mentioned() -> None:
    used = [Profile(field("Product", "choice", "a"), 100, 10), Profile(field("Product", "choice", "b"), 100, 90)]
    first, second = suggest(EMPTY, Discovery(()), used)
    assert (first.value, first.certain) == ("b", True)
    assert (second.value, second.certain) == ("a", False)


def test_what_is_mapped_already_is_not_proposed_again() -> None:
    by = Mapping("jira", {"product": "f1"}, {})
    assert proposed(field("Product", "choice"), field("Produkt", "choice", "f2"), by=by) == []


def test_languages_written_out_get_their_codes() -> None:
    options = (("10", "Deutsch"), ("11", "Português"), ("12", "en-GB"), ("13", "Klingon"))
    tables = [
        one for one in proposed(field("Language", "choice", options=options), snapshots=3) if one.section == "values"
    ]
    assert tables[0].value == {"10": "de", "11": "pt", "12": "en"}


def test_a_name_that_means_the_same_everywhere_is_one_line_and_else_one_for_each_project() -> None:
    statuses = (("A/Fertig", "Fertig"), ("B/Fertig", "Fertig"), ("A/Odd", "Odd"), ("B/Odd", "Odd"), ("A/Open", "Open"))
    meanings = {"A/Odd": "open", "B/Odd": "resolved"}
    found = [one for one in proposed(statuses=statuses, meanings=meanings) if one.section == "status"]
    assert {one.name: (one.value, one.certain) for one in found} == {
        "Fertig": ("resolved", True),
        "A/Odd": ("open", True),
        "B/Odd": ("resolved", True),
    }


@pytest.mark.parametrize(
    ("title", "meaning", "ours"),
    [
        ("Wartet auf Kunde", "open", "waiting_customer"),
        ("Aguardando cliente", "open", "waiting_customer"),
        ("En attente", "open", "on_hold"),
        ("Abgebrochen", "resolved", "withdrawn"),
        ("Zu erledigen", "new", "new"),
        ("Chiuso", "resolved", "closed"),
        ("Something of ours", "resolved", "resolved"),
    ],
)
def test_a_common_status_name_says_more_than_its_category(title: str, meaning: str, ours: str) -> None:
    (found,) = proposed(statuses=((f"K/{title}", title),), meanings={f"K/{title}": meaning})
    assert (found.value, found.certain) == (ours, True)


def test_a_status_of_which_nothing_is_known_is_a_comment() -> None:
    (found,) = proposed(statuses=(("x", "Zzz"),))
    assert not found.certain


def test_priorities_are_known_by_name() -> None:
    found = proposed(priorities=(("p1", "P1"), ("x", "Kritisch"), ("y", "Whatever")))
    assert [(one.name, one.value, one.certain) for one in found] == [
        ("p1", "urgent", True),
        ("x", "urgent", True),
        ("y", "normal", False),
    ]


def test_nothing_is_written_unasked() -> None:
    found = proposed(field("Complaint category", "choice", writable=True, options=(("d", "Delivery"),)), snapshots=9)
    (target,) = [one for one in found if one.section == "write"]
    assert (target.name, target.value, target.certain) == ("tag.category", "f1", False)


# -- as YAML ---------------------------------------------------------------------------------------------------------


def test_suggestions_are_added_and_everything_of_the_admin_stays() -> None:
    found = proposed(
        field("Product", "choice", options=(("a", "A"),)), field("Old order number", ident="f2"), snapshots=3
    )
    text = with_suggestions(FILE, "mappings/jira.yaml", found)
    standing = iter(text.splitlines())
    kept = [line for line in FILE.splitlines() if line not in ("values: {}", "status: {Open: open}")]
    assert all(line in standing for line in kept), "every line, in its order"
    mapping = mapping_in_text(text, "x")
    assert mapping.fields == {"subject": "summary", "product": "f1"}
    assert mapping.values == {"product": {"a": "A"}}
    assert "  # order_number: f2" in text


def test_a_field_of_the_admin_s_own_is_written_with_its_type() -> None:
    found = proposed(field("Product", "choice", "customfield_7"), snapshots=3)
    text = with_suggestions(FILE, "x", found)
    assert "  product: {from: customfield_7, type: choice}  # " in text
    mapping = mapping_in_text(text, "x")
    assert (mapping.fields["product"], mapping.types) == ("customfield_7", {"product": "choice"})


def test_a_line_for_another_edition_names_the_field_of_this_one_and_keeps_its_comment() -> None:
    file = FILE.replace("summary   #", "summary.cloud   #")
    by = mapping_in_text(file, "x")
    found = suggest(by, Discovery((), renamed={"summary.cloud": "summary.here"}), ())
    assert with_suggestions(file, "x", found) == file.replace("summary.cloud", "summary.here")
    assert fresh(file, found) == (), "what stands in an admin's own file is not changed"
    long = file.replace("summary.cloud ", "{from: summary.cloud, required: true} ")
    assert "{from: summary.here, required: true}" in with_suggestions(long, "x", found)


def test_adding_the_same_again_adds_nothing() -> None:
    found = proposed(field("Product", "choice"), field("Old order number", ident="f2"), snapshots=3)
    once = with_suggestions(FILE, "x", found)
    assert with_suggestions(once, "x", found) == once


def test_a_piece_of_yaml_is_what_is_shown() -> None:
    found = proposed(field("Product", "choice"), snapshots=2)
    assert drafted(found).startswith("fields:\n  product: f1  # 90%: ")


TITLES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FIELDS_FOUND = st.builds(
    Field,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
        lambda one: one == one.strip() and all(one.replace(":", ".").split("."))
    ),
    TITLES | st.sampled_from(["Product", "Order number", "Sprache", "Category"]),
    st.sampled_from(["text", "choice", "number", "time", "other"]),
    st.lists(st.tuples(TITLES, TITLES), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
    st.booleans(),
)
PAIRS = st.lists(st.tuples(st.text(min_size=1, max_size=12), TITLES), max_size=4, unique_by=lambda pair: pair[0])


@given(st.lists(FIELDS_FOUND, max_size=5, unique_by=lambda one: one.id), PAIRS, PAIRS)
def test_whatever_a_helpdesk_calls_its_things_the_proposal_is_a_mapping(
    fields: list[Field], statuses: list[tuple[str, str]], priorities: list[tuple[str, str]]
) -> None:
    clean = [(one.encode("utf-8", "replace").decode(), title) for one, title in statuses]
    discovery = Discovery(tuple(fields), tuple(dict(clean).items()), tuple(dict(priorities).items()))
    found = list(suggest(EMPTY, discovery, profiles(fields, [])))
    text = with_suggestions(FILE, "x", found)
    problems = Problems()
    document = read_text(text.encode("utf-8", "surrogatepass"), "x", problems)
    assert document is not None, problems._found
    for one in found:
        if one.certain and isinstance(one.value, str):
            assert document.value[one.section][one.name] == one.value
