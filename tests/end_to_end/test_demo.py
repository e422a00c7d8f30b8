"""The demo as a newcomer runs it, and what it leaves to look into; and how the daemon takes signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

import cli
from adapters.imap.evidence import ticket_of
from connector.errors import AmendsError
from connector.model import Action, ActionKind, Effect
from connector.outbox import BROKEN_OFF
from connector.store.intentions import Intention, State
from sandbox.clock import SandboxClock
from sandbox.demo import processes
from sandbox.demo.ending import verdict
from sandbox.demo.folder import INBOX, MAILBOX, clear, settle_in
from sandbox.zendesk import Account, content, serve

ROOT = Path(cli.__file__).parent
RUN = [sys.executable, "-c", "import cli; cli.main()"]
PATIENCE_SECONDS = 60.0
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def environment() -> dict[str, str]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
    return quiet | {"PYTHONPATH": str(ROOT)}


def amends(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *words], cwd=folder, env=environment(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder a newcomer stands in, and what the demo said."""
    folder = tmp_path_factory.mktemp("newcomer")
    return folder, amends(folder, "demo", "--fast")


def test_the_demo_ends_well_and_counts_nothing_lost_and_nothing_doubled(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, ended = shown
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    assert "lost      0" in ended.stdout
    assert "doubled   0" in ended.stdout
    assert "kill -9" in ended.stdout
    assert "One complaint explained" in ended.stdout


def test_the_demo_shows_complaints_of_all_five_days(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, ended = shown
    came = [line for line in ended.stdout.splitlines() if " came in " in line and "#" in line]
    assert {line.split()[0] for line in came} == {"Mon", "Tue", "Wed", "Thu", "Fri"}
    assert len(came) >= 40


@pytest.mark.parametrize(
    "words", ["status", "complaints list --flag overdue", "people repeats", "outbox list", "audit list"]
)
def test_the_commands_it_names_work_afterwards(
    shown: tuple[Path, subprocess.CompletedProcess[str]], words: str
) -> None:
    folder, _ = shown
    said = amends(folder, "--home", ".amends-demo", *words.split())
    assert said.returncode in (0, 1), said.stderr
    assert "shop/" in said.stdout or "sound" in said.stdout or "zendesk" in said.stdout


def test_what_was_shown_can_be_explained_as_of_then(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, ended = shown
    name = next(line for line in ended.stdout.splitlines() if ".amends-demo explain " in line).split(" explain ")[1]
    name = name.split()[0]
    told = json.loads(amends(folder, "--home", ".amends-demo", "explain", name, "--json").stdout)
    assert told["as_of"].startswith("2026-04-01")
    assert told["writes"]


def test_one_persons_story_over_three_helpdesks_is_named_and_told(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    assert "One person at 3 helpdesks (inbox, shop, works): Rafael Souza" in ended.stdout
    line = next(line for line in ended.stdout.splitlines() if " people show " in line)
    told = json.loads(amends(folder, *line.split()[1:], "--json").stdout)
    assert {one["key"].split(":")[0] for one in told["identities"]} == {"shop", "inbox", "works"}
    assert {tie["why"].split(":")[0] for tie in told["ties"]} == {"mail", "order"}
    back = next(case for case in told["cases"] if case["id"].startswith("works/"))
    assert "repeat" in back["flags"]


SHOWS = {
    "over the week-end": "BST",
    "stands still": "standing still",
    "regulator's deadline": "DISP",
    "that was kept": "promise #1: kept",
    "that was broken": "promise #1: broken",
}


@pytest.mark.parametrize("what", SHOWS)
def test_clocks_that_are_worth_a_look_are_named_and_explained(
    shown: tuple[Path, subprocess.CompletedProcess[str]], what: str
) -> None:
    folder, ended = shown
    (line,) = [line for line in ended.stdout.splitlines() if " explain " in line and what in line]
    name = line.split(" explain ")[1].split()[0]
    explained = amends(folder, "--home", ".amends-demo", "explain", name).stdout
    assert SHOWS[what] in explained


def test_the_helpdesks_own_clocks_differ_here_and_there_and_each_difference_has_its_reason(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    assert ".amends-demo clock diff" in ended.stdout
    said = amends(folder, "--home", ".amends-demo", "clock", "diff", "--json")
    assert said.returncode == 1, said.stderr
    rows = [row for row in json.loads(said.stdout)["rows"] if row["id"].startswith("shop/")]
    assert "schedule" in {row["reason"] for row in rows}
    assert all(row["why"] for row in rows)


def test_a_complaint_of_one_helpdesk_has_its_cause_removed_in_the_other_and_is_told(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    assert any(" CARE-" in line and " came in " in line for line in ended.stdout.splitlines())
    listed = amends(folder, "--home", ".amends-demo", "outbox", "list", "--state", "done", "--json", "--most", "500")
    done = [one.get("action", one) for one in json.loads(listed.stdout)]
    opened = [one for one in done if one["kind"] == "correct"]
    told = [one for one in done if one["kind"] == "link" and ":resolved@" in one["episode"]]
    assert opened and told
    case = f"{told[0]['source']}/{told[0]['ticket']}"
    explained = amends(folder, "--home", ".amends-demo", "explain", case).stdout
    assert "removing the cause" in explained and "was resolved" in explained


def test_a_carrier_that_fails_stands_out_against_what_is_usual_in_the_shop(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    assert "stood out delivery, carrier" in ended.stdout
    told = json.loads(amends(folder, "--home", ".amends-demo", "trends", "list", "--json", "--all").stdout)
    alarms = [one["cell"] for one in told["trends"] if one["level"] == "alarm"]
    assert alarms == [{"category": "delivery", "root_cause": "carrier"}]


def test_one_persons_story_goes_on_from_zendesk_to_the_mailbox(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """The same verified address is one person, so the mail is flagged, with both cases named."""
    folder, _ = shown
    listed = amends(folder, "--home", ".amends-demo", "complaints", "list", "--flag", "repeat", "--json")
    back = next(one for one in json.loads(listed.stdout) if one["source"] == "inbox")
    told = json.loads(amends(folder, "--home", ".amends-demo", "explain", f"inbox/{back['ticket']}", "--json").stdout)
    [flag] = [one for one in told["flags"] if one["kind"] == "repeat"]
    assert {case.partition("/")[0] for case in flag["cases"]} == {"shop", "inbox"}


def test_what_machines_wrote_to_the_mailbox_is_set_aside_and_shown(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    assert "that machines wrote" in ended.stdout
    assert any(" aside " in line and "out_of_office" in line for line in ended.stdout.splitlines())
    listed = amends(folder, "--home", ".amends-demo", "quarantine", "list", "--all", "--json")
    why = " ".join(one["why"] for one in json.loads(listed.stdout))
    assert "out_of_office" in why and "list" in why


def test_the_mailbox_is_written_to_in_twelve_languages(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = shown
    listed = amends(
        folder, "--home", ".amends-demo", "complaints", "list", "--source", "inbox", "--json", "--most", "500"
    )
    spoken = {one["language"] for one in json.loads(listed.stdout)}
    assert spoken >= {"en", "pt", "ru", "sl", "zh", "de", "fr", "es", "it", "nl", "pl", "ja"}


def test_mail_leaves_and_keywords_are_set_in_the_mailbox(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = shown
    listed = amends(folder, "--home", ".amends-demo", "outbox", "list", "--state", "done", "--json", "--most", "500")
    done = [one.get("action", one) for one in json.loads(listed.stdout)]
    assert {"tag", "escalate"} <= {one["kind"] for one in done if one["source"] == "inbox"}


def test_where_the_parts_of_the_mailbox_are_missing_the_demo_says_so_and_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "find_spec", lambda name: None if name == "pymap" else object())
    assert processes.missing_parts() == ["pymap"]
    assert set(processes.helpdesks(tmp_path, "", with_mailbox=False)) == {"shop", "works", "pager"}
    # and nothing of the demo itself needs them
    blocked = "import sys; sys.modules.update(pymap=None, aiosmtpd=None); import sandbox.demo"
    subprocess.run([sys.executable, "-c", blocked], env=environment(), check=True)


def test_an_emergency_leaves_within_seconds_and_a_ladder_ends_when_somebody_takes_the_complaint_on(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    urgent = re.search(r"^  urgent    (\d+) emergenc\w+, each told within ([\d.]+) s", ended.stdout, re.MULTILINE)
    told = re.search(r"^  told .*; (\d+) of \d+ ladders? ended when somebody took", ended.stdout, re.MULTILINE)
    assert urgent and int(urgent[1]) > 0
    assert told
    listed = amends(
        folder, "--home", ".amends-demo", "outbox", "list", "--source", "contacts", "--json", "--most", "500"
    )
    first = [one for one in json.loads(listed.stdout) if one["rule"] == "emergency" and ">1." in one["episode"]]
    assert any(one["state"] == "done" for one in first)


def test_no_process_is_left(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = shown
    assert processes_of(folder) == []


def processes_of(folder: Path) -> list[str]:
    """The processes that work in or on a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or (entry / "cwd").resolve() == folder:
                found.append(words)
        except OSError:
            continue
    return found


def until(true: Callable[[], Any]) -> Any:
    """What `true` gives as soon as it is something."""
    tick, ticks = Event(), int(PATIENCE_SECONDS / 0.05)
    for _ in range(ticks):
        if found := true():
            return found
        tick.wait(0.05)
    raise AssertionError("it did not happen")


def test_ctrl_c_ends_the_demo_and_all_its_processes(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [*RUN, "demo"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: len(processes_of(tmp_path)) >= 3 and (tmp_path / ".amends-demo" / "amends.db").exists())
    started.send_signal(signal.SIGINT)
    assert started.wait(PATIENCE_SECONDS) == 130
    assert processes_of(tmp_path) == []


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources: {}")
    with pytest.raises(AmendsError, match="not a former demo"):
        clear(tmp_path)
    assert (tmp_path / "amends.yaml").exists()


# -- the verdict -----------------------------------------------------------------------------------------------------


def write(number: int, state: State, *, note: str | None = "late", tags: tuple[str, ...] = ()) -> Intention:
    effect = Effect(note=note, tags=tags)
    kind = ActionKind.ESCALATE if note else ActionKind.TAG
    action = Action(f"k{number}", f"am-{number}", "shop", "1", kind, "r", "e", effect, "why", MONDAY)
    return Intention(number, 1, "shop", action, state, MONDAY, 1, 0, None, None, None, None, MONDAY, MONDAY)


def effect(marker: str = "", tags: tuple[str, ...] = (), actor: int = content.INTEGRATION) -> dict[str, Any]:
    told = {"kind": "ticket.update", "ticket": 1, "tags_added": list(tags), "actor": actor}
    return told | {"marker": {"amends": marker} if marker else {}}


def test_the_verdict_finds_a_lost_a_doubled_and_a_stray_write() -> None:
    writes = [write(1, State.DONE), write(2, State.DONE), write(3, State.DONE, note=None, tags=("a",))]
    sound = [effect("am-1"), effect("am-2"), effect(tags=("a",)), effect(tags=("x",), actor=content.ANA)]
    assert verdict(writes, {"shop": sound}).sound
    assert verdict(writes, {"shop": sound[1:]}).lost
    assert verdict(writes, {"shop": [*sound, effect("am-2")]}).doubled
    assert verdict(writes, {"shop": [*sound, effect("am-9")]}).doubled
    assert not verdict([*writes, write(4, State.IN_DOUBT)], {"shop": sound}).sound
    assert not verdict([], {}).sound


MAIL = "first@customer.example"


def written(number: int, *, note: str | None = "late", tags: tuple[str, ...] = ("a",)) -> Intention:
    """A write to the mail `MAIL`."""
    one = write(number, State.DONE, note=note, tags=tags)
    return replace(one, source=INBOX, action=replace(one.action, source=INBOX, ticket=ticket_of(MAIL)))


def posted(kind: str, ticket: str, tags: tuple[str, ...] = (), actor: str = MAILBOX) -> dict[str, Any]:
    marker = {} if kind == "keywords" else {"message_id": ticket}
    return {"kind": kind, "ticket": ticket, "tags_added": list(tags), "actor": actor, "marker": marker}


def test_the_verdict_knows_the_marks_of_a_write_that_was_broken_off_only_where_it_says_so() -> None:
    done = written(1)
    sound = [posted("mail", "am-1.notice@shop.example"), posted("append", "am-1.notice@shop.example")]
    marks = posted("keywords", MAIL, ("$AmendsEscalated", "soon"))
    half = replace(written(2, tags=("soon",)), state=State.CANCELLED, sent_at=MONDAY, why="it is overdue by now")
    assert verdict([done, half], {INBOX: [*sound, marks]}).doubled, "nobody was told of the marks"
    told = replace(half, why=f"it is overdue by now; {BROKEN_OFF.format(2)}")
    found = verdict([done, told], {INBOX: [*sound, marks]})
    assert found.sound and (found.effects, found.broken_off) == (1, (2,))
    never_sent = replace(told, sent_at=None)
    assert verdict([done, never_sent], {INBOX: [*sound, marks]}).doubled
    assert verdict([done, told], {INBOX: [*sound, posted("mail", "am-2.notice@shop.example")]}).doubled


def test_the_verdict_counts_a_mail_once_by_its_message_id_and_keywords_with_it() -> None:
    escalated, tagged = written(1), written(2, note=None, tags=("b",))
    sound = [
        posted("keywords", MAIL, ("$AmendsEscalated", "a")),
        posted("mail", "am-1.notice@shop.example"),
        posted("append", "am-1.notice@shop.example"),
        posted("keywords", MAIL, ("b",)),
        posted("mail", "anything@shop.example", actor="ana@shop.example"),
    ]
    found = verdict([escalated, tagged], {INBOX: sound})
    assert found.sound and found.effects == 2
    assert verdict([escalated, tagged], {INBOX: [sound[0], *sound[3:]]}).lost, "keywords alone are no notice"
    assert verdict([escalated, tagged], {INBOX: sound[:3]}).lost
    assert verdict([escalated, tagged], {INBOX: [*sound, sound[1]]}).doubled
    assert verdict([escalated, tagged], {INBOX: [*sound, sound[3]]}).doubled
    assert verdict([escalated, tagged], {INBOX: [*sound, posted("keywords", MAIL, ("c",))]}).doubled


# -- signals to the daemon -------------------------------------------------------------------------------------------


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`amends run` on a sandbox account, and its folder."""
    home = tmp_path / "amends"
    home.mkdir()
    with serve(Account(SandboxClock(scale=1.0))) as site, (home / "log").open("w") as log:
        settle_in(home, site.url)
        started = subprocess.Popen([*RUN, "--home", str(home), "run"], env=environment(), stderr=log, text=True)
        until(lambda: "running" in (home / "log").read_text())
        yield started, home
        started.kill()
        started.wait()


def test_sigterm_ends_the_daemon_at_once_and_gives_the_store_up(daemon: tuple[subprocess.Popen[str], Path]) -> None:
    process, home = daemon
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert "not running" in amends(home, "--home", str(home), "status").stdout


def test_sighup_takes_new_settings_and_keeps_the_old_where_they_are_wrong(
    daemon: tuple[subprocess.Popen[str], Path],
) -> None:
    process, home = daemon
    good = (home / "policy.yaml").read_text()
    (home / "policy.yaml").write_text("rules: [nonsense]")
    process.send_signal(signal.SIGHUP)
    until(lambda: "the old ones stay in force" in (home / "log").read_text())
    assert "policy.yaml:1" in (home / "log").read_text()
    (home / "policy.yaml").write_text(good)
    process.send_signal(signal.SIGHUP)
    until(lambda: "settings read again" in (home / "log").read_text())
    assert process.poll() is None


def test_a_second_daemon_is_refused(daemon: tuple[subprocess.Popen[str], Path]) -> None:
    _, home = daemon
    said = amends(home, "--home", str(home), "run")
    assert said.returncode == 1
    assert "in use by amends run" in said.stderr


def test_a_daemon_with_broken_settings_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources: {shop: {adapter: zendes}}")
    said = amends(tmp_path, "--home", str(tmp_path), "run")
    assert said.returncode == 2
    assert "did you mean 'zendesk'?" in said.stderr


def test_a_daemon_that_reaches_nobody_says_so_with_its_exit_code(tmp_path: Path) -> None:
    settle_in(tmp_path, "http://127.0.0.1:9")
    said = amends(tmp_path, "--home", str(tmp_path), "run")
    assert said.returncode == 4, said.stderr


def test_a_survey_is_answered_on_its_page_and_is_in_the_report(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = shown
    told = " ".join(ended.stdout.split())
    assert "answers the survey on its page: 5 of 5, solved." in told and "they cast 0 votes" in told
    listed = json.loads(amends(folder, "--home", ".amends-demo", "survey", "list", "--json").stdout)
    (page,) = [one["answer"] for one in listed if one["answer"] and one["answer"]["via"] == "page"]
    assert (page["csat"], page["solved"]) == (5, True)
    total = json.loads(amends(folder, "--home", ".amends-demo", "report", "--json").stdout)["total"]
    assert total["answered"] >= 1 and total["received"] > 20
