"""What each line of a mail's text is: written by the sender, quoted, or put there by a mail client. Pure, linear.

Called by `quotes`. The kinds of all lines make one string, a letter a line, on which `quotes` decides; the idea of such
a string is that of Discourse's email_reply_trimmer.
"""

from __future__ import annotations

import re

import msgspec

from adapters.imap.habits import FORWARDED, HEADER_KINDS, OPENERS, ORIGINAL, SENT_FROM, WROTE, WROTE_WITHOUT_SPACES

MARK = "\ue000"  # a line that `markup` leaves where the mark-up says that a quote begins
EMPTY, TEXT, QUOTE, INTRO, HEADER, FORWARD, DELIMITER, RULE, CLIENT = "etqbhfsdm"

LONGEST_INTRO = 400
MOST_INTRO_LINES = 4
MOST_BROKEN_INTRO_LINES = 7
MOST_HEADER_LINES = 40
LONGEST_HEADER = 2_000
MOST_CLIENT_WORDS = 10
SHORTEST_WRAPPED = 66  # mail is wrapped at 72 to 78 characters, less a word

_EDGES = " \t*\u00a0\u200b"
_QUOTE = re.compile(r"[ \t]{0,4}(?:>|\|(?![|\w-])|[A-Za-z]{2,20}>(?!\S*>)\s|\uff1e)")
_RULE = re.compile(r"[\s*>]*[-_=*~\u2014\u2013\u2500\u2501]{3,}[\s*]*$")
_DELIMITER = re.compile(r"(?:--|__)[ \t]{0,2}$")
_REPLY_ABOVE = re.compile(r"##- .{5,120} -##$")  # "Please type your reply above this line", by Zendesk
_DASHES = "-_=*>\u2014\u2500"
_DASHED = r"[\s*_>]*[-_=\u2014\u2500]{2,}\s*(?:&nbsp;|>)?\s*\*?"
_ORIGINAL = re.compile(rf"{_DASHED}(?:{ORIGINAL})(?!\w).{{0,80}}$", re.IGNORECASE)
_FORWARD = re.compile(rf"{_DASHED}(?:{FORWARDED})(?!\w).{{0,120}}$", re.IGNORECASE)
_FORWARD_LINE = re.compile(rf"(?:{FORWARDED})\s*[:\uff1a]$", re.IGNORECASE)
_CLIENT = re.compile(
    rf"[\[(-]*+(?:(?:{SENT_FROM})(?!\w)|(?:\S+\s){{0,4}}(?:iPhone|iPad|Android)\S*\s?(?:から送信|gönderildi))",
    re.IGNORECASE,
)
_LINK = re.compile(r"<[^<>\s]{1,2000}>|\(?https?://\S+|\[[^\[\]]{0,200}\]|\([^()]{0,2000}\)")
_HEADER = re.compile(
    r"[\s*_|]{0,6}([^\W\d_][^\W\d_ ’'()-]*(?:[ ’'(-][^:\uff1a]{0,18})?)[\s*_\u00a0]{0,4}[:\uff1a]\*?(?!//)(.*)"
)
_WORD = re.compile(r"[^\W\d_]+")
_LAST_WORD = re.compile(r"([^\W\d_]+)(?:\([^()\s]{1,4}\)|/-?\w{1,3})?$")
_ENDS_IN_COLON = re.compile(r"[:\uff1a][\s*_\u200e\u200f\u202a-\u202e]*$")
_NAMED = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>")
_IN_ONE_LINE = re.compile(r"(?:^|[\s*_>])([^\W\d_][^\W\d_’']{0,14}(?: [^\W\d_]{1,8})?)\s?[:\uff1a](?=\*?\s)")
_TIME = re.compile(r"\d{1,2}\s?[:.h\u6642\u65f6\u70b9]\s?\d{2}(?!\d)")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}|(?<!\d)(?:19|20)\d\d(?!\d)|\d\s*\u5e74")
_STARTS = re.compile(rf"[\s*_>-]*(?:(?:{OPENERS})[\s,.][^@]{{0,40}}?(?:\d|<)|[在於]\s?\d)", re.IGNORECASE)
_STARTS_WITH_DATE = re.compile(r"[\s*_]*(?:\d{4}\s?[-./\u5e74]\s?\d|\d{1,2}[./ ]|\w{2,12}[,.] \d)")
_ADDRESS = re.compile(r"<[^<>]{0,200}@|\[mailto:|\S@\S")
_GMAIL_WITHOUT_ADDRESS = re.compile(r"\d{4}-\d\d-\d\d \d\d?:\d\d (?:GMT|UTC)[+-]\d\d?:?\d\d .{2,60}$")


