"""The store keeps what it is given, lets one writer in, and refuses what it cannot vouch for."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, event, select, text

from connector.errors import FencedError, StoreError
from connector.model import Complainant, Complaint, Entry, EntryKind, Role, Status, Tag, Visibility
from connector.people.identity import Identifying
from connector.store import Store, archive, assessments, complaints, earlier, revisions, sources, walks
from connector.store.archive import Keep, packed_raw
from connector.store.complaints import Assessed, Doc, pack, unpack
from connector.store.revisions import Saving
from connector.store.rows import among, listed
from connector.store.tables import complaint

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

PEOPLE = Identifying()


def opened(folder: Path, name: str = "amends.db") -> Store:
    return Store(f"sqlite:///{folder / name}").open()


def a_doc(ticket: str = "1", subject: str = "Late") -> Doc:
    entry = Entry("r:1", EntryKind.RECEIVED, NOW, NOW, Role.CUSTOMER, "5", Visibility.PUBLIC, "My parcel is late.")
    told = Complaint(
        source="shop",
        ticket=ticket,
        version=7,
        subject=subject,
        text="My parcel is late.",
        complainant=Complainant("mail:ana@example.org", "5", "Ana", "ana@example.org", verified=True),
        status=Status.OPEN,
        opened_at=NOW,
        updated_at=NOW,
    )
    return Doc(told, (entry,), (Tag("complaint", "yes", 0.9, "phrase:en/late"),))


def a_saving(ticket: str = "1", subject: str = "Late") -> Saving:
    return Saving(a_doc(ticket, subject), Assessed(), resolved_at=None, look_at=NOW)


def test_a_doc_comes_back_as_it_went_in() -> None:
    doc = a_doc()
    assert unpack(pack(doc)) == doc
    assert pack(doc).count(b"My parcel is late.") == 1


def test_what_is_saved_is_read_again_and_saving_twice_makes_no_second_complaint(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        revisions.save(connection, shop.id, [revisions.packed(a_saving(), PEOPLE)], {}, PEOPLE, NOW)
    with store.write("test") as connection:
        before = complaints.of_tickets(connection, shop.id, ["1"])
        revisions.save(
            connection, shop.id, [revisions.packed(a_saving(subject="Still late"), PEOPLE)], before, PEOPLE, NOW
        )
    with store.read() as connection:
        found = list(complaints.listing(connection))
    assert [(one.doc.complaint.subject, one.revision) for one in found] == [("Still late", 2)]


def test_a_complaint_thought_new_that_somebody_else_brought_since_is_updated_with_all_beside_it(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        revisions.save(connection, shop.id, [revisions.packed(a_saving("2"), PEOPLE)], {}, PEOPLE, NOW)
    with store.write("test") as connection:
        page = [revisions.packed(a_saving(ticket, "From a page"), PEOPLE) for ticket in ("1", "2", "3")]
        revisions.save(connection, shop.id, page, {}, PEOPLE, NOW)
    with store.read() as connection:
        found = {one.ticket: one.doc.complaint.subject for one in complaints.listing(connection)}
    assert found == dict.fromkeys("123", "From a page")


NEWS: list[dict[str, Any]] = [
    {"subject": "Still late"},
    {"status": Status.RESOLVED},
    {"order_number": "A-17"},
    {"opened_at": NOW - timedelta(days=1)},
    {"complainant": Complainant("mail:rui@example.org", "6", "Rui", "rui@example.org", verified=True)},
    {"product": "Kettle", "version": 9},
    {"merged_into": "2"},
]
SAYS_NO = (Tag("complaint", "no", 1.0, "agent"), Tag("category", "delivery", 0.8, "model"))


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize("tags", [a_doc().tags, SAYS_NO])
@pytest.mark.parametrize("news", NEWS)
def test_a_row_that_is_written_over_is_the_row_that_would_be_written_anew(
    tmp_path: Path, news: dict[str, Any], tags: tuple[Tag, ...], erased: bool
) -> None:
    """Whatever the news are, and also where the row was erased by somebody else since it was read."""
    doc = a_doc()
    after = Saving(
        Doc(msgspec.structs.replace(doc.complaint, **news), doc.entries, tags), Assessed(), resolved_at=NOW, look_at=NOW
    )
    rows = []
    for name, first in (("over", a_saving()), ("anew", None)):
        store = opened(tmp_path, f"{name}.db")
        with store.write("test") as connection:
            shop = sources.enlist(connection, "shop", "memory")
            if first is not None:
                revisions.save(connection, shop.id, [revisions.packed(first, PEOPLE)], {}, PEOPLE, NOW)
        with store.write("test") as connection:
            before = complaints.of_tickets(connection, shop.id, ["1"])
            if erased:
                connection.execute(text("DELETE FROM complaint"))
            revisions.save(connection, shop.id, [revisions.packed(after, PEOPLE)], before, PEOPLE, NOW)
        with store.read() as connection:
            (row,) = connection.execute(
                text("SELECT c.*, p.key AS person FROM complaint c JOIN complainant p ON p.id = c.complainant_id")
            ).mappings()
        rows.append({key: value for key, value in row.items() if key not in ("id", "revision", "complainant_id")})
        store.close()
    assert rows[0] == rows[1]


def test_what_is_due_and_what_is_flagged_is_found_without_walking_through_the_store(tmp_path: Path) -> None:
    store = opened(tmp_path)
    asked: list[tuple[str, object]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *what: asked.append((what[2], what[3])))
    with store.read() as connection:
        assessments.due(connection, [1, 2], NOW, 10)
        assessments.flagged(connection)
        walks.after(connection, 1, 0, 10)
        earlier.cases_of(connection, [1], NOW)
        plans = [
            " ".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))
            for statement, values in asked
            if statement.startswith("SELECT")
        ]
    assert len(plans) == 4
    assert "ix_complaint_look_at" in plans[0]
    assert "ix_complaint_flags" in plans[1]
    assert not any("TEMP B-TREE" in plan for plan in plans[:3])
    assert "PRIMARY KEY (rowid>?)" in plans[2]
    assert "ix_complaint_complainant_id_opened_at" in plans[3]


@pytest.mark.parametrize(("count", "places"), [(0, 0), (1, 1), (3, 4), (250, 256), (512, 512)])
def test_questions_with_a_list_come_in_few_lengths(count: int, places: int) -> None:
    asked = listed(range(count))
    assert (len(asked), set(asked)) == (places, set(range(count)))


@pytest.mark.parametrize("wanted", [[], ["2"], ["3", "1", "absent", "2", "3"], [str(number) for number in range(300)]])
def test_a_question_with_a_list_has_the_same_answer_in_text_made_once(tmp_path: Path, wanted: list[str]) -> None:
    store = opened(tmp_path)
    statement = (
        select(complaint.c.ticket, complaint.c.id, complaint.c.merged)
        .where(complaint.c.source_id == bindparam("of"), complaint.c.ticket.in_(bindparam("tickets", expanding=True)))
        .where(complaint.c.revision >= bindparam("least"))
        .order_by(complaint.c.ticket)
    )
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        rows = [revisions.packed(a_saving(ticket), PEOPLE) for ticket in ("1", "2", "3")]
        revisions.save(connection, shop.id, rows, {}, PEOPLE, NOW)
        asked = {"of": shop.id, "tickets": wanted, "least": 1}
        for _ in range(2):
            found = among(connection, statement, "tickets", wanted, of=shop.id, least=1)
            assert [tuple(row) for row in found] == [tuple(row) for row in connection.execute(statement, asked)]
        assert among(connection, statement, "tickets", wanted, of=shop.id, least=2) == []


def test_yes_no_and_nothing_are_kept_as_sqlite_keeps_them(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        revisions.save(connection, shop.id, [revisions.packed(a_saving(), PEOPLE)], {}, PEOPLE, NOW)
        kept = "SELECT typeof(merged), typeof(category), typeof(resolved_at), typeof(flags) FROM complaint"
        assert connection.exec_driver_sql(kept).one() == ("integer", "null", "null", "text")
        verified = "SELECT verified, typeof(phone) FROM complainant"
        assert connection.exec_driver_sql(verified).one() == (1, "null")


def test_an_assessment_of_an_older_revision_is_not_written(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        revisions.save(connection, shop.id, [revisions.packed(a_saving(), PEOPLE)], {}, PEOPLE, NOW)
        seen = complaints.of_tickets(connection, shop.id, ["1"])["1"]
        revisions.save(
            connection, shop.id, [revisions.packed(a_saving(subject="Changed"), PEOPLE)], {"1": seen}, PEOPLE, NOW
        )
        assessments.save(connection, [(seen, Assessed(), None)])
        assert complaints.of_tickets(connection, shop.id, ["1"])["1"].look_at == NOW


def test_raw_records_are_kept_compressed_and_erased_one_ticket_at_a_time(tmp_path: Path) -> None:
    store = opened(tmp_path)
    body = b'{"ticket": "' + b"late " * 500 + b'"}'
    with store.write("test") as connection:
        shop = sources.enlist(connection, "shop", "memory")
        archive.keep(
            connection, shop.id, [Keep(ticket, "tickets", ticket, NOW, packed_raw(body)) for ticket in ("1", "2")]
        )
        assert archive.erase_raw(connection, shop.id, "1") == 1
        assert archive.kept(connection, shop.id, ["1", "2"])["2"][0].body == body
        assert "1" not in archive.kept(connection, shop.id, ["1", "2"])
        stored = connection.execute(text("SELECT length(body) FROM record")).scalar_one()
    assert stored < len(body) / 10


def test_raw_records_packed_by_earlier_versions_are_read(tmp_path: Path) -> None:
    body = b'{"ticket":{"id":7,"subject":"Late","custom_fields":[{"id":1,"value":null}],'
    body += b'"satisfaction_rating":{"score":"offered"}}}'
    without_dictionary = zstandard.ZstdCompressor(level=1).compress(body)
    with_dictionary_40001 = bytes.fromhex(
        "28b52ffd22419c761d0100304c6174657d7d09fcb878b5eadb25208ac7e0b7c6db0d3bbfd19d558142ff16291601"
    )
    assert archive.unpacked_raw(without_dictionary) == archive.unpacked_raw(with_dictionary_40001) == body
    assert zstandard.get_frame_parameters(bytes(packed_raw(body))).dict_id == 40001, "a later version has to know which"


@given(st.one_of(st.binary(max_size=500), st.binary(min_size=1, max_size=5).map(lambda some: some * 9_000)))
def test_any_raw_record_comes_back_as_it_was(body: bytes) -> None:
    assert archive.unpacked_raw(packed_raw(body)) == body


def test_a_second_writer_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.take_lease("daemon 1", NOW)
    with pytest.raises(StoreError, match="in use by daemon 1"):
        second.take_lease("daemon 2", NOW + timedelta(seconds=29))


def test_a_dead_writer_is_replaced_at_once(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.take_lease("daemon 1", NOW)
    os.close(first._lock)  # type: ignore[arg-type]  # what the kernel does when a process dies
    first._lock = None
    assert second.take_lease("daemon 2", NOW) == 2


def test_a_frozen_writer_is_replaced_when_its_lease_ran_out_and_fenced_when_it_wakes(tmp_path: Path) -> None:
    frozen, second = opened(tmp_path), opened(tmp_path)
    frozen.take_lease("daemon 1", NOW)
    second.take_lease("daemon 2", NOW + timedelta(seconds=31))
    with pytest.raises(FencedError, match="another daemon took over"), frozen.write("late"):
        pytest.fail("a fenced process must not get as far as this")
    with second.write("fine"):
        pass


def test_a_writer_that_leaves_makes_room(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.take_lease("daemon 1", NOW)
    first.close()
    assert second.take_lease("daemon 2", NOW) == 2


def test_a_store_of_a_newer_release_is_refused_and_not_touched(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.write("test") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    before = (tmp_path / "amends.db").read_bytes()
    with pytest.raises(StoreError, match="newer Amends"):
        opened(tmp_path)
    assert (tmp_path / "amends.db").read_bytes() == before


def test_a_store_that_was_swapped_under_us_gets_no_more_writes(tmp_path: Path) -> None:
    store = opened(tmp_path)
    opened(tmp_path, "other.db").close()
    (tmp_path / "other.db").replace(tmp_path / "amends.db")
    with pytest.raises(StoreError, match="was replaced"), store.write("test"):
        pytest.fail("nothing may be written")


def test_a_store_that_vanished_is_named(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / "amends.db").unlink()
    with pytest.raises(StoreError, match="is gone"), store.write("test"):
        pytest.fail("nothing may be written")


def test_a_store_that_is_gone_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take_lease("daemon 1", NOW)
    store.close()
    (tmp_path / "amends.db").unlink()
    with pytest.raises(StoreError, match="is gone; its lock file is still there"):
        opened(tmp_path)
    (tmp_path / "amends.db.lock").unlink()
    opened(tmp_path).close()


def test_no_folder_is_made_for_a_store_on_a_disk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no folder"):
        opened(tmp_path / "not mounted")


def test_a_file_that_is_no_store_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "amends.db").write_bytes(b"this is not a database, but it is long enough to look like one" * 40)
    with pytest.raises(StoreError, match="not an Amends store"):
        opened(tmp_path)


def test_a_store_is_written_with_full_synchronisation_behind_a_write_ahead_log(tmp_path: Path) -> None:
    with opened(tmp_path).read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_the_tables_of_the_migrations_are_those_of_the_code(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from connector.store.tables import metadata

    with opened(tmp_path).read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_an_empty_store_gets_at_once_what_the_migrations_would_leave(tmp_path: Path) -> None:
    from connector.store import migrate

    migrated = Store(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate._upgrade(migrated)
    made = opened(tmp_path)
    assert _shape(made) == _shape(migrated)
    for store in (made, migrated):
        with store.read() as connection:
            assert connection.execute(text("SELECT * FROM alembic_version")).all() == [(migrate.HEAD,)]
            assert connection.execute(text("SELECT name, holder, epoch, expires_at FROM lease")).all() == [
                ("writer", None, 0, 0)
            ]
            assert len(connection.execute(text("SELECT salt FROM instance WHERE id = 1")).scalar_one()) == 32


def _shape(store: Store) -> dict[str, set[object]]:
    """Columns, keys and indexes of every table; the order of columns is no part of it."""
    found: dict[str, set[object]] = {}
    with store.read() as connection:
        ask = connection.exec_driver_sql
        for table in ask("SELECT name FROM sqlite_master WHERE type = 'table'").scalars():
            columns = {tuple(row)[1:] for row in ask(f"PRAGMA table_info({table})")}
            foreign = {tuple(row)[2:] for row in ask(f"PRAGMA foreign_key_list({table})")}
            indexes = set()
            for _, index, unique, origin, partial in ask(f"PRAGMA index_list({table})"):
                parts = tuple(row[2] for row in ask(f"PRAGMA index_info({index})"))
                sql = ask(f"SELECT sql FROM sqlite_master WHERE name = '{index}'").scalar()
                where = None if sql is None else sql.partition(" WHERE ")[2].replace("complaint.complaint", "complaint")
                indexes.add((None if sql is None else index, parts, unique, origin, partial, where))
            found[table] = columns | foreign | indexes
    return found


def test_an_audit_line_belongs_to_the_transaction_of_its_deed(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(RuntimeError), store.write("test") as connection:
        sources.log(connection, NOW, "amends", "write: sending")
        raise RuntimeError
    with store.read() as connection:
        assert sources.audit_lines(connection) == []
