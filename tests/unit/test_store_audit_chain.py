"""The audit log proves itself: what was altered, put in or taken out is found, with its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.store import Store, backup, sources
from connector.store.audit_chain import START, Line, breaks, proven, sealed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
words = st.text(max_size=12)


@st.composite
def logs(draw: st.DrawFn) -> list[Line]:
    lines: list[Line] = []
    before = START
    for number in range(1, draw(st.integers(2, 6)) + 1):
        who, what, detail = draw(words), draw(words), draw(st.none() | words)
        seal = sealed(detail, str(number))
        before = proven(before, number, who, what, None, "7", seal)
        lines.append(Line(number, number, who, what, None, "7", detail, str(number), seal, before))
    return lines


def head(lines: list[Line]) -> str:
    return f"{lines[-1].id}:{lines[-1].proof}"


@given(logs(), st.data())
def test_h28_a_log_as_it_was_written_is_sound_also_where_people_were_erased(
    lines: list[Line], data: st.DataObject
) -> None:
    erased = data.draw(st.sets(st.sampled_from(range(len(lines)))))
    kept = [line._replace(detail=None, nonce=None) if at in erased else line for at, line in enumerate(lines)]
    assert breaks(kept, head(lines)) == []


@given(logs(), st.data())
def test_h28_whatever_is_done_to_a_line_is_found_with_its_place(lines: list[Line], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    done = data.draw(
        st.sampled_from(["who", "what", "at", "ticket", "detail", "taken_out", "doubled", "tail_cut", "swapped"])
    )
    changed = {
        "who": lambda: [*lines[:at], line._replace(who=line.who + "x"), *lines[at + 1 :]],
        "what": lambda: [*lines[:at], line._replace(what=line.what + "x"), *lines[at + 1 :]],
        "at": lambda: [*lines[:at], line._replace(at=line.at + 1), *lines[at + 1 :]],
        "ticket": lambda: [*lines[:at], line._replace(ticket=None), *lines[at + 1 :]],
        "detail": lambda: [*lines[:at], line._replace(detail=(line.detail or "") + "x"), *lines[at + 1 :]],
        "taken_out": lambda: lines[:at] + lines[at + 1 :],
        "doubled": lambda: [*lines[: at + 1], line._replace(id=99), *lines[at + 1 :]],
        "tail_cut": lambda: lines[:at],
        "swapped": lambda: [*lines[:-2], lines[-1], lines[-2]],
    }[done]()
    found = breaks(changed, head(lines))
    assert found and all(one.startswith("audit log: ") for one in found)
    if done in ("who", "what", "at", "ticket", "detail"):
        assert f"line {line.id} " in found[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    yield opened
    opened.close()


def write(store: Store, *whats: str) -> None:
    for what in whats:
        with store.write("note") as connection:
            sources.log(connection, NOW, "olivia", what, ticket="7", detail={"address": "maria@example.com"})


def check(store: Store, noted: str | None = None) -> backup.Checked:
    assert store.file is not None
    return backup.check(store.file, noted)


def test_the_store_writes_such_a_log_and_two_processes_share_it(store: Store) -> None:
    other = Store(str(store.url)).open()
    for _ in range(3):
        write(store, "approved")
        write(other, "dropped")
    other.close()
    found = check(store)
    assert found.problems == () and found.rows["audit"] == 6 and (found.audit_head or "").startswith("6:")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE id = 2", "line 2 was altered"),
        ("UPDATE audit SET detail = '{}' WHERE id = 3", "the detail of line 3 was altered"),
        ("DELETE FROM audit WHERE id = 2", "line 3 was altered, or what stood before it was"),
        ("DELETE FROM audit WHERE id = 4", "what follows line 3 was taken out"),
        ("DELETE FROM audit", "what follows line 0 was taken out"),
    ],
)
def test_h28_a_log_that_was_edited_in_the_file_is_reported(store: Store, spoil: str, says: str) -> None:
    write(store, "a", "b", "c", "d")
    with closing(sqlite3.connect(str(store.file))) as file:
        file.execute(spoil)
        file.commit()
    assert any(says in problem for problem in check(store).problems)


def test_h28_a_log_that_was_written_anew_is_found_by_a_line_that_was_noted(store: Store) -> None:
    write(store, "a", "b")
    noted = check(store).audit_head
    write(store, "c")
    assert check(store, noted).problems == ()
    with closing(sqlite3.connect(str(store.file))) as file:
        file.execute("DELETE FROM audit")
        file.execute("UPDATE instance SET audit_head = NULL")
        file.commit()
    write(store, "a", "x", "c")
    assert check(store).problems == ()
    assert any("written anew" in problem for problem in check(store, noted).problems)


def test_what_a_line_tells_of_a_person_can_be_erased(store: Store) -> None:
    write(store, "a", "b")
    with store.write("erase") as connection:
        sources.erase_detail(connection, [1])
    assert check(store).problems == ()
    assert store.file is not None
    with closing(sqlite3.connect(store.file)) as file:
        assert file.execute("SELECT detail, nonce FROM audit WHERE id = 1").fetchone() == (None, None)
