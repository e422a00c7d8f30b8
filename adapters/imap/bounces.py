"""Reports that a mail could not be delivered: whom it did not reach, and which of our mails it was. Pure; never raises.

Called by `automatic` and `message`. The standard form (RFC 3464) is read first; then what mail servers wrote before and
beside it, by the patterns of flufl.bounce and a few of our own. A bounce can be forged: it proves nothing by itself.
"""

from __future__ import annotations

import re
from email import message_from_bytes

import msgspec

from adapters.imap.identifiers import canonical_id
from adapters.imap.parts import Limits, Parsed, Part
from adapters.imap.robots import ROBOT

MOST_RECIPIENTS = 200
LONGEST_READ = 200_000  # bytes of a part that are searched
LONGEST_OTHER = 65_536  # bytes of a whole report in no standard form: the words stand above the returned mail
FAILED, DELAYED, OTHER = "failed", "delayed", "other"

_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{1,60})[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*\n")
_ADDRESS = re.compile(
    r"(?<![^\s<>()\[\],;:\"'=|`{}])[^\s<>()\[\],;:\"'="
    r"|`{}@]+@[A-Za-z0-9\u0080-\U0010ffff][\w.\u0080-\U0010ffff-]*[\w\u0080-\U0010ffff]"
)
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status", "message/xdelivery-status")
_FINAL = re.compile(r"^(?:Final|Original)-Recipient[ \t]*:.*@", re.IGNORECASE | re.MULTILINE)
_SENDERS = re.compile(r"^[ \t(]*(?:mail from|from|sender|reply-to|return-path|message-id)[ \t]*:.*$", re.I | re.M)
_STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}")
_ORIGINAL_ID = re.compile(r"^(?:X-)?(?:Original-)?Message-ID:[ \t]*(?:\n[ \t]+)?(<[^<>\s]{3,500}>)", re.I | re.M)


class Report(msgspec.Struct, frozen=True):
    """A delivery report. `outcome` is "failed", "delayed" or "other" (delivered, relayed, expanded).

    `recipients` are those that were not reached for good, or, where all are only late, the late ones.
    `original_id` is the Message-ID of the mail that the report is about, as far as the report gives it.
    """

    outcome: str
    recipients: tuple[str, ...]
    original_id: str | None


def standard_report(parsed: Parsed) -> Report | None:
    """What a message/delivery-status part says; None where there is none that says anything."""
    outcomes: dict[str, str] = {}
    for part in parsed.parts:
        if part.type in _STATUS_TYPES:
            _read_blocks(_part_text(part), outcomes)
    return _reported(outcomes, parsed)


def _read_blocks(text: str, outcomes: dict[str, str]) -> None:
    for block in _BLANK.split(text):
        recipient, outcome = _block(block)
        if recipient and outcomes.get(recipient) != FAILED:
            outcomes[recipient] = outcome


def _reported(outcomes: dict[str, str], parsed: Parsed) -> Report | None:
    if not outcomes:
        return None
    worst = next((one for one in (FAILED, DELAYED) if one in outcomes.values()), OTHER)
    names = tuple(name for name, outcome in outcomes.items() if outcome == worst)[:MOST_RECIPIENTS]
    return Report(worst, names if worst != OTHER else (), original_id(parsed))


def _part_text(part: Part) -> str:
    return part.content(LONGEST_READ).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _block(block: str) -> tuple[str, str]:
    """A recipient and its outcome; "" where the block is about the whole report."""
    fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(block)}
    # Servers rewrite addresses on the way: the original recipient is the one that we wrote to.
    named = (fields.get(name, "") for name in ("original-recipient", "final-recipient", "x-actual-recipient"))
    recipient = next((found for value in named if (found := _recipient(value))), "")
    action = fields.get("action", "").lower()
    status = _STATUS.search(fields.get("status", "") or fields.get("diagnostic-code", ""))
    if action.startswith("fail") or (not action and status and status[1] == "5"):
        return recipient, FAILED
    if action.startswith("delay") or (not action and status and status[1] == "4"):
        return recipient, DELAYED
    return recipient, OTHER if action else FAILED


def _recipient(value: str) -> str:
    """The address in "rfc822; <x@y.example>"; local names without a domain stay as they are."""
    text = value.partition(";")[2] if ";" in value else value
    found = _ADDRESS.search(text)
    return found[0] if found else ""


def original_id(parsed: Parsed) -> str | None:
    """The Message-ID of the returned mail, from its headers or from the text that quotes them."""
    for part in parsed.parts:
        if part.type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            sent = part.inner(Limits()).said("message-id")
            if sent:
                return canonical_id(sent)
    for part in parsed.parts:
        if part.type.startswith("text/"):
            found = _ORIGINAL_ID.search(_part_text(part))
            if found:
                return canonical_id(found[1])
    return None


