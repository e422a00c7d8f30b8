"""How the demo ends: the helpdesks' ledgers held against the outbox, one complaint explained, and where to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import msgspec

from adapters.imap.evidence import ticket_of
from connector.clocks.promises.standing import words_of
from connector.commands import corrections, trends
from connector.commands.explaining import explained
from connector.commands.place import Place
from connector.commands.promise_counts import summary
from connector.display import count, wrapped
from connector.explain import lines
from connector.model import ActionKind, EntryKind, Role
from connector.outbox import BROKEN_OFF
from connector.policy.ladder import BETWEEN
from connector.store.complaints import Stored
from connector.store.intentions import Intention, State
from sandbox.demo.clocks import worth_a_look
from sandbox.demo.feedback import answered_on_the_page
from sandbox.demo.folder import MAILBOX
from sandbox.demo.watch import Watch
from sandbox.jira import content as jira
from sandbox.zendesk import content

WIDEST = 100
STORY_SECONDS = 5 * 86_400
KILLED = (
    "Once, Amends was killed (kill -9) when a write had just been carried out and nothing was noted yet. Started "
    "again, it looked, found that it had been done, and did not do it a second time."
)
OURS = (content.INTEGRATION, jira.INTEGRATION, MAILBOX)
# What an escalation adds to a mail besides its tags. Keywords go with a mail of ours but for a lone tag, whose only
# effect they are.
MARKS = frozenset({"$AmendsEscalated", "\\Flagged"})


class Verdict(msgspec.Struct, frozen=True):
    """`done` writes, the `effects` of ours that the helpdesk's ledger holds, and where the two do not agree. `doubted`
    messages to people were on their way when Amends was killed; no channel can be asked, so they are not sent again.
    `broken_off` are writes that were withdrawn when only their marks were set, and say so."""

    done: int
    effects: int
    waiting: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unsettled: tuple[str, ...]
    doubted: int = 0
    broken_off: tuple[int, ...] = ()

    @property
    def sound(self) -> bool:
        return self.done > 0 and not (self.lost or self.doubled or self.unsettled)


def verdict(
    writes: Sequence[Intention],
    ledgers: Mapping[str, Sequence[Mapping[str, Any]]],
    heard: Sequence[Mapping[str, Any]] = (),
) -> Verdict:
    """Each write that is done has exactly one effect, and each effect of ours belongs to one write. `heard` is what
    people were told, at the pager.

    `ledgers` by source. Without compare-and-set a write goes in steps (fields and mark, then the note; keywords, then a
    mail and its copy), each once.
    """
    notices = [one for one in writes if one.state is State.DONE and one.action.kind is ActionKind.NOTIFY]
    doubted = [one for one in writes if one.state is State.PARKED and one.action.kind is ActionKind.NOTIFY]
    missed, twice = _unheard(notices, doubted, heard)
    done = [one for one in writes if one.state is State.DONE and one.action.kind is not ActionKind.NOTIFY]
    hits: dict[int, Counter[str]] = {one.id: Counter() for one in done}
    stray, in_part = [], set()
    for source, ledger in ledgers.items():
        there = [one for one in done if one.source == source]
        for effect in ledger:
            if effect["actor"] not in OURS:
                continue
            of = [one for one in there if _is_of(effect, one)]
            half = [] if of else [one for one in writes if one.source == source and _is_first_step(effect, one)]
            in_part |= {one.id for one in half}
            stray += [] if of or half else [effect]
            for one in of:
                hits[one.id][_step(effect)] += 1
    return Verdict(
        done=len(done) + len(notices),
        effects=sum(max(steps.values(), default=0) for steps in hits.values()) + len(stray) + len(heard),
        waiting=sum(one.state is State.PENDING for one in writes),
        lost=(*(_named(one) for one in done if not _landed(one, hits[one.id])), *missed),
        doubled=(
            *twice,
            *(_named(one) for one in done if max(hits[one.id].values(), default=0) > 1),
            *(f"stray effect {one}" for one in stray),
        ),
        unsettled=tuple(
            _named(one)
            for one in writes
            if one.state in (State.SENDING, State.IN_DOUBT, State.PARKED) and one not in doubted
        ),
        doubted=len(doubted),
        broken_off=tuple(sorted(in_part)),
    )


def _unheard(
    notices: Sequence[Intention], doubted: Sequence[Intention], heard: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notices that nobody heard, and the messages that belong to none. What was sent once more because it was in
    doubt (an emergency, and it says so) has a line more than was decided, and is none too many; nor is what was on its
    way when Amends was killed, and is sent to nobody again (`doubted`)."""
    left = [(str(one["to"]), str(one["text"])) for one in heard]
    missed = []
    for one in notices:
        to, text = str((one.receipt or {}).get("contact")), str((one.stamp or {}).get("text"))
        found = [told for told in left if told[0] == to and told[1] in (text, f"{text}\n{_last_line(told[1])}")]
        if not found:
            missed.append(_named(one))
        for told in found if any(told[1] != text for told in found) else found[:1]:
            left.remove(told)
    for one in doubted:
        notice = one.action.effect.notice
        text = str((one.stamp or {}).get("text"))
        if notice is not None and (notice.contact, text) in left:
            left.remove((notice.contact, text))
    return tuple(missed), tuple(f"a message to {to}" for to, _ in left)


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


