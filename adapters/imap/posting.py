"""The one mail that a write may send: composed, sent at most or at least once, and found again. Used by `writing`.

The ledger is told before the last byte leaves, so what is not in it never left. What is in it and was not answered is
in doubt: it is looked for in the folder of sent mail, for ten minutes. What is not found then: a survey is left to a
person, for two are worse than none; a notice goes again, the same bytes under the same Message-ID, for none is worse
than two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import convert, json
from msgspec.structs import replace

from adapters.imap import composing, recipients, wordings
from adapters.imap.caps import caps_on, person, refuse_above
from adapters.imap.composing import Mail, Thread
from adapters.imap.postroom import Postroom, Root
from adapters.imap.purposes import Purpose
from adapters.imap.sending import Accepted
from adapters.imap.sent import has_left, keep_copy
from connector.adapter import Finding, Landed, Ledger, NotYet, Receipt, Sending, Unknown
from connector.errors import AmendsError, DeclinedError, RejectedError, TemporaryError
from connector.model import JSON, Action, ActionKind

LOOKS = (timedelta(minutes=2), timedelta(minutes=10))
MOST_TRIES = 3


def mail_for(room: Postroom, action: Action, root: Root) -> Mail | None:
    """The mail that goes with an action, None where there is none. Raises RejectedError where it can not go, and
    DeclinedError where it may not."""
    if action.kind is ActionKind.SURVEY:
        mail = _survey(room, action, root)
    elif action.kind is ActionKind.ACKNOWLEDGE:
        mail = _acknowledgement(room, action, root)
    elif action.effect.note is not None:
        mail = _notice(room, action, root, action.effect.note)
    else:
        return None
    if room.post is None:
        raise _rejected(
            room, action, "there is no SMTP server to send by.", "Set `smtp` in the options of this source."
        )
    return mail


def _survey(room: Postroom, action: Action, root: Root) -> Mail:
    head, page = room.head, action.effect.link
    _refuse_without_link(room, action)
    to = _addressee(room, action, root, recipients.objection(root.who, room.own))
    language = action.language or root.language
    return composing.survey(
        head, action.marker, action.ticket, to, language, root.thread, room.now(), page, action.effect.contact
    )


def _refuse_without_link(room: Postroom, action: Action) -> None:
    head = room.head
    if not head.keys or (head.survey_url is None and action.effect.link is None):
        what = "`survey_url` in the options" if head.keys else "`reply_keys` under the secrets"
        raise _rejected(room, action, "a survey cannot be sent.", f"Set {what} of this source.")


def _acknowledgement(room: Postroom, action: Action, root: Root) -> Mail:
    to = _addressee(room, action, root, recipients.objection_to_answering(root.who, room.own))
    effect, language = action.effect, action.language or root.language
    head = replace(room.head, texts=wordings.acknowledging(room.head.texts, effect.messages))
    return composing.acknowledgement(
        head, action.marker, action.ticket, to, language, root.thread, room.now(), effect.contact
    )


def _addressee(room: Postroom, action: Action, root: Root, objection: str | None) -> str:
    """The complainant's address. Raises DeclinedError where a machine may not write to it."""
    to = recipients.mailable(root.who.address) or ""
    why_not = objection or _ledger(room, action).stopped(person(to))
    if why_not is not None:
        what = "survey" if action.kind is ActionKind.SURVEY else "acknowledgement"
        raise DeclinedError(f"no {what}: {why_not}.", source=room.source, ticket=action.ticket)
    return to


def _notice(room: Postroom, action: Action, root: Root, note: str) -> Mail:
    to = recipients.internal(room.notify_to, room.own, root.who.address)
    if not to:
        raise _rejected(
            room,
            action,
            "there is nobody to tell of it.",
            "Set `notify_to` to your own people: neither an inbox that is read here, nor the complainant.",
        )
    where = f"The mail lies in the folder {root.place.folder} of {root.place.inbox}."
    return composing.notice(room.head, action.marker, action.ticket, note, where, to, room.now())


def refuse_full(room: Postroom, action: Action, mail: Mail) -> None:
    """Raise ConflictError where a cap has no room for the mail now."""
    caps = caps_on(mail.purpose, mail.recipients[0], room.caps)
    refuse_above(caps, _ledger(room, action).count, room.now(), source=room.source, ticket=action.ticket)


def kept(mail: Mail, action: Action, root: Root) -> dict[str, JSON]:
    """The mail as its stamp holds it; of a survey everything but its text, and what that is made of."""
    if mail.purpose is not Purpose.SURVEY:
        return mail.as_json()
    made_of = {"language": action.language or root.language, "thread": json.decode(json.encode(root.thread))}
    return {**replace(mail, text="").as_json(), "made_of": made_of}


def _whole(room: Postroom, action: Action, mail: Mail, stamped: dict[str, JSON], at: datetime) -> Mail:
    """The mail with its text, which a survey gets only now."""
    made_of = stamped.get("made_of")
    if made_of is None:
        return mail
    _refuse_without_link(room, action)
    again = composing.survey(
        room.head,
        action.marker,
        action.ticket,
        mail.recipients[0],
        made_of["language"],
        convert(made_of["thread"], Thread),
        at,
        action.effect.link,
        action.effect.contact,
    )
    return replace(again, recipients=mail.recipients)


