"""What of a mail's text its sender wrote: quoted mail, signatures and clients' lines are cut, forwards are kept. Pure.

Called by `message`. In doubt nothing is cut, for a complaint that is lost costs more than a quote that stays: answers
between the lines of a quote stay with the quote, a forwarded complaint stays, and an empty result is no result.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from adapters.imap.lines import (
    CLIENT,
    DELIMITER,
    EMPTY,
    FORWARD,
    HEADER,
    INTRO,
    MARK,
    QUOTE,
    RULE,
    TEXT,
    Block,
    Kinds,
    kinds,
)

LONGEST_ANALYSED = 100_000  # characters; what follows stays in the full text only
MOST_LINES = 5_000
LONGEST_SIGNATURE_LINES = 15
FEWEST_ANSWERS_BELOW = 7  # fewer lines of text below a quote are a signature or a footer

_PGP_HEAD = re.compile(r"\A\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+: .*\n)*\s*")
_PGP_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----$.*?(?:^-----END PGP SIGNATURE-----$|\Z)", re.M | re.S)
_TRAILING = re.compile(r"(?<![ \t])[ \t]+\n")
_SEVERAL_GAPS = re.compile(r"\n{3,}")
_QUOTE_ABOVE = re.compile(f"[{EMPTY}]*{INTRO}+[{EMPTY}]*{QUOTE}[{QUOTE}{EMPTY}]*")
_SENTENCE = re.compile(r"(?:\S+\s+){3}.*[.!?]\s*$|[\u3040-\u9fff]{4}.*[。！？]\s*$")  # a signature holds none


class Reason(StrEnum):
    """Why the reply is shorter than the whole text: what stood where it ends."""

    INTRODUCTION = "introduction"  # "On … wrote:", "-----Original Message-----", or mark-up that says so
    HEADERS = "headers"  # a copy of the other message's headers
    QUOTE = "quote"
    SIGNATURE = "signature"
    CLIENT = "client_line"  # "Sent from my iPhone"
    FORWARD = "forward"  # nothing of the text is lost, only the headers of the forwarded message


class Forwarded(msgspec.Struct, frozen=True):
    """What the text says about the message that was forwarded. A hint for a person: anybody can type it."""

    sender: str
    subject: str
    date: str


class Reply(msgspec.Struct, frozen=True):
    """What the sender wrote, why it ends where it does (None: nothing was cut), and the forward in it, if any."""

    text: str
    reason: Reason | None
    forwarded: Forwarded | None = None


class _Draft:
    """Lines and their kinds while they are cut."""

    __slots__ = ("blocks", "kinds", "lines", "reason")

    def __init__(self, lines: list[str], found: Kinds) -> None:
        self.lines, self.kinds, self.blocks = lines, found.letters, found.blocks
        self.reason: Reason | None = None

    def cut(self, start: int, reason: Reason, end: int | None = None) -> None:
        end = len(self.lines) if end is None else end
        if any(kind not in (EMPTY, RULE) for kind in self.kinds[start:end]):
            self.reason = reason  # the topmost cut comes last, and is the one that speaks
        self.lines = self.lines[:start] + self.lines[end:]
        self.kinds = self.kinds[:start] + self.kinds[end:]

    def drop(self, unwanted: str) -> None:
        kept = [pair for pair in zip(self.lines, self.kinds, strict=True) if pair[1] not in unwanted]
        self.lines = [line for line, _ in kept]
        self.kinds = "".join(kind for _, kind in kept)


def reply(text: str, *, forward: bool = False) -> Reply:
    """The part of `text` that its sender wrote. `forward`: the subject says that this mail forwards another."""
    whole = _prepared(text)
    lines = whole[:LONGEST_ANALYSED].split("\n")[:MOST_LINES]
    draft = _Draft(lines, kinds(lines))
    if set(draft.kinds) <= {TEXT, EMPTY}:
        return Reply(clean(whole[:LONGEST_ANALYSED]), None)
    forwarded = _forward(draft, forward)
    if forwarded is not None and forwarded.text:
        return forwarded
    _cut_reply(draft)
    written = clean("\n".join(draft.lines))
    return Reply(written, draft.reason) if written else Reply(clean(whole[:LONGEST_ANALYSED]), None)


def clean(text: str) -> str:
    """`text` without our own marks, trailing white space and runs of empty lines."""
    text = _TRAILING.sub("\n", text.replace(MARK + "\n", "").replace(MARK, ""))
    return _SEVERAL_GAPS.sub("\n\n", text).strip("\n").rstrip()


def _prepared(text: str) -> str:
    if "-----BEGIN PGP SIG" in text:
        text = _PGP_SIGNATURE.sub("", _PGP_HEAD.sub("", text))
    return text


def _forward(draft: _Draft, said: bool) -> Reply | None:
    """The message with its forwarded part, where it has one above all quotes: only copied headers are left out."""
    at = _forward_at(draft, said)
    if at is None:
        return None
    block = next((one for one in draft.blocks if at <= one.start <= at + 6), None)
    marker = draft.kinds.find(FORWARD, at, at + 5)
    below = block.end if block else max(at, marker) + 1
    above = _Draft(draft.lines[:at], Kinds(draft.kinds[:at], ()))
    _cut_reply(above)
    above.drop(INTRO + RULE)
    parts = (clean("\n".join(above.lines)), clean("\n".join(draft.lines[below:])))
    return Reply("\n\n".join(part for part in parts if part), Reason.FORWARD, _hint(block))


def _forward_at(draft: _Draft, said: bool) -> int | None:
    first = next((at for at, kind in enumerate(draft.kinds) if kind in (INTRO, HEADER, FORWARD)), None)
    if first is None:
        return None
    above = draft.kinds[:first]
    begins = draft.kinds[first : first + 5].lstrip(INTRO + EMPTY + RULE)[:1]  # what a mark of the mark-up announces
    if begins == FORWARD or (said and begins == HEADER):
        return first
    # Copied headers with nothing above them: whoever sends only this sends it for its content.
    return first if begins == HEADER and TEXT not in above and QUOTE not in above else None


def _hint(block: Block | None) -> Forwarded:
    says = block.says if block else {}
    return Forwarded(says.get("from", ""), says.get("subject", ""), says.get("date", ""))


def _cut_reply(draft: _Draft) -> None:
    """Cut from the bottom up, so that the reason which stays is that of the topmost cut."""
    _cut_quote_above(draft)
    _cut_quoted(draft)
    _cut_client_line(draft)
    _cut_signature(draft)
    _cut_trailing_quote(draft)
    while draft.kinds and draft.kinds[-1] in EMPTY + RULE + DELIMITER:
        draft.cut(len(draft.kinds) - 1, Reason.SIGNATURE)


def _first_written(draft: _Draft) -> int | None:
    at = draft.kinds.find(TEXT)
    return None if at < 0 else at


def _cut_quote_above(draft: _Draft) -> None:
    """Cut one introduced quote that stands above all that was written: the answer is below it, in one piece."""
    above = _QUOTE_ABOVE.match(draft.kinds)
    below = draft.kinds[above.end() :] if above is not None else ""
    if above is not None and TEXT in below.partition(DELIMITER)[0] and QUOTE not in below:
        draft.cut(0, Reason.QUOTE, above.end())


def _cut_quoted(draft: _Draft) -> None:
    """Cut at the first words that introduce other mail below what was written, unless answers stand between quotes."""
    written = _first_written(draft)
    if written is None:
        return
    for at in range(written + 1, len(draft.kinds)):
        if draft.kinds[at] in (INTRO, HEADER) and not _answers_below(draft, at):
            draft.cut(at, Reason.HEADERS if draft.kinds[at] == HEADER else Reason.INTRODUCTION)
            break
    draft.drop(INTRO)


def _answers_below(draft: _Draft, at: int) -> bool:
    """Whether the sender's own words go on below: between quotes, or after the last in more than a signature."""
    kinds_below = draft.kinds[at:]
    last_quote = kinds_below.rfind(QUOTE)
    first_quote = kinds_below.find(QUOTE)
    if first_quote < 0 or HEADER in kinds_below[:first_quote] or TEXT in kinds_below[:first_quote]:
        return False
    between = kinds_below[first_quote:last_quote]
    if TEXT in between:
        return True
    tail = kinds_below[last_quote:]
    ends = [found for kind in (DELIMITER, CLIENT) if (found := tail.find(kind)) >= 0]
    tail = tail[: min(ends, default=len(tail))]
    lines = draft.lines[at + last_quote : at + last_quote + len(tail)]
    said = [line for line, kind in zip(lines, tail, strict=True) if kind == TEXT]
    if len(said) >= FEWEST_ANSWERS_BELOW or any(_SENTENCE.search(line) for line in said):
        return True
    return bool(said) and _only_greets(draft.lines[:at])


