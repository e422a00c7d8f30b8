"""Our own mail, from head to foot: notices to our people, surveys and acknowledgements to the one who wrote. Pure.

Built once, by `writing.prepare`, and kept as it is: each try sends the very same bytes under the very same Message-ID.
Everything that stands in a header is ours, or an id or address that was let through letter by letter; nothing that a
customer wrote is quoted, for a mail that repeats what strangers say is a tool for them. Headers are set down here and
not by the standard library, which encodes a long id in References and so breaks the thread on the other side.
RFC 5322, 2047, 3834 (automatic answers), 2369 and 8058 (unsubscribing).
"""

from __future__ import annotations

import re
from base64 import encodebytes
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from quopri import encodestring

import msgspec

from adapters.imap import tokens, wordings
from adapters.imap.purposes import Purpose
from adapters.imap.recipients import mailable
from connector.errors import SettingsError
from connector.model import JSON

LOOP_HEADER = "X-Amends-Loop"
MARKER = re.compile(r"am-[a-z2-7]{20}")
MOST_REFERENCES = 12
LONGEST_ID = 250
LONGEST_SUBJECT = 150
_LINE = 76
_OURS = re.compile(rf"<?({MARKER.pattern})\.({'|'.join(Purpose)})(?:\.[a-z0-9-]+)?@([a-z0-9.-]+)>?", re.IGNORECASE)
_URL = re.compile(r"https://[!-;=?-~]*\{token\}[!-;=?-~]*")
_SAFE = re.compile(r"[\x20-\x7e]*")
_SAFE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@:\[\]-]+@[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:\[\]-]+")
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


class Letterhead(msgspec.Struct, frozen=True):
    """Who our mail comes from. `address` is one that we read; `house` the name that customers know. `survey_url` and
    `unsubscribe_url` hold "{token}". `plus_addresses`: mail to "local+word@domain" reaches us too.

    Raises SettingsError for an address or URL that cannot stand in a mail."""

    address: str
    house: str = ""
    plus_addresses: bool = False
    survey_url: str | None = None
    unsubscribe_url: str | None = None
    texts: Mapping[str, wordings.Wording] = {}
    keys: tokens.Keys = tokens.Keys()

    def __post_init__(self) -> None:
        if mailable(self.address) is None:
            raise SettingsError(
                f"no mail can come from {self.address!r}.", remedy="Set `from_address` to an address such as help@…."
            )
        for name in ("survey_url", "unsubscribe_url"):
            url = getattr(self, name)
            if url is not None and not _URL.fullmatch(url):
                raise SettingsError(
                    f"{name} {url!r} is no https address with {{token}} in it.",
                    remedy="It looks like https://shop.example/s/{token}.",
                )

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Mail(msgspec.Struct, frozen=True):
    """A mail as it is sent, each time the same. `message_id` is without brackets, `text` the whole message in ASCII
    with CRLF. `sender` is the envelope's, "" for the null path."""

    purpose: Purpose
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    text: str

    def as_json(self) -> dict[str, JSON]:
        """As it is kept in a stamp; `from_json` gives it back."""
        return msgspec.json.decode(msgspec.json.encode(self), type=dict[str, JSON])


class Ours(msgspec.Struct, frozen=True):
    """What a Message-ID of our form says about itself. It is no proof: `tokens.reply_ticket` is."""

    marker: str
    purpose: Purpose
    domain: str


class Thread(msgspec.Struct, frozen=True):
    """What we answer: canonical Message-IDs, the nearest as `answers`. Both may hold anything at all."""

    answers: str | None = None
    references: tuple[str, ...] = ()


def from_json(value: JSON) -> Mail:
    """Of a survey, a mail without its text: see `posting.kept`."""
    return msgspec.convert(value, Mail)


def ours(message_id: str) -> Ours | None:
    """Marker, purpose and domain of a Message-ID that has the form of ours, with or without brackets."""
    found = _OURS.fullmatch(message_id.strip())
    return Ours(found[1].lower(), Purpose(found[2].lower()), found[3].lower()) if found else None


def message_ids(head: Letterhead, marker: str, purpose: Purpose, ticket: str) -> tuple[str, ...]:
    """The Message-ID of this mail (the first), and those that it may have had under older keys."""
    if purpose is Purpose.NOTICE or not head.keys:
        return (f"{marker}.{purpose}@{head.domain}",)
    return tuple(
        f"{marker}.{purpose}.{word}@{head.domain}" for word in tokens.each_signed(head.keys, tokens.REPLY, ticket)
    )


