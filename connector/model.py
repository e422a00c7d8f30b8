"""The words of the trade as frozen values: complaint, complainant, timeline entry, tag, clock, flag, action.

Everything in the engine speaks these; adapters build `Entry` and read `Action`. Standard library and msgspec only,
because one definition then serves memory, the packed row in the store, and the published JSON Schema.
All times are aware and in UTC; all durations carry their unit in the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

JSON = Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """Where a complaint stands, in words that every helpdesk maps onto. Reopening is a timeline entry, not a status."""

    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_THIRD_PARTY = "waiting_third_party"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


FINISHED = frozenset({Status.RESOLVED, Status.CLOSED, Status.WITHDRAWN, Status.DELETED})
WAITING = frozenset({Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.ON_HOLD})


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class EntryKind(StrEnum):
    RECEIVED = "received"
    CUSTOMER_MESSAGE = "customer_message"
    STAFF_REPLY = "staff_reply"
    NOTE = "note"
    STATUS = "status"
    PRIORITY = "priority"
    OWNER = "owner"
    FIELD = "field"
    MERGE = "merge"
    DELETE = "delete"
    RESTORE = "restore"
    REDACTION = "redaction"
    RATING = "rating"
    CORRECTION = "correction"


class Visibility(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"


class Role(StrEnum):
    """Who acted. `amends` is this daemon itself; `unknown` where the source does not say."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SYSTEM = "system"
    AMENDS = "amends"
    UNKNOWN = "unknown"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened to a ticket, as its source tells it. Never rewritten, only blanked by redaction.

    `id` is the source's event id and orders entries of one instant; adapters zero-pad numbers so that text order is
    numeric order. `value` is the source's own word ("pending", an agent's id): the mapping gives it meaning when the
    timeline is folded, so a changed mapping needs no re-fetch. `field` names the field of a FIELD entry.
    `observed` is False where the entry is a statement from a snapshot ("at this time the status was X") and not an
    event; ids of such statements start with "~", which sorts after every digit and letter.
    `seen_at` is when we learned of it.
    """

    id: str
    kind: EntryKind
    occurred_at: datetime
    seen_at: datetime
    role: Role = Role.UNKNOWN
    actor: str | None = None
    visibility: Visibility = Visibility.INTERNAL
    text: str | None = None
    value: str | None = None
    field: str | None = None
    observed: bool = True


class Complainant(msgspec.Struct, frozen=True, omit_defaults=True):
    """The person behind a ticket as the source knows them. `verified` says whether the source vouches for the address.

    `key` names one identity at one source: "<source>:<id>" of an account, "<source>:<address>/<name>" where the id is a
    verified mailbox, which several people may share. Who is one person over all sources is said by `connector.people`.
    `time_zone` is an IANA name, `language` a lower-case ISO 639-1 code. `trust` is the
    source's own word for how sure it is who this is (mail: verified, plausible, unverified, failed).
    """

    key: str
    source_id: str | None = None
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    verified: bool = False
    language: str | None = None
    time_zone: str | None = None
    trust: str | None = None


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The customer's own words that led to a tag: characters `start` to `end` of the complaint's `field`."""

    field: str
    start: int
    end: int
    words: str


class Amount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Money that a customer names: a decimal number as text ("1200.50"), and the ISO 4217 code of its currency."""

    number: str
    currency: str


class Tag(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One statement about a complaint: `facet` (complaint, category, root_cause, language …) has `value`.

    Of a facet whose values do not exclude each other (remedy, emergency) there may be several tags. `confidence` is 0
    to 1; `author` is a rule id ("phrase:en/delivery-late"), "model:" with its version, "mapping", or "agent" (whose
    word wins). `amount` is the money that goes with a remedy.
    """

    facet: str
    value: str
    confidence: float
    author: str
    evidence: tuple[Span, ...] = ()
    amount: Amount | None = None


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a clock's life, half-open [start, end): `counted_seconds` of it ran, because `why`."""

    start: datetime
    end: datetime
    counted_seconds: int
    why: str


class ClockState(StrEnum):
    """`breached` is past due and still unanswered, `missed` was answered after its due time."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Clock(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured promise of time: `kind` (first_reply, resolution …), numbered `cycle`, as of `as_of`.

    `due_at` is None while the clock is paused or cancelled and was not yet breached. `breached_at` is the due instant
    that passed, derived from the timeline and calendar alone, so a daemon that slept finds the same instant.
    `cause` says of a breach that it came with a change of "priority" or "targets": the new promise was over already.
    """

    kind: str
    cycle: int
    state: ClockState
    started_at: datetime
    target_seconds: int
    used_seconds: int
    target: str
    calendar: str
    warn_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    cause: str | None = None


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """A date that a customer was given: in a reply (the timeline entry `entry`), in these `words`, or in a field.

    `id` names it among those of its complaint and survives a replay. `author` is the phrases that found it
    ("promise:en") or "field:<name>". `doubt` says why a person has to decide whether it is one; None: it is.
    """

    id: str
    made_at: datetime
    due_at: datetime
    author: str
    entry: str | None = None
    words: str | None = None
    doubt: str | None = None


