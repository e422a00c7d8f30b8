"""The demo on the screen: a live view on a terminal, plain lines elsewhere (a pipe, a CI log)."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from connector.display import clean, cut, pad
from sandbox.demo.schedule import Schedule
from sandbox.demo.watch import Event, Watch

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

NOTE_FRAMES = 40
_ANSWER = {"yes": "complaint", "no": "other", "unsure": "unsure"}
_SIGN = {"flag": ("⚑", "yellow"), "written": ("✎", "green"), "aside": ("⚐ set aside:", "dim")}
_SAID = {"flag": "flagged", "written": "written", "aside": "aside"}
_COLOUR = {"yes": "bold yellow", "no": "dim", "unsure": "magenta"}


class Screen:
    """Shows frames. `daemon` is "running" or "killed"; `tell` puts a sentence where it will be seen."""

    def __init__(self, schedule: Schedule, watch: Watch, *, plain: bool) -> None:
        self.schedule, self.watch, self.plain = schedule, watch, plain
        self.daemon = "running"
        self._note, self._note_left = "", 0
        self._live: Live | None = None
        self._printed = 0

    def __enter__(self) -> Screen:
        if not self.plain:
            from rich.live import Live

            self._live = Live(screen=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """A line of its own, for good."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def tell(self, words: str) -> None:
        """Something that happened to the demo itself."""
        self._note, self._note_left = words, NOTE_FRAMES
        if self.plain:
            self.say(f"{'':15}  ** {words} **")

    def show(self, wall: datetime) -> None:
        """One frame."""
        if self.plain:
            for event in self.watch.events[self._printed :]:
                self.say(_line(event))
            self._printed = len(self.watch.events)
        elif self._live is not None:
            self._note_left = max(0, self._note_left - 1)
            size = self._live.console.size
            self._live.update(self._frame(self.schedule.now(wall), size.width, size.height), refresh=True)

    # -- the live view -------------------------------------------------------------------------------------------

    def _frame(self, now: datetime, columns: int, rows: int) -> Group:
        from rich.console import Group

        head, foot = self._head(now, columns), self._foot(columns)
        room = rows - len(head) - len(foot)
        upper = room // 2
        came = [event for event in self.watch.events if event.kind == "in"]
        did = [event for event in self.watch.events if event.kind != "in"]
        return Group(
            *head,
            *_list("What customers wrote", came, upper, columns),
            *_list("What Amends saw and did", did, room - upper, columns),
            *foot,
        )

    def _head(self, now: datetime, columns: int) -> list[Text]:
        from rich.text import Text

        share = (now - self.schedule.first) / (self.schedule.last - self.schedule.first)
        done = round(min(max(share, 0.0), 1.0) * columns)
        clock = f"{max(now, self.schedule.first):%a %-d %b %Y  %H:%M} "
        pace = f"  a second is {self.schedule.day_scale / 60:.0f} minutes"
        left = " Five days of a shop's complaints"
        gap = " " * max(1, columns - len(left) - len(pace) - len(clock))
        head = Text(left, "bold") + Text(pace, "dim") + Text(gap) + Text(clock, "bold cyan")
        return [head, Text("━" * done, "cyan") + Text("━" * (columns - done), "grey30")]

    def _foot(self, columns: int) -> list[Text]:
        from rich.text import Text

        said = [_answer(event) for event in self.watch.events if event.kind == "in"]
        flags = [event.words.partition(":")[0] for event in self.watch.events if event.kind == "flag"]
        writes = self.watch.counts()
        doubt = writes.get("sending", 0) + writes.get("in_doubt", 0)
        late, soon, back = (flags.count(kind) for kind in ("overdue", "due soon", "repeat"))
        counts = [
            f" tickets {len(said)} ({said.count('yes')} complaints, {said.count('unsure')} unsure)",
            f" flags {late} overdue, {soon} due soon, {back} back",
            f" writes {writes.get('done', 0)} done, {writes.get('pending', 0)} waiting, {doubt} in doubt",
        ]
        told = [" ".join(counts)] if sum(map(len, counts)) + 2 <= columns else [f"{counts[0]} {counts[1]}", counts[2]]
        killed = self.daemon == "killed"
        light = Text(" ● KILLED ", "bold white on red") if killed else Text(" ● daemon running ", "green")
        note = Text(cut(f" {self._note}", columns), "bold red" if killed else "green") if self._note_left else Text()
        return [*(Text(cut(one, columns)) for one in told), light, note]


def _list(title: str, events: list[Event], rows: int, columns: int) -> list[Text]:
    """A titled block of exactly `rows` lines, the newest events at its end."""
    from rich.text import Text

    shown = [_row(event, columns) for event in events[-max(rows - 2, 0) :]] if rows > 2 else []
    return [Text(f" {title}", "bold"), *shown, *[Text()] * (rows - 1 - len(shown))]


def _row(event: Event, columns: int) -> Text:
    from rich.text import Text

    when = Text(f" {event.at:%a %H:%M}  ", "dim")
    ticket = pad(event.ticket, 8)
    if event.kind == "in":
        answer = _answer(event)
        about = f"{pad(_language(event), 3)} {pad(_ANSWER[answer], 10)}{pad(_category(event), 10)} "
        room = columns - len(about) - 21
        return when + Text(ticket) + Text(about, _COLOUR[answer]) + Text(cut(_subject(event), room))
    sign, style = _SIGN[event.kind]
    if event.words.startswith("overdue"):
        style = "bold red"
    # What stands in brackets (which target, how long) is for `explain`.
    return when + Text(ticket) + Text(cut(f"{sign} {clean(event.words.partition(' (')[0])}", columns - 21), style)


# -- what an event says ----------------------------------------------------------------------------------------------


def _tag(event: Event, facet: str) -> str | None:
    tags = event.stored.doc.tags if event.stored is not None else ()
    return next((tag.value for tag in tags if tag.facet == facet), None)


def _answer(event: Event) -> str:
    return _tag(event, "complaint") or "unsure"


def _language(event: Event) -> str:
    return _tag(event, "language") or "?"


def _category(event: Event) -> str:
    return _tag(event, "category") or ""


def _subject(event: Event) -> str:
    return clean(event.stored.doc.complaint.subject) if event.stored is not None else ""


def _line(event: Event) -> str:
    head = f"{event.at:%a %d %b %H:%M}  {pad(event.ticket, 8)}"
    if event.kind == "in":
        about = f"{pad(_language(event), 3)} {pad(_ANSWER[_answer(event)], 10)}{pad(_category(event), 10)}"
        return f"{head}came in  {about} {_subject(event)}"
    return f"{head}{pad(_SAID[event.kind], 9)}{clean(event.words)}"