def notice(head: Letterhead, marker: str, ticket: str, note: str, where: str, to: Sequence[str], at: datetime) -> Mail:
    """Tell our own people what is wrong. `note` is ours; `where` says where the mail lies. Answers to it are not
    answers to the customer, so it belongs to no thread."""
    text = f"{_body(note)}\n\n{_body(where)}\n"
    headers = [
        *_head(head, marker, Purpose.NOTICE, ticket, at),
        ("Subject", _subject(f"[Amends] {note.strip().partition(chr(10))[0]} ({ticket})")),
        ("To", ",\r\n ".join(to)),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
    ]
    return Mail(
        Purpose.NOTICE, _id(head, marker, Purpose.NOTICE, ticket), head.address, tuple(to), _whole(headers, text)
    )


def survey(
    head: Letterhead,
    marker: str,
    ticket: str,
    to: str,
    language: str | None,
    thread: Thread,
    at: datetime,
    page: str | None = None,
    contact: str | None = None,
) -> Mail:
    """Ask the complainant, once, at our own `page` or, where there is none, the `survey_url`, and say by `contact` how
    to reach a person. Needs keys. Bounces come
    back to us, so the envelope has a sender; whoever wants no more of these writes to an address, or takes one click
    where our page or an `unsubscribe_url` offers it."""
    words = wordings.wording(language, head.texts)
    leave = tokens.signed(head.keys, tokens.UNSUBSCRIBE, ticket)
    by_mail, asks = _leaving(head, leave, f"{page}/stop" if page is not None else None)
    link = page or _with_token(head.survey_url or "", tokens.signed(head.keys, tokens.SURVEY, marker))
    values = {"house": head.house or head.domain, "link": link, "leave": by_mail}
    headers = [
        *_head(head, marker, Purpose.SURVEY, ticket, at),
        ("Subject", _subject(wordings.filled(words.survey_subject, values))),
        ("To", to),
        *_reply_to(head, ticket),
        *_threading(thread),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
        *asks,
    ]
    said = wordings.filled(words.survey, values)
    text = f"{said}\n\n{_body(contact)}\n" if contact else f"{said}\n"
    return Mail(Purpose.SURVEY, _id(head, marker, Purpose.SURVEY, ticket), head.address, (to,), _whole(headers, text))


