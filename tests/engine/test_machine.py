"""A desk, an engine, and anything that can go wrong between them, in any order: nothing is lost, nothing is doubled.

Hypothesis plays the customers, the agents, the network and the hangman. `AMENDS_EXAMPLES` sets how many stories it
tries (200 here, 5,000 in `make proof`); `AMENDS_SHRINK=1` lets it look for the shortest story that fails.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from adapters.memory import LateError, Moment
from connector.errors import AuthError, TemporaryError
from connector.store import sources
from tests.engine.world import CUSTOMERS, KilledError, World

EXAMPLES = int(os.environ.get("AMENDS_EXAMPLES", "200"))
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink or "AMENDS_SHRINK" in os.environ)
VERBS = st.sampled_from(["pull", "sweep", "push"])
FAULTS = st.sampled_from(
    [
        lambda: TemporaryError("the desk is busy.", retry_after_seconds=1),
        lambda: TemporaryError("the line went dead."),
        lambda: AuthError("the desk does not know us."),
    ]
)
TEXTS = st.sampled_from(
    [
        "My parcel has still not arrived. I want my money back.",
        "You charged me twice. This is unacceptable.",
        "A minha encomenda está atrasada.",
        "What are your opening hours?",
    ]
)


class Desks(RuleBasedStateMachine):
    """One story: people act, verbs run, things break."""

    tickets = Bundle("tickets")

    @initialize()
    def begin(self) -> None:
        self.world = World()

    # -- people ------------------------------------------------------------------------------------------------

    @rule(target=tickets, text=TEXTS, who=st.sampled_from(CUSTOMERS))
    def customer_opens(self, text: str, who: dict[str, object]) -> str:
        return self.world.desk.open("A word with you", text, requester=who)

    @rule(target=tickets, count=st.integers(2, 5))
    def many_open_in_one_instant(self, count: int) -> object:
        with self.world.desk.together():
            return multiple(*[self.world.desk.open("All at once", "My parcel is late.") for _ in range(count)])

    @rule(ticket=tickets)
    def customer_writes(self, ticket: str) -> None:
        self.world.desk.customer_message(ticket, "It is still not solved.")

    @rule(ticket=tickets)
    def agent_replies(self, ticket: str) -> None:
        self.world.desk.staff_reply(ticket, "We are on it.")

    @rule(ticket=tickets, status=st.sampled_from(["open", "pending", "hold", "solved", "solved"]))
    def agent_sets_status(self, ticket: str, status: str) -> None:
        self.world.desk.set(ticket, "status", status)

    @rule(ticket=tickets)
    def agent_labels(self, ticket: str) -> None:
        self.world.desk.label(ticket, ["seen"])

    @rule(ticket=consumes(tickets))
    def agent_closes(self, ticket: str) -> None:
        self.world.desk.set(ticket, "status", "closed")

    @rule(ticket=consumes(tickets))
    def agent_deletes(self, ticket: str) -> None:
        self.world.desk.delete(ticket)

    @rule(ticket=consumes(tickets), into=tickets)
    def agent_merges(self, ticket: str, into: str) -> None:
        if ticket != into:
            self.world.desk.merge(ticket, into)

    @rule(seconds=st.sampled_from([1, 60, 3600, 5 * 3600, 26 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.desk.advance(seconds)

    # -- the engine, well and unwell ---------------------------------------------------------------------------

    @rule(verb=VERBS)
    def a_verb_runs(self, verb: str) -> None:
        self.world.step(verb)

    @rule()
    def a_whole_round_runs(self) -> None:
        for verb in ("pull", "sweep", "push"):
            self.world.step(verb)

    @rule(verb=VERBS, seam=st.integers(1, 25))
    def the_process_is_killed(self, verb: str, seam: int) -> None:
        self.world.die_at = self.world.seams + seam
        self.world.step(verb)
        self.world.die_at = None

    @rule(verb=VERBS, moment=st.sampled_from(list(Moment)), after=st.integers(1, 6), error=FAULTS)
    def the_source_fails(self, verb: str, moment: Moment, after: int, error: object) -> None:
        with self.world.fault(moment, after, error):  # type: ignore[arg-type]
            self.world.step(verb)

    @rule(after=st.integers(1, 3))
    def a_write_hangs(self, after: int) -> None:
        with self.world.fault(Moment.BEFORE_WRITE, after, lambda: LateError("no answer in time.")):
            self.world.step("push")

    @rule(verb=VERBS, moment=st.sampled_from(list(Moment)), after=st.integers(1, 4))
    def the_process_is_killed_in_a_call(self, verb: str, moment: Moment, after: int) -> None:
        with self.world.fault(moment, after, KilledError):
            self.world.step(verb)

    @rule()
    def a_late_write_lands(self) -> None:
        self.world.land()

    @rule(reads=st.integers(1, 4))
    def a_late_write_lands_while_we_look_for_it(self, reads: int) -> None:
        left = reads

        def land(moment: Moment) -> None:
            nonlocal left
            left -= moment is Moment.BEFORE_READ
            if left == 0 and self.world.desk.late:
                self.world.desk.hook = lambda _moment: None
                self.world.land()

        self.world.desk.hook = land
        self.world.step("push")
        self.world.desk.hook = lambda _moment: None

    @rule(ticket=tickets)
    def an_agent_edits_between_our_read_and_our_write(self, ticket: str) -> None:
        def edit(moment: Moment) -> None:
            if moment is Moment.BEFORE_WRITE:
                self.world.desk.hook = lambda _moment: None
                self.world.desk.label(ticket, ["mine"])

        self.world.desk.hook = edit
        self.world.step("push")
        self.world.desk.hook = lambda _moment: None

    @rule()
    def somebody_pauses_and_resumes(self) -> None:
        with self.world.store.write("pause") as connection:
            sources.pause(connection, self.world.now(), "a look around")
        before = len(self.world.desk.ledger)
        self.world.step("push")
        assert len(self.world.desk.ledger) == before, "a paused engine wrote"
        with self.world.store.write("resume") as connection:
            sources.resume(connection)

    # -- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_doubled(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.heal()
            self.world.check_at_rest()


TestDesks = Desks.TestCase
TestDesks.settings = settings(
    max_examples=EXAMPLES, phases=PHASES, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