def _step(effect: Mapping[str, Any]) -> str:
    """The step of a write that an effect belongs to. Keywords of one mail may be set by several writes, each those that
    are missing; a keyword is doubled only where the same ones are set again."""
    if effect["kind"] == "keywords":
        return " ".join(("keywords", *effect["tags_added"]))
    return f"{effect['kind']} {effect['marker'].get('globalId', '')}"


def _landed(one: Intention, steps: Counter[str]) -> bool:
    """Whether a write's own effect is there. Keywords alone may be those of another write to the same mail."""
    alone = one.action.kind is ActionKind.TAG
    return any(alone or not step.startswith("keywords") for step in steps)


def _is_of(effect: Mapping[str, Any], one: Intention) -> bool:
    if one.action.marker in str(effect["marker"]):
        return True
    if effect["kind"] == "keywords":
        wanted = {*one.action.effect.tags, *(MARKS if one.action.kind is ActionKind.ESCALATE else ())}
        return ticket_of(effect["ticket"]) == one.action.ticket and set(effect["tags_added"]) <= wanted
    if effect["marker"] and not effect["marker"].get("globalId"):
        return False
    if effect["kind"] == "remotelink":
        return str(effect["ticket"]) == (one.receipt or {}).get("ticket")
    added = set(effect.get("tags_added", ()))
    return str(effect["ticket"]) == one.action.ticket and bool(added) and added <= set(one.action.effect.tags)


def _is_first_step(effect: Mapping[str, Any], one: Intention) -> bool:
    """Whether an effect is the marks of a write that was withdrawn half-way; the write has to say so itself."""
    told = BROKEN_OFF.format(one.id) in (one.why or "")
    return told and one.sent_at is not None and effect["kind"] == "keywords" and _is_of(effect, one)


def _named(one: Intention) -> str:
    return f"{one.action.kind.value} #{one.id} of ticket {one.source}/{one.action.ticket}"


def told_at_the_end(
    result: Verdict, watch: Watch, home: Path, seconds: float, crashes: int, columns: int
) -> Iterator[str]:
    """The closing text, line by line."""
    columns = min(columns, WIDEST)
    case = _telling_case(watch)
    if case is not None:
        yield "One complaint explained:"
        yield ""
        yield from (
            f"  {line}".rstrip() for line in lines(explained(_place(home, watch), case), columns - 2, brief=True)
        )
        yield ""
    yield from _figures(result, watch, home, seconds)
    if crashes:
        yield ""
        yield from wrapped(KILLED, columns - 2, "  ")
    yield ""
    yield from _person_to_see(home, watch)
    yield from _fitted(answered_on_the_page(_place(home, watch)), columns)
    yield from _clocks_to_see(home, watch)
    yield from _where_to_go_on(home, case, aside=bool(watch.aside))