def _only_greets(above: list[str]) -> bool:
    """Whether what stands above a quote is "Dear shop," and no more: then the letter itself stands below."""
    written = [line.rstrip() for line in above if line.strip()]
    return len(written) == 1 and written[0].endswith((",", "，", "、"))


def _cut_client_line(draft: _Draft) -> None:
    written = _first_written(draft)
    at = draft.kinds.find(CLIENT)
    if at < 0:
        return
    if written is None or written > at or QUOTE in draft.kinds[at:].rstrip(QUOTE + EMPTY):
        draft.drop(CLIENT)
    else:
        draft.cut(at, Reason.CLIENT)


def _cut_signature(draft: _Draft) -> None:
    """Cut below the line that starts a signature, if what follows is as short as one and something stands above."""
    written = _first_written(draft)
    for at in range((written if written is not None else len(draft.kinds)) + 1, len(draft.kinds)):
        if draft.kinds[at] == DELIMITER:
            below = draft.kinds[at:]
            if QUOTE not in below.rstrip(QUOTE + EMPTY) and below.count(TEXT) <= LONGEST_SIGNATURE_LINES:
                draft.cut(at, Reason.SIGNATURE)
                return


def _cut_trailing_quote(draft: _Draft) -> None:
    end = len(draft.kinds.rstrip(QUOTE + EMPTY + RULE))
    if TEXT in draft.kinds[:end] and QUOTE in draft.kinds[end:]:
        draft.cut(end, Reason.QUOTE)