class Ruling(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's word on a promise: `stands` or not, and by when. It outlives every replay; so the promise in it is
    without the words, which have to go where the source removes them."""

    promise: Promise
    stands: bool
    who: str
    at: datetime


class StepKind(StrEnum):
    """What a source says of a clock of its own: that it `started` (or runs again), is `paused` or has `resumed`, has
    a `target`, is `due` or `breached` at an instant, is `stopped`; `withdrawn` takes an earlier step back. What was
    stopped runs again where it is told to have started, not where it is told to have resumed."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    TARGET = "target"
    DUE = "due"
    BREACHED = "breached"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


class ClockStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a source says of a clock of its own. Kept as it was first seen, and never rewritten.

    `id` is unique within the ticket and orders steps of one instant. `clock` and `cycle` are the source's own words for
    the clock and for one run of it. `at` is since when it holds; of DUE and BREACHED the instant itself, which may lie
    ahead. `target_seconds` (None: no target any more), `policy` (its name) and `business_hours` (None: the source does
    not tell which hours count) belong to TARGET; `of` is the id of the step that WITHDRAWN takes back.
    """

    id: str
    clock: str
    cycle: str
    kind: StepKind
    at: datetime
    seen_at: datetime
    target_seconds: int | None = None
    policy: str | None = None
    business_hours: bool | None = None
    of: str | None = None


class FlagKind(StrEnum):
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    REPEAT = "repeat"
    BROKEN_PROMISE = "broken_promise"
    EMERGENCY = "emergency"
    HANDOFFS = "handoffs"
    WORDING = "wording"
    UNHAPPY = "unhappy"
    TREND = "trend"
    UNTOLD = "untold"


class Flag(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition that someone should know of. `episode` names one life of it ("first_reply#1", "resolution#2")."""

    kind: FlagKind
    rule: str
    episode: str
    since: datetime
    why: str
    cases: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """What it is about: a clock ("resolution", "regulation"), a kind of repeat, "trend" or "correction"."""
        return self.episode.partition("#")[0].partition(":")[0]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a customer said about how their complaint was handled, after the resolution `episode` ("resolution#1").

    `csat` (satisfaction) and `ces` (ease, 5 is easy) are 1 to 5, `nps` (would recommend) is 0 to 10, `solved` their
    word on whether it is; None where not asked or not said. `scale` is 2 where the source knows only good (5) and bad
    (1).
    `via` is "page" for ours, "source" for the helpdesk's own survey.
    """

    episode: str
    at: datetime
    via: str
    csat: int | None = None
    ces: int | None = None
    nps: int | None = None
    solved: bool | None = None
    comment: str | None = None
    scale: int = 5


class Complaint(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ticket in the common model: the fold of its timeline plus the mapped fields of its newest snapshot.

    (`source`, `ticket`) is its identity. `version` orders snapshots of one ticket and never goes back.
    `labels` are the source's own tags, `extra` holds the admin's mapped fields. `problems` lists, in words, what the
    mapping could not place; such values are kept, never dropped. `follows` is the ticket of the same source that this
    one goes on from, where that was closed. `outcome`, `stage` and `accepted_at` follow ISO 10002
    and stay empty until there is evidence for them.
    """

    source: str
    ticket: str
    version: int
    subject: str
    text: str
    complainant: Complainant
    status: Status
    opened_at: datetime
    updated_at: datetime
    url: str | None = None
    channel: str | None = None
    priority: Priority | None = None
    owner: str | None = None
    team: str | None = None
    product: str | None = None
    order_number: str | None = None
    language: str | None = None
    labels: tuple[str, ...] = ()
    extra: dict[str, JSON] = {}
    problems: tuple[str, ...] = ()
    merged_into: str | None = None
    follows: str | None = None
    stage: str | None = None
    outcome: str | None = None
    accepted_at: datetime | None = None


class Spell(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of time in one status, half-open; `end` is None for the present one."""

    status: Status
    start: datetime
    end: datetime | None


class History(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the fold of a timeline says happened, in mapped words. The clocks, flags and policy read this.

    `customer_messages` and `replies` hold the times of public messages by customer and by human staff, oldest first;
    `resolutions` the time of each resolution (number n is the n-th life of the complaint), `reopens` of each reopening.
    `priorities` begins with None where the first one known was seen being set. `automatic` holds the times of public
    messages that no human wrote, `thanks` those of customers who only said thanks for a resolution; `teams` who had
    the ticket from when on. `begun_by_staff` says that staff opened it where the customer did not see it.
    """

    received_at: datetime
    spells: tuple[Spell, ...]
    customer_messages: tuple[datetime, ...] = ()
    replies: tuple[datetime, ...] = ()
    resolutions: tuple[datetime, ...] = ()
    reopens: tuple[datetime, ...] = ()
    priorities: tuple[tuple[datetime, Priority | None], ...] = ()
    owners: tuple[tuple[datetime, str], ...] = ()
    automatic: tuple[datetime, ...] = ()
    thanks: tuple[datetime, ...] = ()
    teams: tuple[tuple[datetime, str], ...] = ()
    begun_by_staff: bool = False

    @property
    def status(self) -> Status:
        return self.spells[-1].status


class ActionKind(StrEnum):
    """The kinds of write-back; each has its own mode per source.

    `correct` opens a ticket at another source, where the cause is to be removed; `link` tells the complaint's own
    ticket what became of it. `acknowledge` tells the customer that their complaint has come: the one kind whose words
    are for them, for sources that do not do so themselves. `notify` tells a person of ours outside the helpdesk; `undo`
    takes back what an earlier write of ours has left on the ticket.
    """

    ESCALATE = "escalate"
    TAG = "tag"
    SURVEY = "survey"
    CORRECT = "correct"
    LINK = "link"
    ACKNOWLEDGE = "acknowledge"
    NOTIFY = "notify"
    UNDO = "undo"


class Mode(StrEnum):
    """`shadow` writes down what would be sent, `approve` waits for a person, `live` sends."""

    SHADOW = "shadow"
    APPROVE = "approve"
    LIVE = "live"


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """An admin's own words to a customer; "" leaves them to the adapter. `{house}`, `{reference}` and `{contact}` stand
    for the name that customers know, the ticket's id and the line that says how to reach a person."""

    subject: str = ""
    text: str = ""


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a `contact` (by id) of ours is told, in their language. `since` is when what it speaks of began; `urgent`:
    rather told twice than not at all. `digest` is when it is told together with others, because there are many."""

    contact: str
    title: str
    text: str
    since: datetime
    urgent: bool = False
    digest: datetime | None = None


class Remark(msgspec.Struct, frozen=True):
    """A note of an earlier write of ours: its `text`, the `marker` beside it, and when it was sent at the earliest."""

    marker: str
    text: str
    since: datetime


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """What should be true of the ticket afterwards, in the source's own field ids and values. Additive by nature.

    A `note` is always internal; there is no way to say otherwise. `fields` maps field ids as `discover` names them
    ("priority", "group", "custom:360001") to values. `fill` does the same, but for fields that are empty: what stands
    in one already stays. `tags` are added, none is ever removed. `create` holds the fields of a ticket to be opened;
    then `note` and `fill` are empty, and `tags` are the new ticket's. `messages` (by language, ISO 639-1) and `contact`
    are what an acknowledgement says to the customer; where they are empty, the adapter has words of its own. `notice`
    is what a `notify` action tells. An `undo` takes off the tags `untag`, and sets the fields of `restore`, (ours, what
    stood there before), back where they still hold ours; what somebody else has changed since stays. `unsay` is a note
    of ours that it takes away, where the source can do that. `link` is where the customer can answer a survey; it is a
    key, and filled in on its way out only.
    """

    note: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, JSON] = {}
    fill: dict[str, JSON] = {}
    create: dict[str, JSON] = {}
    messages: dict[str, Message] = {}
    contact: str | None = None
    notice: Notice | None = None
    untag: tuple[str, ...] = ()
    restore: dict[str, tuple[JSON, JSON]] = {}
    unsay: Remark | None = None
    link: str | None = None


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """An intended write. `key` derives from (source, ticket, rule, episode, kind), so the same fact gives the same key.

    `marker` is opaque, carries no personal data, and is put where the source keeps it beside the write.
    Not before `not_before`, not after `not_after`; lower `rank` goes first. A `correct` action belongs to the `source`
    at which the ticket is opened; its `ticket` and `origin` are both "<source>/<ticket>" of the complaint it is about,
    and its receipt holds "ticket" (the new one's stable id), "key" (as people call it) and "url". `language` is that of
    the customer (ISO 639-1), for what is written to them.
    """

    key: str
    marker: str
    source: str
    ticket: str
    kind: ActionKind
    rule: str
    episode: str
    effect: Effect
    why: str
    not_before: datetime
    not_after: datetime | None = None
    rank: int = 5
    origin: str | None = None
    language: str | None = None


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ticket (`source`, `ticket`; `key` as people call it) that was opened so that a complaint's cause is removed.

    `rule` and `episode` say why it was opened. `status` and `resolved_at` are as that ticket stands now; the latter is
    None while it is open.
    """

    source: str
    ticket: str
    key: str
    rule: str
    episode: str
    opened_at: datetime
    url: str | None = None
    status: Status | None = None
    resolved_at: datetime | None = None


def fields_of(value: Mapping[str, JSON], path: str) -> JSON:
    """The value at a field id: "a.b" walks into objects, "custom:17" is member 17 of object `custom`; None if absent.

    This is the one syntax by which mappings, discovery and write-back name a field.
    """
    if ":" in path:
        head, _, member = path.partition(":")
        inner = value.get(head)
        return inner.get(member) if isinstance(inner, Mapping) else None
    here: JSON = value
    for part in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here
