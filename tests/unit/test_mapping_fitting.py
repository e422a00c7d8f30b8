"""Where a mapping and its helpdesk do not fit is told with the line and what to write; how fields are used, masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.adapter import Discovery, Field
from connector.mapping import Mapping, Product, Products
from connector.mapping.fitting import doubts, misfits
from connector.mapping.masking import looks_personal, shape
from connector.mapping.profiles import Profile, profiles
from connector.mapping.unplaced import Unplaced, counted, values_in
from connector.model import Priority, Status

FIELDS = (
    Field("summary", "Summary", "text", writable=True),
    Field("labels", "Labels", "labels", writable=True, many=True),
    Field("customfield_1", "Product", "choice", (("K", "K"), ("L", "L"))),
    Field("customfield_2", "Category", "choice", (("D", "D"),), writable=True),
    Field("customfield_3", "Note", "text", writable=True),
    Field("customfield_4", "Done", "yes_no", writable=True),
    Field("customfield_5", "SLA", "sla"),
)
FOUND = Discovery(FIELDS, (("A/Open", "Open"), ("B/Open", "Open")), (("High", "High"),))
FITTING = Mapping(
    "jira",
    {"subject": "summary", "labels": "labels", "extra.late": "customfield_5.breached"},
    {"Open": Status.OPEN},
    {"High": Priority.HIGH},
    places={"status": "m.yaml:9:1", "fields.product": "m.yaml:4:3", "write.team": "m.yaml:20:3"},
)


def said(by: Mapping, found: Discovery = FOUND) -> list[str]:
    return [str(one) for one in misfits(by, found)]


def test_where_everything_fits_nothing_is_said() -> None:
    assert said(FITTING) == []


def test_a_status_without_a_line_is_told_once_for_all_its_projects() -> None:
    found = replace(FOUND, statuses=(("A/Odd", "Odd"), ("B/Odd", "Odd"), ("A/Open", "Open")))
    (line,) = said(FITTING, found)
    assert (
        line
        == 'm.yaml:9:1: the status "Odd" (A, B) has no line; add `Odd: …` under `status`; until then it counts as open.'
    )


def test_a_priority_without_a_line_is_told() -> None:
    assert 'the priority "P9" has no line; add `9: …`' in said(FITTING, replace(FOUND, priorities=(("9", "P9"),)))[0]


def test_a_field_that_the_source_does_not_have_is_told() -> None:
    (line,) = said(replace(FITTING, fields={"product": "customfield_9"}))
    assert line.startswith("m.yaml:4:3: product is read from customfield_9, which the source does not have")


def test_a_field_that_no_live_ticket_has_is_told() -> None:
    by = replace(FITTING, fields={"url": "link"})
    assert misfits(by, FOUND) == ()
    (one,) = misfits(by, FOUND, [{"summary": "a"}])
    assert "url is read from link" in one.what
    assert misfits(by, FOUND, [{"link": None}]) == ()


def test_a_field_of_another_type_than_the_mapping_says_is_told() -> None:
    by = replace(FITTING, fields={"product": "customfield_1"}, types={"product": "number"})
    assert "product is said to hold number, and customfield_1 holds choice" in said(by)[0]


def test_options_that_came_since_are_told() -> None:
    by = replace(FITTING, fields={"product": "customfield_1"}, values={"product": {"K": "Kettle"}})
    assert "L of customfield_1 has no line in the table of product" in said(by)[0]
    assert said(replace(by, products=Products((Product("l"),)))) == []


@pytest.mark.parametrize(
    ("write", "values", "what"),
    [
        ({"team": "nowhere"}, {}, "team is written to nowhere, which the source does not have"),
        ({"team": "customfield_1"}, {}, "customfield_1, which cannot be written; put it on the screen"),
        ({"tags": "customfield_3"}, {}, "tags are written to customfield_3, where each write replaces what is there"),
        ({"team": "customfield_2"}, {"team": {"a": "X", "b": "D"}}, "X is no option of customfield_2; it has D"),
        (
            {"tag.category": "customfield_2"},
            {},
            "tag.category is written to customfield_2, which holds choice, without",
        ),
        (
            {"flag.overdue": "customfield_4"},
            {},
            "flag.overdue is written to customfield_4, which holds yes no, without",
        ),
    ],
)
def test_a_write_that_would_not_say_what_was_meant_is_told(
    write: dict[str, str], values: dict[str, dict[str, str]], what: str
) -> None:
    (line,) = said(replace(FITTING, write=write, write_values=values))
    assert what in line


def test_good_targets_are_good() -> None:
    write = {"tags": "labels", "tag.category": "customfield_2", "flag.overdue": "customfield_3"}
    assert said(replace(FITTING, write=write, write_values={"tag.category": {"delivery": "D"}})) == []


# -- how fields are used ---------------------------------------------------------------------------------------------


def test_a_field_is_told_with_how_full_it_is_and_its_commonest_values() -> None:
    snapshots = [{"customfield_1": "K"}, {"customfield_1": "K"}, {"customfield_1": ["L", "K"]}, {"customfield_1": None}]
    (found,) = profiles([FIELDS[2]], snapshots)
    assert (found.read, found.filled, found.share, found.distinct) == (4, 3, 0.75, 2)
    assert found.samples() == ("K", "L")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Kim Doe", "Xxx Xxx"),
        ("kim@example.com", "xxx@xxxxxxx.xxx"),
        ("+44 20 7946 0000", "4 words"),
        ("A-10412", "X-99999"),
        ("Where is my parcel?", "4 words"),
        ("Ünïcödé", "Xxxxxxx"),
    ],
)
def test_what_people_typed_is_shown_by_its_shape(text: str, drawn: str) -> None:
    assert shape(text) == drawn


@given(st.text(max_size=60), st.sampled_from(["text", "long_text", "person", "people", "other", "sla", "odd"]))
def test_nothing_that_was_typed_ever_comes_out(text: str, kind: str) -> None:
    for sample in Profile(Field("f", "F", kind), 1, 1, ((text, 1),)).samples():
        told = sample.removesuffix(" words") if len(text.split()) > 3 else sample
        assert {letter for letter in told if letter.isalnum()} <= set("xX0123456789")
        assert len(text.split()) > 3 or {letter for letter in told if letter.isnumeric()} <= {"9"}


def test_an_address_among_the_options_of_a_field_is_masked_too() -> None:
    values = (("kim@example.com", 2), ("447911123456", 1), ("Blue", 1))
    samples = Profile(Field("f", "F", "choice"), 4, 4, values).samples()
    assert samples == ("xxx@xxxxxxx.xxx", "999999999999", "Blue")
    assert looks_personal("0044 (20) 7946-0000")


# -- values without a line -------------------------------------------------------------------------------------------


def test_values_without_a_line_are_counted_once_each_with_a_ticket() -> None:
    problems = [
        ("9", ["unmapped:product 'x y'", "subject: cut after 1 of 2 characters"]),
        ("8", ["unmapped:product 'x y'", "unmapped:status 'Odd'", 'unmapped:extra.a "it\'s"']),
    ]
    assert counted(problems) == (
        Unplaced("product", "x y", 2, "8"),
        Unplaced("extra.a", "it's", 1, "8"),
        Unplaced("status", "Odd", 1, "8"),
    )
    assert values_in(["nothing: here"]) == []


# -- targets and fields of another edition ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "kind", "told"),
    [
        ("flag.breach", "date", "holds a date"),
        ("survey", "time", "holds a time"),
        ("tag.category", "number", "holds a number"),
        ("priority", "person", "holds a person"),
        ("owner", "sla", "holds a promise's clock"),
    ],
)
def test_a_target_that_cannot_hold_what_is_written_is_told(ours: str, kind: str, told: str) -> None:
    found = replace(FOUND, fields=(*FIELDS, Field("customfield_8", "Odd", kind, writable=True)))
    assert told in said(replace(FITTING, write={ours: "customfield_8"}), found)[0]


def test_a_person_can_be_the_owner_and_a_text_a_flag() -> None:
    found = replace(FOUND, fields=(*FIELDS, Field("assignee", "Assignee", "person", writable=True)))
    assert said(replace(FITTING, write={"owner": "assignee", "flag.breach": "customfield_3"}), found) == []


def test_a_target_that_is_read_as_something_else_is_told() -> None:
    by = replace(FITTING, fields={"subject": "summary"}, write={"flag.breach": "summary"})
    assert "flag.breach is written to summary, from which subject is read, and would replace it" in said(by)[0]
    same = replace(FITTING, fields={"extra.kind": "customfield_3"}, write={"tag.kind": "customfield_3"})
    assert said(same) == []
    assert said(replace(FITTING, write={"flag.breach": "labels"})) == [], "labels are added to those there"


def test_a_target_that_only_some_projects_have_is_worth_a_look() -> None:
    some = Field("customfield_8", "Here", "text", writable=True, where=("A",))
    both = Field("summary", "Summary", "text", writable=True, where=("A", "B"))
    by = replace(FITTING, write={"flag.breach": "customfield_8"})
    (one,) = doubts(by, replace(FOUND, fields=(both, some)))
    assert "which A has and B has not" in one.what
    assert doubts(by, replace(FOUND, fields=(replace(both, where=("A",)), some))) == ()


def test_no_alarm_where_the_source_does_not_tell_what_can_be_written() -> None:
    by = replace(FITTING, write={"flag.breach": "customfield_9"})
    fields = (*FIELDS, Field("customfield_9", "Unknown", "text", writable=None))
    assert said(by, replace(FOUND, fields=fields)) == []


def test_a_field_of_the_other_edition_is_told_with_what_it_is_called_here() -> None:
    by = replace(FITTING, fields={"owner": "assignee.accountId"}, places={"fields.owner": "m.yaml:3:3"})
    assert said(by, replace(FOUND, renamed={"assignee.accountId": "assignee.name"})) == [
        "m.yaml:3:3: owner is read from assignee.accountId, which this site does not have; write assignee.name."
    ]


def test_a_mapped_field_that_no_live_ticket_fills_is_worth_a_look() -> None:
    by = replace(FITTING, fields={"subject": "summary", "owner": "assignee.name", "labels": "labels"})
    rows = [{"summary": "a", "assignee": {"key": "x"}, "labels": []}] * 5
    (one,) = doubts(by, FOUND, rows)
    assert "owner is read from assignee.name, which is empty in all of the 5 newest tickets" in one.what
    assert doubts(by, FOUND, rows[:1]) == (), "one ticket says nothing"