def _figures(result: Verdict, watch: Watch, home: Path, seconds: float) -> Iterator[str]:
    said = [_is_complaint(one) for one in watch.tickets.values()]
    counts = Counter(event.words.partition(":")[0] for event in watch.events if event.kind == "flag")
    yield f"Five days in {seconds:.0f} seconds."
    yield ""
    yes, unsure, no = (said.count(answer) for answer in ("yes", "unsure", "no"))
    yield f"  came in   {count(len(said), 'ticket')}: {yes} complaints, {no} other, {unsure} for a person to look at"
    if watch.aside:
        yield f"  set aside {count(len(watch.aside), 'mail')} that machines wrote, each with its reason"
    late, soon, back = (counts[kind] for kind in ("overdue", "due soon", "repeat"))
    yield f"  flagged   {late} overdue, {soon} due soon, {back} where a customer had to come back"
    yield f"  promised  {summary(_promises(watch))}"
    yield from _trends(home, watch)
    effects = count(result.effects, "effect")
    yield f"  written   {count(result.done, 'write')}; the helpdesks' own ledgers hold {effects}"
    opened = sum(one.state is State.DONE and one.action.kind is ActionKind.CORRECT for one in watch.writes)
    back = sum(one.state is State.DONE and ":resolved@" in one.action.episode for one in watch.writes)
    yield from _told(watch, seconds)
    yield f"  causes    {opened} handed to operations in Jira, {back} removed and told to the complaint's agent"
    yield f"  lost      {len(result.lost)}"
    yield f"  doubled   {len(result.doubled)}"
    if result.broken_off:
        number = result.broken_off[0]
        yield f"  in part   {count(len(result.broken_off), 'write')} withdrawn when only its marks were set:"
        yield f"            `amends outbox undo {number}` takes them off"
    if result.doubted:
        words = "was on its way to somebody when Amends was killed; it is not said twice"
        yield f"  in doubt  {count(result.doubted, 'message')} that {words}, and a step further up comes all the same"
    if result.waiting:
        yield f"  waiting   {count(result.waiting, 'write')} for their time (a survey is asked a day after the answer)"
    for problem in (*result.lost, *result.doubled, *result.unsettled):
        yield f"  NOT SOUND {problem}"


def _told(watch: Watch, seconds: float) -> Iterator[str]:
    """How many people heard of how many complaints, how many ladders ended because somebody took one on, and how fast
    emergencies left, in real seconds."""
    notices = [one for one in watch.writes if one.action.kind is ActionKind.NOTIFY and one.state is State.DONE]
    people = {str((one.receipt or {}).get("contact")) for one in notices}
    ladders = {(one.action.origin, one.action.rule, one.action.episode.partition(BETWEEN)[0]): one for one in notices}
    stopped = sum(_taken_on(one, watch) for one in ladders.values())
    yield (
        f"  told      {count(len(people), 'person', 'people')} {count(len(notices), 'time')} outside the helpdesks; "
        f"{stopped} of {count(len(ladders), 'ladder')} ended when somebody took the complaint on"
    )
    urgent = [one for one in notices if one.action.effect.notice is not None and one.action.effect.notice.urgent]
    first = [one for one in urgent if one.sent_at is not None and f"{BETWEEN}1." in one.action.episode]
    waits = [(one.sent_at - one.created_at).total_seconds() for one in first if one.sent_at is not None]
    if waits:
        longest = max(waits) * seconds / STORY_SECONDS
        many = count(len(waits), "emergency", "emergencies")
        yield f"  urgent    {many}, each told within {max(longest, 0.1):.1f} s of being decided"


def _taken_on(one: Intention, watch: Watch) -> bool:
    stored, notice = watch.tickets.get(one.action.origin or ""), one.action.effect.notice
    if stored is None or notice is None:
        return False
    signs = (EntryKind.STAFF_REPLY, EntryKind.OWNER)
    return any(
        entry.kind in signs and entry.role is Role.STAFF and entry.occurred_at >= notice.since
        for entry in stored.doc.entries
    )


def _trends(home: Path, watch: Watch) -> Iterator[str]:
    """What stood out, and the letters to those who complained of it."""
    place = _place(home, watch)
    for one in trends.listing(place, everything=True, most=None).trends:
        if one.level == "alarm":
            words = ", ".join(one.cell.values())
            yield f"  stood out {words}: {one.people} people where {one.expected:.1f} were to be expected"
    for row in corrections.listing(place, everything=True, most=None):
        letters = [each for each in corrections.show(place, row.number).concerned if each.words and row.trend]
        if letters:
            languages = sorted({each.language for each in letters if each.language})
            yield f"  to tell   {count(len(letters), 'letter')} drafted, in {', '.join(languages)}, to be approved"


