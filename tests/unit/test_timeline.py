"""A timeline is the same whatever order its pieces arrive in, and says what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.model import Entry, EntryKind, Priority, Role, Status, Visibility
from connector.timeline import Words, fold, merge

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = Words(
    status={
        "new": Status.NEW,
        "open": Status.OPEN,
        "pending": Status.WAITING_CUSTOMER,
        "solved": Status.RESOLVED,
        "closed": Status.CLOSED,
        "deleted": Status.DELETED,
    },
    priority={"high": Priority.HIGH, "low": Priority.LOW},
)


def entry(
    number: int,
    kind: EntryKind,
    minutes: int,
    value: str | None = None,
    *,
    text: str | None = None,
    observed: bool = True,
    role: Role = Role.STAFF,
    visibility: Visibility = Visibility.PUBLIC,
) -> Entry:
    at = START + timedelta(minutes=minutes)
    name = f"{number:012d}" if observed else f"~{number:012d}"
    return Entry(name, kind, at, at, role, "7", visibility, text, value, None, observed)


def received() -> Entry:
    return entry(0, EntryKind.RECEIVED, 0, text="My parcel is late.", role=Role.CUSTOMER)


events = st.lists(
    st.tuples(
        st.sampled_from([EntryKind.STATUS, EntryKind.STAFF_REPLY, EntryKind.CUSTOMER_MESSAGE, EntryKind.PRIORITY]),
        st.integers(1, 500),
        st.sampled_from(["new", "open", "pending", "solved", "closed", "high", "low", "odd"]),
    ),
    max_size=12,
).map(lambda steps: [received(), *(entry(n + 1, kind, at, value) for n, (kind, at, value) in enumerate(steps))])


@given(events, st.randoms(use_true_random=False))
def test_events_in_any_order_and_any_portions_give_one_timeline(steps: list[Entry], chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = [*steps, *steps]
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(shuffled))
    assert merge(merge((), shuffled[:cut]), shuffled[cut:]) == merge((), steps)


@given(events)
def test_the_spells_of_a_history_follow_each_other_without_gap(steps: list[Entry]) -> None:
    folded = fold(merge((), steps), WORDS)
    assert folded is not None
    spells = folded.history.spells
    assert spells[0].start == START
    assert spells[-1].end is None
    for before, after in pairwise(spells):
        assert before.end == after.start
        assert before.status is not after.status


@given(events)
def test_there_are_at_most_as_many_reopenings_as_resolutions(steps: list[Entry]) -> None:
    folded = fold(merge((), steps), WORDS)
    assert folded is not None
    assert 0 <= len(folded.history.resolutions) - len(folded.history.reopens) <= 1


def test_a_snapshot_says_nothing_new_where_an_event_said_it() -> None:
    told = (received(), entry(1, EntryKind.STATUS, 10, "open"))
    assert merge(told, [entry(9, EntryKind.STATUS, 30, "open", observed=False)]) == told


def test_a_snapshot_fills_in_for_a_lost_event() -> None:
    merged = merge((received(),), [entry(9, EntryKind.STATUS, 30, "solved", observed=False)])
    folded = fold(merged, WORDS)
    assert folded is not None
    assert folded.status is Status.RESOLVED
    assert folded.history.resolutions == (START + timedelta(minutes=30),)


def test_a_late_event_corrects_the_time_that_a_snapshot_suggested() -> None:
    merged = merge((received(),), [entry(9, EntryKind.STATUS, 30, "solved", observed=False)])
    merged = merge(merged, [entry(1, EntryKind.STATUS, 20, "solved")])
    folded = fold(merged, WORDS)
    assert folded is not None
    assert folded.history.resolutions == (START + timedelta(minutes=20),)


def test_a_reopened_complaint_has_a_second_resolution_of_its_own() -> None:
    steps = [(10, "open"), (20, "solved"), (30, "open"), (40, "solved"), (50, "closed")]
    merged = merge((received(),), [entry(n, EntryKind.STATUS, at, word) for n, (at, word) in enumerate(steps, 1)])
    folded = fold(merged, WORDS)
    assert folded is not None
    assert [at - START for at in folded.history.resolutions] == [timedelta(minutes=20), timedelta(minutes=40)]
    assert [at - START for at in folded.history.reopens] == [timedelta(minutes=30)]


def test_coming_back_from_the_bin_is_no_second_resolution() -> None:
    merged = merge(
        (received(),),
        [
            entry(1, EntryKind.STATUS, 10, "solved"),
            entry(2, EntryKind.DELETE, 20),
            entry(3, EntryKind.RESTORE, 30),
        ],
    )
    folded = fold(merged, WORDS)
    assert folded is not None
    assert folded.status is Status.RESOLVED
    assert len(folded.history.resolutions) == 1
    assert folded.history.reopens == ()


def test_that_a_ticket_is_there_is_news_only_where_it_was_deleted() -> None:
    opened = (received(), entry(1, EntryKind.STATUS, 10, "open"))
    there = entry(2, EntryKind.RESTORE, 20, observed=False)
    assert merge(opened, [there]) == opened
    assert merge((), [*opened, there]) == opened
    gone = merge(opened, [entry(3, EntryKind.DELETE, 15, observed=False)])
    back = merge(gone, [there])
    assert [one.kind for one in back[-2:]] == [EntryKind.DELETE, EntryKind.RESTORE]
    folded = fold(back, WORDS)
    assert folded is not None
    assert folded.status is Status.OPEN
    assert merge(back, [entry(4, EntryKind.RESTORE, 40, observed=False)]) == back
    assert merge(gone, [entry(5, EntryKind.STATUS, 30, "solved"), entry(6, EntryKind.RESTORE, 40, observed=False)]) == (
        *gone,
        entry(5, EntryKind.STATUS, 30, "solved"),
    )


def test_a_note_or_our_own_word_is_no_reply_to_the_customer() -> None:
    merged = merge(
        (received(),),
        [
            entry(1, EntryKind.NOTE, 5, visibility=Visibility.INTERNAL),
            entry(2, EntryKind.STAFF_REPLY, 6, visibility=Visibility.INTERNAL),
            entry(3, EntryKind.STAFF_REPLY, 7, role=Role.AMENDS),
            entry(4, EntryKind.STAFF_REPLY, 8, role=Role.SYSTEM),
            entry(5, EntryKind.STAFF_REPLY, 9),
        ],
    )
    folded = fold(merged, WORDS)
    assert folded is not None
    assert folded.history.replies == (START + timedelta(minutes=9),)


def test_an_unknown_status_is_kept_by_name_and_counts_as_open() -> None:
    folded = fold(merge((received(),), [entry(1, EntryKind.STATUS, 5, "frozen")]), WORDS)
    assert folded is not None
    assert folded.status is Status.OPEN
    assert folded.unknown == ("status 'frozen'",)


@given(st.booleans())
def test_a_redaction_blanks_the_text_whichever_comes_first(redaction_first: bool) -> None:
    message = entry(1, EntryKind.CUSTOMER_MESSAGE, 5, text="card 4111 1111", role=Role.CUSTOMER)
    redaction = entry(2, EntryKind.REDACTION, 9, value=message.id, text="card ▇▇▇▇")
    pieces = [redaction, message] if redaction_first else [message, redaction]
    merged: tuple[Entry, ...] = (received(),)
    for piece in pieces:
        merged = merge(merged, [piece])
    assert [one.text for one in merged if one.id == message.id] == ["card ▇▇▇▇"]


def test_a_redacted_description_replaces_what_was_received() -> None:
    blank = msgspec_replace(received(), text="▇▇▇")
    assert merge((received(),), [blank])[0].text == "▇▇▇"


def test_an_older_copy_does_not_bring_redacted_words_back() -> None:
    redaction = entry(2, EntryKind.REDACTION, 9, value=received().id, text="▇▇▇", observed=False)
    merged = merge((received(),), [redaction])
    assert merge(merged, [received()]) == merged
    assert merged[0].text == "▇▇▇"


def test_a_ticket_that_is_still_gone_or_still_redacted_is_told_so_once() -> None:
    told = (
        received(),
        entry(1, EntryKind.REDACTION, 5, value=received().id, text="▇▇▇", observed=False),
        entry(2, EntryKind.DELETE, 9, observed=False),
    )
    merged = merge((), told)
    again = [msgspec_replace(one, id=f"{one.id}-again") for one in told if not one.observed]
    assert merge(merged, again) == merged


def test_a_snapshot_of_a_ticket_that_came_back_from_the_bin_is_believed() -> None:
    merged: tuple[Entry, ...] = ()
    for piece in (
        received(),
        entry(1, EntryKind.STATUS, 5, "open", observed=False),
        entry(2, EntryKind.DELETE, 9, observed=False),
        entry(3, EntryKind.STATUS, 20, "open", observed=False),
    ):
        merged = merge(merged, [piece])
    folded = fold(merged, WORDS)
    assert folded is not None
    assert folded.status is Status.OPEN
    assert folded.history.reopens == ()


def msgspec_replace(of: Entry, **changes: object) -> Entry:
    from msgspec.structs import replace

    return replace(of, **changes)


def test_a_priority_that_was_seen_being_set_was_not_there_before() -> None:
    folded = fold(merge((received(),), [entry(1, EntryKind.PRIORITY, 30, "high")]), WORDS)
    assert folded is not None
    assert folded.history.priorities == ((START, None), (START + timedelta(minutes=30), Priority.HIGH))


def test_a_priority_that_a_snapshot_states_may_have_been_there_all_along() -> None:
    folded = fold(merge((received(),), [entry(1, EntryKind.PRIORITY, 30, "high", observed=False)]), WORDS)
    assert folded is not None
    assert [priority for _, priority in folded.history.priorities] == [Priority.HIGH]


def test_a_reply_made_internal_afterwards_is_no_reply_any_more() -> None:
    reply = entry(1, EntryKind.STAFF_REPLY, 5, text="Sorry!")
    hidden = msgspec_replace(entry(2, EntryKind.FIELD, 9, "internal"), field=f"visibility:{reply.id}")
    for pieces in ([reply, hidden], [hidden, reply]):
        merged: tuple[Entry, ...] = (received(),)
        for piece in pieces:
            merged = merge(merged, [piece])
        folded = fold(merged, WORDS)
        assert folded is not None
        assert folded.history.replies == ()


def test_a_ticket_of_which_nothing_is_known_has_no_history() -> None:
    assert fold((), WORDS) is None