class Block(msgspec.Struct, frozen=True):
    """A copy of another message's headers in the text: lines `start` to `end` (exclusive), and what they say by kind
    ("from", "date", "to", "subject")."""

    start: int
    end: int
    says: dict[str, str]


class Kinds(msgspec.Struct, frozen=True):
    """A letter for each line, and the header blocks among them."""

    letters: str
    blocks: tuple[Block, ...]


def kinds(lines: list[str]) -> Kinds:
    """What each of `lines` is."""
    letters = [_alone(lines, at) for at in range(len(lines))]
    _mark_wrapped_quotes(lines, letters)
    _mark_intros(lines, letters)
    blocks = _mark_blocks(lines, letters)
    return Kinds("".join(letters), tuple(blocks))


def _alone(lines: list[str], at: int) -> str:
    """What a line is by itself. Only lines that look special take the slower looks."""
    line = lines[at]
    bare = line.strip(_EDGES)
    if not bare or bare.isspace():
        return EMPTY
    if bare == MARK or _REPLY_ABOVE.match(bare):
        return INTRO
    if _QUOTE.match(line):
        return QUOTE
    if not bare[0].isalnum() or len(bare) < 2:
        if _DELIMITER.match(line):
            return DELIMITER
        if _RULE.match(line):
            return RULE
    return TEXT if len(line) > LONGEST_INTRO else _in_words(lines, at, bare)


def _in_words(lines: list[str], at: int, bare: str) -> str:
    """What a line is by the words that clients write, in whatever language."""
    line = lines[at]
    if line.lstrip()[0] in _DASHES:
        if _FORWARD.match(line):
            return FORWARD
        if _ORIGINAL.match(line):
            return INTRO
    if bare[-1] in ":\uff1a" and _FORWARD_LINE.match(bare):
        return FORWARD
    if _is_block_in_one_line(line):
        return INTRO
    return CLIENT if _CLIENT.match(bare) and _is_client_line(lines, at) else TEXT


def _is_block_in_one_line(line: str) -> bool:
    """ "From: … Sent: … To: … Subject: …" in a row, as mark-up leaves it that was turned to text by others."""
    first = _header(line)
    if first is None or first[0] != "from" or "@" not in line:
        return False
    words = (found[1].lower() for found in _IN_ONE_LINE.finditer(line))
    said = {HEADER_KINDS.get(word) or HEADER_KINDS.get(word.rpartition(" ")[2]) for word in words}
    return {"from", "date", "subject"} <= said


def _is_client_line(lines: list[str], at: int) -> bool:
    """Whether a line that starts like "Sent from my …" is that of a client: short, and at an end of its paragraph."""
    words = _LINK.sub(" ", lines[at]).split()
    above, below = lines[at - 1] if at else "", lines[at + 1] if at + 1 < len(lines) else ""
    ends_a_paragraph = not above.strip() or not below.strip() or bool(_RULE.match(below))
    return len(words) <= MOST_CLIENT_WORDS and ends_a_paragraph and not lines[at].rstrip().endswith((",", ";", "?"))


def _mark_wrapped_quotes(lines: list[str], letters: list[str]) -> None:
    """A long quoted line that was wrapped on its way goes on below without its mark: small, or inside a link."""
    for at in range(1, len(lines)):
        above = lines[at - 1]
        if letters[at] == TEXT and letters[at - 1] == QUOTE and len(above) >= SHORTEST_WRAPPED:
            inside_link = above.rfind("<http") > above.rfind(">", 2)
            if inside_link or (lines[at][0].islower() and not above.rstrip().endswith((".", "!", "?", ":"))):
                letters[at] = QUOTE


def _mark_intros(lines: list[str], letters: list[str]) -> None:
    """Find "On … <name> wrote:", which clients wrap over several lines."""
    at = 0
    while at < len(lines):
        if letters[at] in (TEXT, RULE) and (length := _intro_length(lines, letters, at)):
            letters[at : at + length] = INTRO * length
            at += length
        else:
            at += 1


def _intro_length(lines: list[str], letters: list[str], at: int) -> int:
    """Over how many lines the words that introduce a quote go which start at line `at`; 0 where none do."""
    first = lines[at]
    dated = bool(_STARTS.match(first) or _STARTS_WITH_DATE.match(first))
    if len(first) > LONGEST_INTRO or not (dated or "@" in first or _has_verb(first)):
        return 0
    whole = ""
    for length in range(1, min(MOST_BROKEN_INTRO_LINES if dated else MOST_INTRO_LINES, len(lines) - at) + 1):
        line = lines[at + length - 1]
        if length > 1 and (_STARTS.match(line) or (not line.strip() and length > 2) or len(whole) > LONGEST_INTRO):
            return 0
        if length > 1 and not dated and whole.endswith((".", "!", "?")):
            return 0  # a sentence of the sender's own stands above
        whole = f"{whole} {line.strip()}".strip()
        quoted = _next_kind(letters, at + length) == QUOTE
        if len(whole) <= LONGEST_INTRO and introduces(whole, dated=dated, quoted=quoted):
            return length
        if length >= MOST_INTRO_LINES and "<" not in whole:
            return 0
    return 0