def _promises(watch: Watch) -> Counter[str]:
    """What became of the dates that customers were given."""
    told = (one.assessed for one in watch.tickets.values())
    return Counter(word for one in told for word in words_of(one.clocks, one.unsure))


def _is_complaint(one: Stored) -> str:
    return next((tag.value for tag in one.doc.tags if tag.facet == "complaint"), "unsure")


def _telling_case(watch: Watch) -> str | None:
    """A complaint whose cause was removed, else an escalated one; with quotes to show. Best is one that goes on from
    another helpdesk; then, the shorter the better."""
    done = [one.action for one in watch.writes if one.state is State.DONE]
    told = {f"{one.source}/{one.ticket}" for one in done if ":resolved@" in one.episode}
    escalated = {f"{one.source}/{one.ticket}" for one in done if one.effect.note}
    cases = [one for name, one in watch.tickets.items() if name in (told or escalated) and _quotes(one)]
    best = min(cases, key=lambda one: (not _goes_on(one), len(one.doc.entries)), default=None)
    return None if best is None else f"{best.source}/{best.ticket}"


def _goes_on(one: Stored) -> bool:
    """Whether its customer came to us by another helpdesk before."""
    return any(case.partition("/")[0] != one.source for flag in one.assessed.flags for case in flag.cases)


def _quotes(one: Stored) -> bool:
    return any(tag.evidence for tag in one.doc.tags)


def _place(home: Path, watch: Watch) -> Place:
    at = max(event.at for event in watch.events)
    return Place(home, now=lambda: at, wall=lambda: at)


def _clocks_to_see(home: Path, watch: Watch) -> Iterator[str]:
    found = list(worth_a_look(watch.tickets.values()))
    if not found:
        return
    yield "Clocks, drawn and explained:"
    for name, words in found:
        yield f"  amends {_option(home)} explain {name}  # {words}"
    yield f"  amends {_option(home)} clock diff  # where the helpdesk's own clocks say something else, and why"
    yield ""


def _person_to_see(home: Path, watch: Watch) -> Iterator[str]:
    """Whoever came by the most helpdesks, if by more than one."""
    sources: dict[int, set[str]] = {}
    for one in watch.tickets.values():
        sources.setdefault(one.person_id, set()).add(one.source)
    person, known_at = max(sources.items(), key=lambda one: (len(one[1]), -one[0]), default=(0, set[str]()))
    if len(known_at) < 2:
        return
    told = next(one.doc.complaint.complainant for one in watch.tickets.values() if one.person_id == person)
    yield f"One person at {len(known_at)} helpdesks ({', '.join(sorted(known_at))}): {told.name}"
    yield f"  amends {_option(home)} people show {person}"
    yield ""


def _fitted(lines: Iterator[str], columns: int) -> Iterator[str]:
    told = list(lines)
    for line in told:
        yield from wrapped(line.strip(), columns - 2, line[: len(line) - len(line.lstrip())])
    if told:
        yield ""


def _option(home: Path) -> str:
    here = Path.cwd()
    return f"--home {quote(str(home.relative_to(here) if home.is_relative_to(here) else home))}"


def _where_to_go_on(home: Path, case: str | None, *, aside: bool) -> Iterator[str]:
    option = _option(home)
    yield "The store stays. Look further:"
    yield f"  amends {option} web serve  # the same in a browser: it prints a link that lets you in"
    yield f"  amends {option} status"
    yield f"  amends {option} complaints list --flag overdue"
    if case is not None:
        yield f"  amends {option} explain {case}"
    yield f"  amends {option} people repeats"
    yield f"  amends {option} trends"
    yield f"  amends {option} corrections list"
    yield f"  amends {option} outbox list"
    if aside:
        yield f"  amends {option} quarantine list --all"
    yield f"  amends {option} report"
    yield f"  amends {option} survey list"
    yield f"  amends {option} audit list"
    yield "Then make your own: amends init"
