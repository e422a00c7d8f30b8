"""Corrections: whom they concern, whether the work is done, who has to be told of it, and whether it helped.

Called by `sweep` after the test of trends. Nothing here leaves the house: letters are drafted for a person to approve,
and what the complaints' own tickets are told goes the way of all writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connector.assessment.rules import Rules
from connector.assessment.understood import understood_again
from connector.helpdesk import Helpdesk
from connector.policy import correction as wording
from connector.policy.rules import Correction as Rule
from connector.store import Store, Transaction, corrections, intentions, sources, tallies, trends, walks
from connector.store.corrections import OPEN, Concerned, Correction, Opened, Told
from connector.store.intentions import State as Wrote
from connector.sync.intending import first_state
from connector.sync.whole_days import read_sources, whole_days
from connector.trends.effect import Effect, Verdict, effect
from connector.trends.life import State, day_number, judged_again, said
from connector.trends.speaking import RULE, words
from connector.trends.views import Trends

BEFORE_DAYS = 28  # how long the rate is counted that a correction is measured against
TOLD_ELSEWHERE = "the customer is told on {case}"


def follow(desks: Sequence[Helpdesk], store: Store, rules: Rules, now: datetime) -> int:
    """Bring every correction up to date. Returns how many changed."""
    with store.read() as connection:
        opened = corrections.newly_opened(connection)
        going_on = corrections.going_on(connection)
    if not (opened or going_on):
        return 0
    with store.write("corrections: followed") as connection:
        return _Following(connection, desks, rules, now).run(opened)


class _Following:
    def __init__(self, connection: Transaction, desks: Sequence[Helpdesk], rules: Rules, now: datetime) -> None:
        self.connection, self.rules, self.now = connection, rules, now
        self.desks = {desk.name: desk for desk in desks}
        self.settings = rules.trends or Trends()
        self.known_to = whole_days(connection, read_sources(desks, rules), self.settings, now).day
        self.changed = 0

    def run(self, opened: Iterable[Opened]) -> int:
        for one in opened:
            self._opened(one)
        for known in corrections.going_on(self.connection):
            self._members(known)
            self._ask(known)
            self._work(known)
        for known in corrections.going_on(self.connection):
            self._check(known)
            self._close(known)
        return self.changed

    # -- its beginning ---------------------------------------------------------------------------------------------

    def _opened(self, one: Opened) -> None:
        """A corrective ticket was opened: by a rule, or because a person asked for it."""
        rule = self.rules.policy.correction(one.rule)
        number = self._asked_for(one)
        trend = _trend_of(one.episode)
        if number is None:
            number = corrections.add(
                self.connection,
                f"Remove the cause of {self._about(one, trend)}",
                one.opened_at,
                trend=trend,
                rule=one.rule,
                owner=rule.owner if rule else None,
                due_on=wording.due_on(rule, one.opened_at) if rule else None,
            )
        corrections.change(self.connection, number, ticket=(one.source_id, one.ticket))
        corrections.concern(self.connection, number, [one.complaint], self.now)
        if trend is not None:
            self._actioned(trend, number)
        self._log("correction: opened", number, {"ticket": one.ticket, "about": one.case})

    def _asked_for(self, one: Opened) -> int | None:
        """The correction that a person opened with the same rule for the same complaint or trend, and that waits for
        its ticket."""
        for known in corrections.going_on(self.connection):
            if known.ticket is None and known.rule in (None, one.rule) and known.done_at is None:
                members = corrections.concerned(self.connection, known.number)
                if known.trend == _trend_of(one.episode) and one.complaint in [each.complaint for each in members]:
                    return known.number
        return None

    def _about(self, one: Opened, trend: int | None) -> str:
        found = trends.one(self.connection, trend) if trend is not None else None
        return f"trend {trend} ({words(found.trend.cell)})" if found else f"complaint {one.case}"

    def _actioned(self, trend: int, number: int) -> None:
        found = trends.one(self.connection, trend)
        if found is not None and found.trend.state not in (State.ACTIONED, State.CLOSED):
            after = said(found.trend, State.ACTIONED, "amends", f"correction {number} was opened", self.now)
            trends.save(self.connection, trend, after)

    # -- whom it concerns, and whether the work is done ------------------------------------------------------------

    def _members(self, known: Correction) -> None:
        """As long as the work goes on, everybody who joins the trend is concerned too."""
        if known.trend is None or known.done_at is not None:
            return
        found = trends.one(self.connection, known.trend)
        if found is not None:
            affected = trends.affected(self.connection, found.trend.cell, found.trend.started_on)
            corrections.concern(self.connection, known.number, [one.complaint for one in affected], self.now)
        if known.ticket is not None:
            corrections.link_all(self.connection, known.number, self.now)

    def _ask(self, known: Correction) -> None:
        """A person opened it by a rule: let its ticket be opened, for the sake of the complaint that speaks for all."""
        rule = self.rules.policy.correction(known.rule) if known.rule else None
        members = corrections.concerned(self.connection, known.number)
        if rule is None or known.ticket is not None or known.done_at is not None or not members:
            return
        episode = f"{RULE}#{known.trend}" if known.trend is not None else f"correction#{known.number}"
        if self._asked_already(rule, episode, members):
            return
        trend = trends.one(self.connection, known.trend) if known.trend is not None else None
        lead = next((one for one in members if trend is not None and one.case == trend.lead), members[0])
        stored = walks.by_ids(self.connection, [lead.complaint])[lead.complaint]
        home, there = self.desks.get(stored.source), self.desks.get(rule.at)
        if home is None or there is None:
            return
        doc = stored.doc
        this = understood_again(doc.complaint, doc.entries, doc.tags, home.words)
        flag = next((flag for flag in stored.assessed.flags if flag.episode == episode), None)
        action = wording.opening(
            this.complaint,
            this.folded.history,
            this.tags,
            rule,
            flag,
            wording.Reason(episode, flag.why if flag else f"{known.title}.", known.opened_at),
            salt=sources.salt(self.connection).encode(),
            zone=self.rules.policy.zone,
            now=known.opened_at,
        )
        if intentions.add(self.connection, there.id, [(action, *first_state(there, action))], self.now):
            self.changed += 1
            self._log("correction: ticket intended", known.number, {"at": rule.at, "rule": rule.id})

    def _asked_already(self, rule: Rule, episode: str, members: Sequence[Concerned]) -> bool:
        """Whether its ticket was intended for the sake of another complaint, which spoke for all at that time. What was
        withdrawn because that complaint is none of them any more is intended anew."""
        concerned = {one.case for one in members}
        return any(
            one.state not in (Wrote.CANCELLED, Wrote.EXPIRED) or one.action.origin in concerned
            for one in intentions.openings_of(self.connection, rule.id, episode)
        )

    def _work(self, known: Correction) -> None:
        if known.resolved_at is not None and known.done_at is None:
            self.changed += 1
            completed(self.connection, known, known.resolved_at, self.settings, self.now, who="amends")
        elif known.ticket is not None and known.resolved_at is None and known.done_at is not None:
            # Taken up again: what nobody was told yet, nobody is told now.
            self.changed += 1
            corrections.done(self.connection, known.number, None, None)
            waiting = [one for one in corrections.concerned(self.connection, known.number) if one.state in OPEN]
            ids = [one.complaint for one in waiting]
            corrections.tell(self.connection, known.number, ids, Told.AFFECTED, self.now)
            self._log("correction: taken up again", known.number, {})

    # -- whether it helped -----------------------------------------------------------------------------------------

    def _check(self, known: Correction) -> None:
        """Some weeks after the work was done, hold the rate against the one before."""
        # The last day that counts is the one before; no source may lag behind it, for that would look like a fall.
        due = (
            known.check_on is not None and self.known_to is not None and day_number(known.check_on) <= self.known_to + 1
        )
        found = trends.one(self.connection, known.trend) if known.trend is not None else None
        if not due or known.effect is not None or found is None or known.done_at is None:
            return
        done = day_number(self.settings.day(known.done_at))
        measured = self._effect(found.trend.cell, day_number(found.trend.started_on), done)
        corrections.change(self.connection, known.number, effect=measured)
        if found.trend.state is not State.CLOSED:
            people = f"{measured.after} people in the {measured.after_days} days after correction {known.number}"
            after = judged_again(found.trend, helped=measured.verdict is Verdict.FELL, why=people, now=self.now)
            trends.save(self.connection, found.number, after)
        self.changed += 1
        self._log("correction: checked", known.number, {"verdict": measured.verdict, "after": measured.after})

    def _effect(self, cell: str, started: int, done: int) -> Effect:
        begin = max(started, done - BEFORE_DAYS)
        cases = tallies.cases(self.connection, begin, of=cell).get(cell, [])
        before = {case.person for case in cases if begin <= case.day < done}
        last = done + self.settings.check_days
        after = {case.person for case in cases if done < case.day <= last}
        return effect(len(before), max(1, done - begin), len(after), self.settings.check_days)

    def _close(self, known: Correction) -> None:
        """It is over when everybody was told, and it is known whether it helped."""
        if known.done_at is None or (known.trend is not None and known.effect is None):
            return
        if any(one.state in OPEN for one in corrections.concerned(self.connection, known.number)):
            return
        self.changed += 1
        corrections.change(self.connection, known.number, closed_at=self.now)
        self._log("correction: closed", known.number, {})

    def _log(self, what: str, number: int, detail: dict[str, object]) -> None:
        sources.log(self.connection, self.now, "amends", what, detail={"correction": number, **detail})


def completed(
    connection: Transaction, known: Correction, at: datetime, settings: Trends, now: datetime, *, who: str
) -> None:
    """The cause is gone since `at`: everybody concerned has to be told, each person once. Also called by the command by
    which a person says so."""
    check_on = settings.day(at + timedelta(days=settings.check_days)) + timedelta(days=1)
    corrections.done(connection, known.number, at, check_on if known.trend is not None else None)
    members = [one for one in corrections.concerned(connection, known.number) if one.state is Told.AFFECTED]
    speaking = spokesmen(members)
    waiting = [one.complaint for one in members if speaking[one.person].complaint == one.complaint]
    corrections.tell(connection, known.number, waiting, Told.WAITING, now)
    for one in members:
        if one.complaint not in waiting:
            why = TOLD_ELSEWHERE.format(case=speaking[one.person].case)
            corrections.tell(connection, known.number, [one.complaint], Told.WAIVED, now, who="amends", why=why)
    detail = {"correction": known.number, "concerned": len(members), "to tell": len(waiting)}
    sources.log(connection, now, who, "correction: done", detail=detail)


def spokesmen(members: Sequence[Concerned]) -> dict[int, Concerned]:
    """Of each person's complaints the newest, on which they are told."""
    return {one.person: one for one in members}


def _trend_of(episode: str) -> int | None:
    rule, _, number = episode.partition("#")
    return int(number) if rule == RULE and number.isdigit() else None