def send(room: Postroom, action: Action, mail: Mail, prepared_at: datetime, stamped: dict[str, JSON]) -> Receipt:
    """Send the mail, unless it has gone already. Raises TemporaryError where a customer's mail is in doubt.

    One that was prepared after the doubt arose was released by a person: nothing else prepares it anew."""
    known = _ledger(room, action).sending(_name(action, mail))
    if known is not None and known.sent:
        return _told(mail)
    if _was_sent(room, action, mail):
        _write_down(room, action, mail, known)
        return _told(mail)
    if known is not None and mail.purpose is not Purpose.NOTICE and prepared_at <= known.begun_at:
        raise TemporaryError("this mail may have gone out already.", source=room.source, ticket=action.ticket)
    refuse_full(room, action, mail)
    mail = _whole(room, action, mail, stamped, prepared_at)
    accepted = _post(room, action, mail)
    _ledger(room, action).end(_name(action, mail), sent=True)
    said: Receipt = {**_told(mail), "answer": accepted.answer}
    return {**said, **({"refused": accepted.refused} if accepted.refused else {}), **_copied(room, action, mail)}


def find(room: Postroom, action: Action, mail: Mail, sent_at: datetime) -> Finding | None:
    """What became of the mail; None where it never left. Raises TemporaryError while it may still turn up."""
    known = _ledger(room, action).sending(_name(action, mail))
    if known is not None and known.sent:
        return Landed(_told(mail))
    if _was_sent(room, action, mail):
        _write_down(room, action, mail, known)
        return Landed(_told(mail))
    if known is not None:
        return _doubt(room, action, mail, known)
    since = _ledger(room, action).complete_since
    if since is not None and sent_at <= since and mail.purpose is not Purpose.NOTICE:
        return Unknown("the store came back from a backup, and this mail may have been sent before")
    return None


def _doubt(room: Postroom, action: Action, mail: Mail, known: Sending) -> Finding:
    age = room.now() - known.begun_at
    rest = next((look - age for look in LOOKS if age < look), None)
    if rest is not None:
        raise TemporaryError(
            "the SMTP server had the whole mail and did not answer; it may still show among the sent mail.",
            source=room.source,
            ticket=action.ticket,
            retry_after_seconds=min(rest, LOOKS[-1]).total_seconds(),
        )
    if mail.purpose is not Purpose.NOTICE:
        return Unknown("the SMTP server had the whole mail and did not answer, and it is not among the sent mail")
    if known.tries >= MOST_TRIES:
        return Unknown(f"{known.tries} times the SMTP server had the whole mail and did not answer")
    return NotYet()


def _post(room: Postroom, action: Action, mail: Mail) -> Accepted:
    assert room.post is not None
    begun = False

    def begin() -> None:
        nonlocal begun
        _begin(room, action, mail)
        begun = True

    try:
        return room.post(mail, begin, action.ticket)
    except AmendsError as error:
        if begun and not (isinstance(error, TemporaryError) and error.applied is not False):
            _ledger(room, action).end(_name(action, mail), sent=False)
        raise


def _begin(room: Postroom, action: Action, mail: Mail) -> None:
    caps = caps_on(mail.purpose, mail.recipients[0], room.caps)
    _ledger(room, action).begin(_name(action, mail), [cap.key for cap in caps], room.now())


def _write_down(room: Postroom, action: Action, mail: Mail, known: Sending | None) -> None:
    """The mail was found among the sent mail: the ledger shall know."""
    if known is None:
        _begin(room, action, mail)
    _ledger(room, action).end(_name(action, mail), sent=True)


def _was_sent(room: Postroom, action: Action, mail: Mail) -> bool:
    place = room.mailbox.sent()
    if place is None:
        return False
    with room.mailbox.at(place) as opened:
        return has_left(opened.client, _ids(room, action, mail))


def _copied(room: Postroom, action: Action, mail: Mail) -> Receipt:
    """Keep our copy, where the provider does not. The mail has gone: what fails here must not look as if it had not."""
    place = None if room.saves_sent else room.mailbox.sent()
    if place is None:
        return {}
    try:
        with room.mailbox.at(place, write=True) as opened:
            keep_copy(opened.client, place.folder, _ids(room, action, mail), mail.text, room.now())
    except AmendsError as error:
        return {"copy": f"none: {error.message}"}
    return {"copy": place.folder}


def _ids(room: Postroom, action: Action, mail: Mail) -> list[str]:
    other = composing.message_ids(room.head, action.marker, mail.purpose, action.ticket)
    return list(dict.fromkeys((mail.message_id, *other)))


def _ledger(room: Postroom, action: Action) -> Ledger:
    if room.ledger is None:
        raise _rejected(room, action, "nothing keeps count of what is sent, so nothing is sent.", "Use a store.")
    return room.ledger


def _told(mail: Mail) -> Receipt:
    return {"message_id": mail.message_id, "names": [mail.message_id]}


def _name(action: Action, mail: Mail) -> str:
    return f"{action.marker}.{mail.purpose}"


def _rejected(room: Postroom, action: Action, what: str, remedy: str | None) -> RejectedError:
    place: dict[str, Any] = {"source": room.source, "ticket": action.ticket}
    return RejectedError(what, remedy=remedy, **place)