def other_report(parsed: Parsed) -> Report | None:
    """What a report in one of the many other forms says; None where no form fits. Costs milliseconds."""
    told = _reported(_in_the_text(parsed), parsed)
    if told is not None:
        return told
    failed, delayed = _by_known_servers(parsed.raw)
    names = failed or _by_words(parsed)
    if names or delayed:
        known = tuple(dict.fromkeys(names or delayed))[:MOST_RECIPIENTS]
        return Report(FAILED if names else DELAYED, known, original_id(parsed))
    return None


def _in_the_text(parsed: Parsed) -> dict[str, str]:
    """The standard form's fields, where a server wrote them among its words."""
    outcomes: dict[str, str] = {}
    for part in parsed.parts:
        if part.type == "text/plain" and _FINAL.search(text := _part_text(part)):
            _read_blocks("\n\n".join(one for one in _BLANK.split(text) if _FINAL.search(one)), outcomes)
    return outcomes


def _by_known_servers(raw: bytes) -> tuple[list[str], list[str]]:
    """(failed, delayed) addresses, by flufl.bounce; nothing where it stumbles, as it does over odd messages."""
    from flufl.bounce import all_failures

    try:
        late, lost = all_failures(message_from_bytes(raw[:LONGEST_OTHER]))
    except Exception:  # noqa: BLE001 - third-party patterns over hostile text: whatever it raises, it has no answer
        return [], []
    return sorted(_plain(one) for one in lost), sorted(_plain(one) for one in late)


def _plain(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address


# How servers that flufl.bounce does not know introduce the addresses that they could not reach, some lines below.
_WORDS = re.compile(
    r"(?:could not be delivered to|unable to deliver (?:your |the )?(?:message|mail)s? to"
    r"|delivery (?:to the following"
    r" (?:recipients?|address(?:es)?) )?(?:has )?failed|following address(?:es)? (?:had|has|have|failed)"
    r"|did not reach the following|undeliverable to|recipients? (?:failed|unknown|rejected)|user unknown"
    r"|no such user"
    r"|(?:message|mail|it) (?:was|has been|has) (?:been )?not (?:been )?delivered|cannot be delivered to"
    r"|exceed(?:s|ed)? (?:his|her|its|their|the|allowed|maximum)? ?(?:size|quota)|receiver not found"
    r"|(?:was|were|is) not (?:found|reachable|delivered)|did not receive|could not deliver|quota violation"
    r"|mailbox (?:unavailable|is full|full|not found)|unknown (?:user|recipient|address)|address rejected"
    r"|account (?:is |has been )?(?:disabled|inactive)|over quota|quota exceeded|not listed in|no mailbox here"
    r"|konnte nicht zugestellt werden|unbekannter empfänger|n'a pas pu être (?:remis|délivré|distribué)"
    r"|no se (?:pudo|ha podido) entregar|non è stato (?:possibile )?(?:recapitat|consegnat)|kon niet worden"
    r"|nie (?:została|mogła zostać) dostarczona|не (?:может быть|было|удалось) доставлен|não (?:pôde"
    r"|foi) (?:ser )?entregue"
    r"|ni bilo mogoče dostaviti|无法(?:送达|投递|发送)|退信|配信できませんでした|宛先不明)",
    re.IGNORECASE,
)
# The one we wrote to, where a server tells it beside the one that it made of it.
_ORIGINAL_ADDRESS = re.compile(rf"original (?:address|recipient):[ \t]*<?({_ADDRESS.pattern})", re.IGNORECASE)
_RETURNED_HEADERS = re.compile(r"^(?:> ?)?(?:Received: (?:from|by)|Message-ID:) ", re.IGNORECASE | re.MULTILINE)
_RETURNED = re.compile(
    r"^(?:[- ]*(?:original message|the (?:original )?message|returned message|transcript|below|copy"
    r"|headers?)\b.*|from: .*|received: .*|subject: .*)$",
    re.IGNORECASE | re.MULTILINE,
)


def returns_a_mail(parsed: Parsed) -> bool:
    """Whether the message holds another one, or the headers of one as servers write them."""
    if {"message/rfc822", "text/rfc822-headers"} & set(parsed.types):
        return True
    texts = (part for part in parsed.parts if part.type == "text/plain")
    return any(_RETURNED_HEADERS.search(_part_text(part)) for part in texts)


def _by_words(parsed: Parsed) -> list[str]:
    """Addresses near words of failure, above the returned mail."""
    for part in parsed.parts:
        if part.type == "text/plain":
            text = _part_text(part)
            said = _WORDS.search(text)
            if said is None:
                continue
            end = _RETURNED.search(text, said.end())
            near = text[max(0, said.start() - 300) : min(end.start() if end else len(text), said.end() + 800)]
            named = _ORIGINAL_ADDRESS.findall(near) or _ADDRESS.findall(_SENDERS.sub("", near))
            lost = (address.rstrip(".") for address in named)
            return list(dict.fromkeys(one for one in lost if not ROBOT.match(one.partition("@")[0])))[:20]
    return []
