"""Figures that can be believed: counted as they say, exact, traceable, and silent where there is too little to say."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.figures import FACETS, REPEAT, RESOLVED, UNSURE, YES, Figures
from connector.model import EPOCH
from connector.report import lengths
from connector.report.cohort import Cohort, Columns, cohort, from_bytes, from_scores
from connector.report.counting import OTHERS, UNKNOWN, Counting, Group, Period, Report, report, traced
from connector.report.files import csv_text, workbook
from connector.report.lengths import Lengths
from connector.report.pack import Action, lines, pack
from connector.report.page import page
from connector.report.scores import FEWEST, nps, of_five, of_ten, share
from connector.store import Store, scores
from connector.store.figures import Alone, Counted
from connector.store.scores import INSTANT, MIDDLE, SAID

MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), "2026-03")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 4, 2, tzinfo=UTC)
HOUR = 3600
MICROSECOND = timedelta(microseconds=1)
SCORED = ("complaint", "asked", "answered", "csat", "scale", "ces", "nps", "solved")


INSTANTS = st.integers(0, 4_294_967_294_000_000 - 1)
SURVEYS = st.fixed_dictionaries(
    {
        "complaint_id": st.integers(1, 2**40),
        **{name: st.none() | INSTANTS for name in ("asked_at", "delivered_at", "answered_at")},
        "csat": st.none() | st.integers(1, 5),
        "scale": st.none() | st.sampled_from([2, 5]),
        "ces": st.none() | st.integers(1, 5),
        "nps": st.none() | st.integers(0, 10),
        "solved": st.none() | st.integers(0, 1),
    }
)


def one(day: int = 0, *, answer: int = YES, **changes: Any) -> Figures:
    words = {"category": "delivery", **changes.pop("words", {})}
    opened = int((START + timedelta(days=day)).timestamp())
    base: dict[str, Any] = {
        "answer": answer,
        "opened": opened,
        "words": tuple(words.get(facet, "") for facet in FACETS),
    }
    return Figures(**{**base, **changes})


def ended(day: int = 0, hours: int = 10, **changes: Any) -> Figures:
    opened = int((START + timedelta(days=day)).timestamp())
    return one(
        day,
        bits=RESOLVED,
        handled=HOUR,
        handled_working=HOUR // 2,
        resolved=opened + hours * HOUR,
        resolving=(hours - 1) * HOUR,
        resolving_working=hours * HOUR // 4,
        **changes,
    )


def made(figures: list[Figures], surveys: list[tuple[int, ...]] = (), until: datetime | None = None) -> Cohort:  # type: ignore[assignment]
    alone = Alone()
    for ident, figure in enumerate(figures, 1):
        alone.add(ident, Counted(1, ident % 7 + 1, figure))
    return cohort(from_bytes(bytes(alone.body), alone.idents), alone.words, {1: "shop"}, scored(surveys), until)


def scored(surveys: list[tuple[int, ...]]) -> Columns:
    """Surveys as the store tells them."""
    about = ",".join(str(complaint * SAID + said) for complaint, _, _, said in surveys)
    return from_scores(
        about, ",".join(str((sent + 1 - MIDDLE) * INSTANT + answered + 1) for _, sent, answered, _ in surveys)
    )


def asked(
    complaint: int, csat: int | None = None, *, scale: int = 5, nps: int | None = None, day: int = 5
) -> tuple[int, ...]:
    """A survey: complaint, sent, answered, and the answers as digits."""
    at = int((START + timedelta(days=day)).timestamp())
    said = (csat or -1) + 1 + 8 * (scale + 1) + 512 * ((-1 if nps is None else nps) + 1)
    return complaint, at, at + HOUR if csat is not None or nps is not None else -1, said


def told(figures: list[Figures], surveys: list[tuple[int, ...]] = (), **rest: Any) -> Report:  # type: ignore[assignment]
    wish = {"by": ("category", "product", "customer"), "where": {}, "months": [], "zone": "UTC", "made_at": NOW} | rest
    return report(made(figures, surveys), wish.pop("period", MARCH), **wish)


def group(of: Report, dimension: str, name: str) -> Group:
    (table,) = [table for table in of.tables if table.dimension == dimension]
    return next(one for one in table.groups if one.name == name)


# -- what is counted -------------------------------------------------------------------------------------------------


def test_complaints_count_by_the_time_of_receipt_and_resolutions_by_theirs() -> None:
    found = told([ended(-10, hours=24 * 20), ended(3), one(40)]).total
    assert (found.received, found.resolved) == (1, 2)


def test_what_is_unsure_is_counted_apart() -> None:
    found = told([one(), one(answer=UNSURE), one(answer=UNSURE)]).total
    assert (found.received, found.unsure) == (1, 2)


def test_shares_are_of_the_received() -> None:
    figures = [one(breaches=2), one(bits=REPEAT), one(reopens=3), one(kept=1, broken=1), one(handoffs=4)]
    found = told(figures).total
    assert (found.breached, found.breached_share) == (1, 20.0)
    assert (found.repeat, found.repeat_share, found.reopened, found.reopened_share) == (1, 20.0, 1, 20.0)
    assert (found.kept, found.broken, found.kept_share) == (1, 1, 50.0)
    assert (found.handed_over, found.handoffs) == (1, 4)


def test_cost_is_told_by_currency() -> None:
    figures = [ended(cost_cents=1250, currency="EUR"), ended(cost_cents=50, currency="EUR"), ended(cost_cents=100)]
    assert told(figures).total.cost == {"": 1.0, "EUR": 13.0}


def test_what_was_granted_counts_in_the_place_of_a_mapped_field() -> None:
    figures = [ended(cost_cents=1250, currency="EUR"), ended(cost_cents=50, currency="EUR"), one()]
    alone = Alone()
    for ident, figure in enumerate(figures, 1):
        alone.add(ident, Counted(1, 1, figure))
    given = [(1, 300, "EUR"), (1, 200, "GBP"), (3, 900, "EUR"), (99, 100, "EUR")]
    found = cohort(from_bytes(bytes(alone.body), alone.idents), alone.words, {}, scored([]), None, given)
    counting = Counting(found, MARCH, {})
    assert counting.total().cost == {"EUR": 3.5, "GBP": 2.0}
    assert traced(found, MARCH, {}, "cost") == [1, 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=40), st.integers(1, 4))
def test_median_and_ninth_decile_are_exact_in_every_group(hours: list[int], many: int) -> None:
    figures = [one(handled=length, words={"product": f"p{at % many}"}) for at, length in enumerate(hours)]
    found = told(figures)
    for name, values in {
        "total": hours,
        **{f"p{number}": hours[number::many] for number in range(min(many, len(hours)))},
    }.items():
        lengths = (found.total if name == "total" else group(found, "product", name)).handling
        assert lengths.n == len(values)
        assert lengths.mean == pytest.approx(statistics.fmean(values))
        assert lengths.median == pytest.approx(statistics.median(values))
        expected = statistics.quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
        assert lengths.p90 == pytest.approx(expected)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 2), st.integers(0, 5), st.booleans())), st.integers(1, 9))
def test_lengths_of_groups_are_those_of_plain_sorting(cases: list[tuple[int, int, bool]], a_part: int) -> None:
    """Both ways to find what stands at a rank; the fifth group is of those that belong to none."""
    seconds, labels = (np.array([case[at] for case in cases], "<u4") for at in range(2))
    found = lengths.ordered(seconds, np.array([told for _, _, told in cases], bool))
    by_group = [sorted(float(value) for value, of, told in cases if told and of == number) for number in range(5)]
    expected = [
        Lengths(len(mine), sum(mine) / len(mine), quantile(mine, 0.5), quantile(mine, 0.9)) if mine else Lengths()
        for mine in by_group
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lengths, "A_PART", a_part)
        assert lengths.of_groups(found, labels.astype(np.uint8), 5) == expected
        patch.setattr(lengths, "FEW", 0)
        assert lengths.of_groups(found, labels, 5) == expected
    together = lengths.of_groups(found, np.zeros(len(cases), np.uint8), 1)
    assert [lengths.of_all(found)] == together


def quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low, rest = int(place), place % 1
    return ordered[low] + (ordered[low + 1] - ordered[low]) * rest if rest else ordered[low]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_groups_of_every_table_add_up_to_the_total(seed: int) -> None:
    chance = random.Random(seed)
    figures = [
        (ended if chance.random() < 0.5 else one)(
            chance.randint(-20, 40),
            words={"product": chance.choice(["", "Kettle", "Lamp", "Vase"]), "category": chance.choice(["a", "b"])},
            breaches=chance.randint(0, 2),
            kept=chance.randint(0, 1),
            handoffs=chance.randint(0, 3),
        )
        for _ in range(chance.randint(1, 40))
    ]
    surveys = [asked(chance.randint(1, 50), chance.choice([None, 1, 3, 5])) for _ in range(15)]
    found = told(figures, surveys, most=2)
    for table in found.tables:
        for name in ("received", "resolved", "breached", "kept", "handoffs", "asked", "answered"):
            assert sum(getattr(one, name) for one in table.groups) == getattr(found.total, name), (
                table.dimension,
                name,
            )
        for name in ("handling", "resolving"):
            assert sum(getattr(one, name).n for one in table.groups) == getattr(found.total, name).n


def test_the_largest_groups_are_shown_and_the_others_together() -> None:
    figures = [one(words={"product": name}) for name in ("A", "A", "A", "B", "B", "C", "")]
    names = [one.name for one in told(figures, most=2).tables[1].groups]
    assert names == ["A", "B", OTHERS]
    assert UNKNOWN in [one.name for one in told(figures).tables[1].groups]


# -- surveys ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, sqlite3.Connection]]:
    file = tmp_path_factory.mktemp("scores") / "amends.db"
    store = Store(f"sqlite:///{file}").open()
    with closing(sqlite3.connect(file)) as plain:
        yield store, plain
    store.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(SURVEYS, max_size=6), st.none() | INSTANTS)
def test_surveys_are_read_as_they_are_kept(
    database: tuple[Store, sqlite3.Connection], rows: list[dict[str, int | None]], until: int | None
) -> None:
    store, plain = database
    plain.execute("DELETE FROM survey")
    for number, row in enumerate(rows):
        values = {"source_id": 1, "person_id": 1, "ticket": f"{number}", "episode": "", "marker": f"{number}", **row}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        plain.execute(f"INSERT INTO survey ({names}) VALUES ({marks})", list(values.values()))
    plain.commit()
    with store.read() as connection:
        found = from_scores(*scores.everything(connection, None if until is None else EPOCH + until * MICROSECOND))
    told = sorted(zip(*(found[name].tolist() for name in SCORED), strict=True))
    assert told == sorted(plainly(row) for row in rows if counts(row, until))


def counts(row: dict[str, int | None], until: int | None) -> bool:
    at = [value for value in (row["delivered_at"], row["answered_at"]) if value is not None]
    return any(until is None or value <= until for value in at)


def plainly(row: dict[str, int | None]) -> tuple[int | None, ...]:
    sent = row["asked_at"] if row["delivered_at"] is None else row["delivered_at"]
    seconds = [-1 if at is None else at // 1_000_000 for at in (sent, row["answered_at"])]
    return row["complaint_id"], *seconds, *(-1 if row[name] is None else row[name] for name in SCORED[3:])


# -- traced ----------------------------------------------------------------------------------------------------------


def test_every_figure_names_exactly_the_complaints_that_it_counts() -> None:
    figures = [one(breaches=1), one(), one(breaches=1, words={"category": "payment"}), one(-40, breaches=1)]
    found = made(figures)
    assert traced(found, MARCH, {}, "received") == [1, 2, 3]
    assert traced(found, MARCH, {}, "breached") == [1, 3]
    assert traced(found, MARCH, {"category": "payment"}, "breached") == [3]
    assert traced(found, MARCH, {"category": "nothing such"}, "breached") == []
    with pytest.raises(SettingsError, match="nonsense"):
        traced(found, MARCH, {}, "nonsense")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_a_count_is_as_large_as_the_list_behind_it(seed: int) -> None:
    chance = random.Random(seed)
    figures = [
        ended(chance.randint(-9, 35), breaches=chance.randint(0, 1), reopens=chance.randint(0, 1)) for _ in range(30)
    ]
    surveys = [asked(number, chance.choice([None, 2, 5])) for number in range(1, 31, 2)]
    found = made(figures, surveys)
    total = Counting(found, MARCH, {}).total()
    for figure, value in {
        "received": total.received,
        "resolved": total.resolved,
        "handling": total.handling.n,
        "resolving": total.resolving.n,
        "breached": total.breached,
        "reopened": total.reopened,
        "asked": total.asked,
        "answered": total.answered,
        "csat": total.csat.n,
    }.items():
        assert len(traced(found, MARCH, {}, figure)) == value, figure


# -- scores ----------------------------------------------------------------------------------------------------------


def test_the_intervals_are_those_of_the_books() -> None:
    assert [round(value) for value in (share(8, 10).low or 0, share(8, 10).high or 0)] == [49, 94]
    assert [round(value) for value in (share(80, 100).low or 0, share(80, 100).high or 0)] == [71, 87]
    found = nps(50, 20, 100)
    assert (found.value, round((found.high or 0) - (found.value or 0))) == (pytest.approx(30), 15)


def test_nothing_is_shown_of_fewer_than_ten_answers_and_under_thirty_it_is_uncertain() -> None:
    assert share(9, FEWEST - 1).value is None and share(9, FEWEST - 1).n == 9
    assert of_five([0, 0, 0, 0, 10]).shaky and not of_five([0, 0, 0, 0, 30]).shaky
    assert of_ten([0] * 11).value is None


@given(st.lists(st.integers(0, 40), min_size=11, max_size=11))
def test_a_score_lies_in_its_interval_and_the_interval_in_its_scale(counts: list[int]) -> None:
    for found, low, high in ((of_ten(counts), -100, 100), (of_five(counts[:5], (counts[5], counts[6])), 0, 100)):
        if found.value is not None and found.low is not None and found.high is not None:
            assert low <= found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9 <= high + 1e-6
            assert not math.isnan(found.low)


def test_zero_is_a_detractor() -> None:
    assert of_ten([10, *[0] * 10]).value == -100


def test_surveys_count_when_they_went_out_and_the_rate_is_of_those_that_arrived() -> None:
    surveys = [
        *(asked(n, 5 if n < 9 else 1) for n in range(1, 13)),
        *(asked(n) for n in range(13, 21)),
        asked(21, 5, day=90),
    ]
    found = told([ended() for _ in range(21)], surveys).total
    assert (found.asked, found.answered, found.response_rate) == (20, 12, 60.0)
    assert (found.csat.n, round(found.csat.value or 0)) == (12, 67)


def test_good_and_bad_of_a_helpdesk_count_in_the_share_and_not_in_the_mean() -> None:
    surveys = [*(asked(n, 4) for n in range(1, 11)), *(asked(n, 1, scale=2) for n in range(11, 21))]
    found = told([ended() for _ in range(20)], surveys).total.csat
    assert (found.n, found.value, found.mean) == (20, 50.0, 4.0)


def test_what_was_answered_after_the_instant_asked_for_was_not_answered_yet() -> None:
    late = datetime.fromtimestamp(asked(1, 5)[1] + 60, UTC)
    found = made([ended()], [asked(1, 5)], late)
    assert Counting(found, MARCH, {}).total().answered == 0


# -- told ------------------------------------------------------------------------------------------------------------


HOSTILE = ('=HYPERLINK("http://evil.example")', "+1+1", "-2", "@SUM(A1)", "<script>alert(1)</script>", "\t=1", "＝1")


def test_no_word_of_a_customer_becomes_a_formula_or_markup() -> None:
    found = told([one(words={"product": word}) for word in HOSTILE])
    rows = list(csv.reader(io.StringIO(csv_text(found))))
    values = [row[2] for row in rows[1:] if row[1] == "product"]
    assert len(values) == len(HOSTILE) and not [value for value in values if re.match(r"\s*[=+\-@＝]", value)]
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(workbook(found)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert "<script" not in page(found)


def test_the_page_needs_nothing_else_and_shows_what_was_counted() -> None:
    months = [("2026-02", datetime(2026, 2, 1, tzinfo=UTC), MARCH.since), ("2026-03", MARCH.since, MARCH.until)]
    shown = page(told([ended(words={"product": "Kettle & Co"}) for _ in range(3)], months=months))
    assert not re.findall(r"""(?:src|href)=|url\(|@import|<script|\son\w+=""", shown)
    assert "Kettle &amp; Co" in shown and shown.count('<svg role="img"') == 4 and shown.count("<title>") == 5


def test_a_workbook_holds_numbers_as_numbers() -> None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(workbook(told([ended(breaches=1), ended()]))))
    sheet = book["All complaints"]
    row = {sheet.cell(4, at).value: sheet.cell(5, at) for at in range(1, sheet.max_column + 1)}
    assert row["Volume: received"].value == 2
    assert (row["Quality: breached, share"].value, row["Quality: breached, share"].number_format) == (0.5, "0.0%")
    assert row["Times by the calendar, receipt to handling: median"].value is not None


def test_the_review_says_what_rose_and_what_is_open() -> None:
    february = Period(datetime(2026, 2, 1, tzinfo=UTC), MARCH.since, "2026-02")
    figures = [
        *(one(day, breaches=1) for day in range(20)),
        *(one(-20, words={"category": "payment"}) for _ in range(20)),
    ]
    by = {"by": ("category", "cause", "product")}
    month, before, year = (told(figures, period=span, **by) for span in (MARCH, february, february))
    old = Action("OPS-1", "remove-the-cause", datetime(2026, 1, 5, tzinfo=UTC), None, "shop/1")
    done = Action(
        "OPS-2", "remove-the-cause", datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), "shop/2"
    )
    text = "\n".join(lines(pack(month, before, year, [old, done]), 120))
    assert "missed deadline rose from 0.0 % to 100.0 %" in text
    assert "category delivery: 20 after 0" in text
    assert "OPS-1" in text.partition("1. Volume")[0] and "1 tickets were opened" in text and "OPS-2" in text
    assert json.dumps(text)