def _next_kind(letters: list[str], at: int) -> str:
    return next((letter for letter in letters[at : at + 3] if letter != EMPTY), EMPTY)


def _has_verb(line: str) -> bool:
    return any(word.lower() in WROTE for word in _WORD.findall(line)) or any(
        word in line for word in WROTE_WITHOUT_SPACES
    )


def _ends_in_verb(line: str) -> bool:
    said = line.rstrip(" \t*_:\uff1a\u00a0-")
    last = _LAST_WORD.search(said[-40:])
    return said.endswith(WROTE_WITHOUT_SPACES) or bool(last and last[1].lower() in WROTE)


def introduces(whole: str, *, dated: bool, quoted: bool) -> bool:
    """Whether one line introduces a quote. `dated`: it starts as clients start it; `quoted`: a quote follows.

    People write "On 3 March your agent wrote:" too: without an address, a date with its time or the quote is needed.
    """
    time, date, address = _TIME.search(whole), _DATE.search(whole), _ADDRESS.search(whole)
    proof = bool(address and (time or date)) or bool(time and date) or (quoted and bool(time or date or address))
    named = _ENDS_IN_COLON.search(whole) and _NAMED.search(whole)
    if named and (quoted or (date and time)):
        return True  # in whatever language
    if _ends_in_verb(whole):
        return (proof and (dated or bool(address) or quoted)) or bool(named)
    if _ENDS_IN_COLON.search(whole):
        if _has_verb(whole):
            return proof and bool(address or (time and date))
        return dated and bool(address and date and time)
    return bool(_GMAIL_WITHOUT_ADDRESS.match(whole))


def _mark_blocks(lines: list[str], letters: list[str]) -> list[Block]:
    """Find copies of headers ("From: … Sent: … To: … Subject: …"), one a line, some wrapped, some with gaps."""
    headers = [_header(line) if letter in TEXT + QUOTE else None for line, letter in zip(lines, letters, strict=True)]
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        block = _block(lines, headers, letters, at) if headers[at] and letters[at] == TEXT else None
        if block is None:
            at += 1
            continue
        letters[at : block.end] = HEADER * (block.end - at)
        blocks.append(block)
        at = block.end
    return blocks


def _header(line: str) -> tuple[str, str] | None:
    """The kind and the value of a header line, in whatever language; None for any other line."""
    found = _HEADER.match(line) if len(line) < LONGEST_HEADER else None
    if found is None:
        return None
    kind = HEADER_KINDS.get(found[1].strip(" *_\u00a0").lower())
    return (kind, found[2].strip(_EDGES)) if kind else None


def _block(lines: list[str], headers: list[tuple[str, str] | None], letters: list[str], at: int) -> Block | None:
    says: dict[str, str] = {}
    count, end, gap = 0, at, 0
    for index in range(at, min(at + MOST_HEADER_LINES, len(lines))):
        header = headers[index]
        if header is None:
            gap += 1
            if gap > 2 or letters[index] not in (TEXT, EMPTY):
                break
            continue
        if header[0] in says and header[0] != "other":
            break
        if EMPTY in letters[index - gap : index] and not _continues(says, gap):
            break
        says.setdefault(*header)
        count, end, gap = count + 1, index + 1, 0
    return Block(at, end, says) if _is_block(says, count, lines[at:end], _before(letters, at)) else None


def _continues(says: dict[str, str], gap: int) -> bool:
    """Mark-up turned to text leaves an empty line between two headers, but never where all have been said."""
    return gap == 1 and not {"from", "date", "to", "subject"} <= says.keys()


def _before(letters: list[str], at: int) -> str:
    return next((letters[index] for index in range(at - 1, max(-1, at - 4), -1) if letters[index] != EMPTY), EMPTY)


def _is_block(says: dict[str, str], count: int, block: list[str], before: str) -> bool:
    """Forms hold "From: Paris, To: London, Date: …" too: copied headers have a sender, and a subject or an address."""
    if "from" not in says or not {"date", "subject", "to"} & says.keys():
        return False
    announced = before in (INTRO, FORWARD, RULE)
    return count >= (2 if announced else 3) and (announced or "subject" in says or any("@" in line for line in block))
