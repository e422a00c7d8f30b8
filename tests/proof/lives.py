"""Lives and deaths of the real command against the real HTTP sandbox: the harness behind the crash proof.

`tests/end_to_end/test_crash.py` runs it short, `make proof` runs it long. People act, a life of `amends sync` begins,
is killed by SIGKILL at a seam or at a moment, and begins again; meanwhile the network drops, delays and lies. At the
end everything heals, and the sandbox's own ledger is held against what the store decided.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.policy.phrasing import LINES
from connector.settings.folder import SHIPPED
from sandbox import pager as pagers
from sandbox.clock import SandboxClock
from sandbox.pager import Pager
from sandbox.zendesk import Account, Faults, Site, content, serve

ROOT = Path(__file__).parents[2]
RIVALS = 0.5  # so many lives have a second daemon beside them
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCALE = 600
COMPLAINTS = (
    ("Parcel never arrived", "My parcel still has not arrived and nobody answers. I want my money back."),
    ("Charged twice", "You charged me twice for the same order. This is unacceptable."),
    ("Broken lamp", "The lamp arrived broken. I am very disappointed and want a replacement."),
    ("Encomenda atrasada", "A minha encomenda está atrasada há duas semanas. Quero o reembolso."),
    ("Rude clerk", "Your agent was rude to me on the phone. I want to complain."),
    ("Kettle on fire", "The kettle caught fire, the kitchen was full of smoke. I complain, and want my money back."),
)
# People are told, too: a ladder for what is overdue, and one for what cannot wait.
CONTACTS = """\
mode: live
contacts:
  lena: {role: lead, name: Lena, reach: ["env:TELL_LENA"]}
  max: {role: manager, name: Max, reach: ["env:TELL_NOBODY", "env:TELL_MAX"]}
  nora: {role: emergency, name: Nora, reach: ["env:TELL_NORA"]}
"""
LADDERS = """
ladders:
  usual: {steps: [{tell: [lead]}, {after: 1h, tell: [manager]}], again: 2h, most: 2}
  at-once: {at_any_hour: true, steps: [{tell: [emergency]}, {after: 10m, tell: [manager]}], again: 1h, most: 2}