def acknowledgement(
    head: Letterhead,
    marker: str,
    ticket: str,
    to: str,
    language: str | None,
    thread: Thread,
    at: datetime,
    contact: str | None = None,
) -> Mail:
    """Tell the one who wrote that it has come, and by `contact` how to reach a person. From nobody (the null path), so
    that no machine can answer it; whether there may be one says `recipients.objection_to_answering`. RFC 3834,
    section 3."""
    words = wordings.wording(language, head.texts)
    values = {"contact": _body(contact or ""), "house": head.house or head.domain, "reference": ticket}
    headers = [
        *_head(head, marker, Purpose.ACKNOWLEDGEMENT, ticket, at),
        ("Subject", _subject(wordings.filled(words.acknowledgement_subject, values))),
        ("To", to),
        *_reply_to(head, ticket),
        *_threading(thread),
        ("Auto-Submitted", "auto-replied"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    ident = _id(head, marker, Purpose.ACKNOWLEDGEMENT, ticket)
    said = words.acknowledgement
    if contact and "{contact}" not in said:
        said = (
            said.replace("{reference}", "{reference}\n\n{contact}")
            if "{reference}" in said
            else f"{said}\n\n{{contact}}"
        )
    text = wordings.filled(said, values).strip() + "\n"
    return Mail(Purpose.ACKNOWLEDGEMENT, ident, "", (to,), _whole(headers, text))


# Headers


def _head(head: Letterhead, marker: str, purpose: Purpose, ticket: str, at: datetime) -> list[tuple[str, str]]:
    name = f"{_phrase(head.house)}\r\n " if head.house.strip() else ""
    return [
        ("Date", format_datetime(at.replace(microsecond=0))),
        ("From", f"{name}<{head.address}>"),
        ("Message-ID", f"<{_id(head, marker, purpose, ticket)}>"),
        (LOOP_HEADER, tokens.loop_word(head.keys)),
    ]


def _id(head: Letterhead, marker: str, purpose: Purpose, ticket: str) -> str:
    return message_ids(head, marker, purpose, ticket)[0]


def _reply_to(head: Letterhead, ticket: str) -> list[tuple[str, str]]:
    if not (head.plus_addresses and head.keys):
        return []
    address = tokens.plus(head.address, tokens.signed(head.keys, tokens.REPLY, ticket))
    return [("Reply-To", address)] if address else []


def _leaving(head: Letterhead, word: str, page: str | None = None) -> tuple[str, list[tuple[str, str]]]:
    """The address to which one writes to get no more, and the headers by which mail programs offer it.

    One click is asked for by POST at an https address alone (RFC 8058); a mailto is for all others."""
    plus = tokens.plus(head.address, f"{tokens.UNSUBSCRIBING}{word}") if head.plus_addresses else None
    mailto = f"<mailto:{plus}>" if plus else f"<mailto:{head.address}?subject=unsubscribe%20{word}>"
    if page is None and head.unsubscribe_url is not None:
        page = _with_token(head.unsubscribe_url, word)
    if page is None:
        return plus or head.address, [("List-Unsubscribe", mailto)]
    url = f"<{page}>"
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return plus or head.address, [("List-Unsubscribe", f"{url},\r\n {mailto}"), one_click]


def _with_token(url: str, word: str) -> str:
    return url.replace("{token}", word)


def _threading(thread: Thread) -> list[tuple[str, str]]:
    """In-Reply-To and References, each id on a line of its own and never broken or encoded. Of many, the first (the
    thread's) and the last (the nearest) stay. Ids that could be anything else than ids are left out."""
    answers = next(iter(_ids([thread.answers or ""])), None)
    if answers is None:
        return []
    known = [one for one in _ids(thread.references) if one != answers]
    if len(known) >= MOST_REFERENCES:
        known = [known[0], *known[2 - MOST_REFERENCES :]]
    return [("In-Reply-To", answers), ("References", "\r\n ".join([*known, answers]))]


def _ids(raw: Iterable[str]) -> list[str]:
    found = (one.strip("<>") for one in raw)
    return list(dict.fromkeys(f"<{one}>" for one in found if len(one) <= LONGEST_ID and _SAFE_ID.fullmatch(one)))


def _subject(text: str) -> str:
    shown = " ".join(_UNSEEN.sub(" ", text).split())
    shown = shown if len(shown) <= LONGEST_SUBJECT else f"{shown[: LONGEST_SUBJECT - 1]}…"
    return shown if _SAFE.fullmatch(shown) and "=?" not in shown else _encoded("Subject", shown)


def _phrase(text: str) -> str:
    """A display name: letters, digits and spaces as they are, all others encoded, so that nothing needs quoting."""
    shown = " ".join(_UNSEEN.sub(" ", text).split())
    return shown if re.fullmatch(r"[A-Za-z0-9 ]{1,60}", shown) else _encoded("From", shown)


def _encoded(header: str, text: str) -> str:
    """`text` in encoded words, on lines of at most 76 characters (RFC 2047)."""
    return Header(text, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


# The whole


def _whole(headers: Iterable[tuple[str, str]], text: str) -> str:
    """The message: headers and plain text, in seven bits. Raises ValueError where a header holds what none may."""
    body, encoding = _seven_bit(text)
    written = [
        *headers,
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", encoding),
    ]
    return "".join(f"{name}: {_checked(name, value)}\r\n" for name, value in written) + "\r\n" + body


def _checked(name: str, value: str) -> str:
    """A header's value: visible ASCII, folded only by us (before an id, an address or an encoded word)."""
    for line in value.split("\r\n "):
        if not line.strip() or not _SAFE.fullmatch(line) or len(line) > 900:
            raise ValueError(f"the header {name} would hold what no header may")
    return value


def _body(text: str) -> str:
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _seven_bit(text: str) -> tuple[str, str]:
    """The text in the shorter of the two encodings that survive every relay, and its name."""
    data = text.encode("utf-8", "replace")
    quoted = encodestring(data, quotetabs=False).decode("ascii").replace("\n", "\r\n")
    base64 = encodebytes(data.replace(b"\n", b"\r\n")).decode("ascii").replace("\n", "\r\n")
    return (quoted, "quoted-printable") if len(quoted) <= len(base64) else (base64, "base64")