"""
ERROR_MIX = {
    "http_429": 0.2, "http_5xx": 0.15, "reset_before": 0.1, "ambiguous_reset": 0.12, "ambiguous_5xx": 0.12,
    "ambiguous_timeout": 0.05, "truncate_json": 0.06, "truncate_fin": 0.05, "html_200": 0.08, "dup_forward": 0.07,
}  # fmt: skip


class Zygote:
    """The warm process that forks lives."""

    def __init__(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.zygote"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, argv: list[str], env: dict[str, str], kill_after: float | None = None) -> dict[str, Any]:
        """One life; its exit code (negative for a signal) and what it printed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"argv": argv, "env": env, "kill_after": kill_after}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Town:
    """A sandbox account with people in it, a settings folder for `amends`, and a way to let lives begin and end."""

    def __init__(
        self, folder: Path, site: Site, pager: Pager, account: Account, clock: SandboxClock, seed: int
    ) -> None:
        self.home = folder / "amends"
        self.site, self.pager, self.account, self.clock = site, pager, account, clock
        self.chance = random.Random(seed)
        self.open: list[int] = []
        self.customers = [
            account.add_customer(f"Customer {n}", f"c{n}@example.com", verified=True, time_zone="Europe/Lisbon")
            for n in range(6)
        ]
        self._settle_in()

    def _settle_in(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "amends.yaml").write_text(
            f"""\
sources:
  shop:
    adapter: zendesk
    poll: 1s
    options:
      url: "{self.site.url}"
      auth: oauth_client
      limits: {{export: 1000000, account: 1000000, updates: 1000000}}
    secrets: {{client_id: "env:SHOP_ID", client_secret: "env:SHOP_SECRET"}}
    modes: {{escalate: live, tag: live, survey: live}}
    act_from: "2026-03-02T00:00:00Z"
"""
        )
        policy = (SHIPPED / "policy.yaml").read_text(encoding="utf-8")
        for rule, ladder in (("emergency # what", "at-once"), ("overdue\n", "usual")):
            head, found, rest = policy.partition(f"  - id: {rule}")
            policy = f"{head}  - ladder: {ladder}\n    {found.removeprefix('  - ')}{rest}"
        (self.home / "policy.yaml").write_text(policy + LADDERS, encoding="utf-8")
        (self.home / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")

    def env(self, crash_at: int | None = None) -> dict[str, str]:
        """The environment of one life; its clock is ours."""
        env = {
            "SHOP_ID": content.CLIENT_ID,
            "SHOP_SECRET": content.CLIENT_SECRET,
            **{f"TELL_{who.upper()}": self.pager.address(who) for who in ("lena", "max", "nora", "nobody")},
            "AMENDS_CLOCK": f"{self.clock().isoformat()}@{time.time():.6f}x{SCALE}",
        }
        return env if crash_at is None else {**env, "AMENDS_CRASH_AT": str(crash_at)}

    def act(self) -> None:
        """People do a few things, hours pass."""
        for _ in range(self.chance.randint(1, 3)):
            self.clock.advance(self.chance.randint(3, 900))
            self._one_thing()
        self.clock.advance(self.chance.choice((90, 600, 4 * 3600, 20 * 3600)))

    def _one_thing(self) -> None:
        if not self.open or self.chance.random() < 0.45:
            subject, text = self.chance.choice(COMPLAINTS)
            self.open.append(self.account.customer_opens(subject, text, requester=self.chance.choice(self.customers)))
            return
        ticket = self.chance.choice(self.open)
        what = self.chance.random()
        if what < 0.3:
            self.account.agent_replies(ticket, "We are looking into it.", by=content.ANA)
        elif what < 0.5:
            self.account.agent_sets(ticket, status="solved")
        elif what < 0.65:
            self.account.customer_writes(ticket, "It is still not solved.")
        elif what < 0.8:
            self.account.agent_sets(ticket, add_tags=[f"seen_{self.chance.randint(1, 5)}"])
        else:
            self.account.agent_notes(ticket, "Called the carrier.")


@contextmanager
def town(folder: Path, seed: int, *, faults: Faults | None = None) -> Iterator[Town]:
    """A town to live in."""
    clock = SandboxClock(START, scale=SCALE)
    account = Account(clock)
    with serve(account, faults=faults) as site, pagers.serve(clock) as pager:
        pager.refuses.add("nobody")
        yield Town(folder, site, pager, account, clock, seed)


def chaos(seed: int, error_rate: float, late_rate: float) -> Faults:
    """A network that fails in `error_rate` of all requests and applies `late_rate` of the writes late."""
    rules = [f"{fault}={share * error_rate:.4f}" for fault, share in ERROR_MIX.items()]
    return Faults([f"late_write@PUT={late_rate}", *rules], seed=seed, hang_seconds=0.05, late_seconds=0.15)


def heal(here: Town, zygote: Zygote, lives: int = 60) -> list[str]:
    """No more faults: lives until nothing moves any more. Returns what the last ones printed."""
    here.site.faults = Faults([], seed=0)
    printed = []
    for _ in range(lives):
        here.site.land_late_writes()
        here.clock.advance(1200)
        ended = zygote.live(["--home", str(here.home), "sync", "--json"], here.env())
        printed.append(ended["output"])
        if ended["code"] == 0 and not moving(here):
            break
    return printed[-2:]


def rows(here: Town, query: str) -> list[tuple[Any, ...]]:
    """Look into the store from outside."""
    import sqlite3

    with sqlite3.connect(f"file:{here.home / 'amends.db'}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def moving(here: Town) -> int:
    """Writes that are on their way, apart from surveys that wait for their time."""
    now = int(here.clock().timestamp() * 1_000_000)
    return int(
        rows(
            here,
            "SELECT count(*) FROM outbox WHERE state IN ('sending', 'in_doubt') "
            f"OR (state = 'pending' AND next_at <= {now})",
        )[0][0]
    )


def verdict(here: Town) -> dict[str, Any]:
    """The three-way check: what the sandbox holds, what the store holds, what the outbox says happened."""
    notices = rows(here, "SELECT action, state, stamp FROM outbox WHERE kind = 'notify'")
    marker_of = {row[0]: (row[1], row[2]) for row in _outbox(here)}
    effects = Counter(marker for effect in here.account.ledger for marker in _markers(effect) if marker is not None)
    done = {marker for marker, (state, _) in marker_of.items() if state == "done"}
    stored = {row[0] for row in rows(here, "SELECT ticket FROM complaint")}
    there = {str(ticket) for ticket in here.open}
    return {
        "complaints": len(there),
        "complaints_lost": sorted(there - stored),
        "writes_done": len(done),
        "doubled": sorted(marker for marker, count in effects.items() if count > 1),
        "lost": sorted(done - set(effects)),
        "undecided_effects": sorted(
            marker
            for marker in effects
            if marker_of.get(marker, ("none", ""))[0] not in ("done", "sending", "in_doubt")
        ),
        "in_doubt": sum(1 for state, _ in marker_of.values() if state in ("sending", "in_doubt")),
        "parked": [why for state, why in marker_of.values() if state == "parked"],
        "states": dict(Counter(state for state, _ in marker_of.values())),
        "public_comments": sum(1 for effect in here.account.ledger if effect.comment and effect.comment.get("public")),
        "integrity": rows(here, "PRAGMA integrity_check")[0][0],
        **_told(here, notices),
    }


def _told(here: Town, notices: list[tuple[Any, ...]]) -> dict[str, Any]:
    """What people heard against what the outbox says that they were told. An emergency that was in doubt is told once
    more, and says so; that is counted apart."""
    heard = Counter((one.to, one.text) for one in here.pager.heard)
    decided: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    again = 0
    for action, state, stamp in notices:
        if stamp is None:
            continue
        contact, text = json.loads(action)["effect"]["notice"]["contact"], json.loads(stamp)["text"]
        doubted = f"{text}\n{LINES['doubt']}"
        again += heard.pop((contact, doubted), 0)
        decided[contact, text] += 1
        done[contact, text] += state == "done"
    return {
        "told": heard.total() + again,
        "told_twice": sorted(f"{to}: {text[:60]}" for to, text in (heard - decided)),
        "told_again_in_doubt": again,
        "untold": max(0, (done - heard).total() - again),
    }


def _outbox(here: Town) -> list[tuple[str, str, str]]:
    found = []
    for action, state, why in rows(here, "SELECT action, state, why FROM outbox WHERE kind != 'notify'"):
        found.append((json.loads(action)["marker"], state, why))
    return found


def _markers(effect: Any) -> list[str | None]:
    return [effect.marker.get("amends")] if effect.marker else []


def bad(result: dict[str, Any]) -> list[str]:
    """What must not be in a verdict."""
    names = ("complaints_lost", "doubled", "lost", "undecided_effects", "told_twice", "untold")
    wrong = [name for name in names if result[name]]
    wrong += [name for name in ("in_doubt", "public_comments") if result[name]]
    return wrong if result["integrity"] == "ok" else [*wrong, "integrity"]


def random_deaths(
    folder: Path, *, kills: int, seed: int, error_rate: float = 0.2, late_rate: float = 0.1
) -> dict[str, Any]:
    """`kills` lives ended by SIGKILL at random seams and moments under a bad network, every other one with a rival that
    wants the same store at the same time; then the verdict."""
    zygote, rivals = Zygote(), Zygote()
    try:
        with town(folder, seed, faults=chaos(seed, error_rate, late_rate)) as here:
            killed = lives = races = refused = 0
            while killed < kills and lives < kills * 4:
                here.act()
                crash_at = here.chance.randint(1, 60) if here.chance.random() < 0.8 else None
                kill_after = None if crash_at else here.chance.uniform(0.01, 0.5)
                command = ["--home", str(here.home), "sync"]
                with ThreadPoolExecutor(1) as racing:
                    rival = racing.submit(rivals.live, command, here.env()) if here.chance.random() < RIVALS else None
                    ended = zygote.live(command, here.env(crash_at), kill_after)
                killed += ended["code"] == -9
                lives += 1
                if rival is not None:
                    races += 1
                    refused += any("is in use" in one["output"] for one in (ended, rival.result()))
            faults = here.site.faults.report()
            printed = heal(here, zygote)
            lived = {"kills": killed, "lives": lives, "races": races, "refused": refused, "faults": faults}
            return {"seed": seed, **verdict(here), **lived, "last": printed}
    finally:
        zygote.close()
        rivals.close()
