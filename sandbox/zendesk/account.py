"""The account as people use it: customers write, agents answer, tickets are merged, deleted, redacted. Every act makes
the audits that Zendesk makes. Tests, the stories and the control API call these; none of them touches the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.zendesk import content, shapes
from sandbox.zendesk.oauth import Doorman
from sandbox.zendesk.records import SYSTEM, Change, Records, Ticket
from sandbox.zendesk.shapes import Body

JSON = Any
BLOCK = "\u2587"  # what Zendesk leaves in place of a redacted character


class Account(Records):
    """A Zendesk account. Construct with a clock (`now`), hand it to `serve`, act on it, read `ledger`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.doorman = Doorman(self.now)
        self.opened_at = self.now()
        self.survey_responses: dict[str, tuple[datetime, Body]] = {}  # with when each was offered
        self.player: Any = None  # who plays stories here, if anybody (`sandbox.stories`)

    def add_customer(
        self,
        name: str,
        email: str | None,
        *,
        verified: bool = True,
        time_zone: str = "Europe/Lisbon",
        locale: str = "en-US",
        phone: str | None = None,
    ) -> int:
        """A new end user; returns the id. `time_zone` is an IANA name."""
        with self.lock:
            body = self.add_user(
                self.next_id(),
                name,
                email,
                "end-user",
                verified=verified,
                time_zone=time_zone,
                iana_time_zone=time_zone,
                locale=locale,
                phone=phone,
            )
            return int(body["id"])

    def customer_opens(
        self,
        subject: str,
        text: str,
        requester: int | None = None,
        *,
        channel: str = "email",
        priority: str | None = None,
        tags: list[str] | None = None,
        fields: dict[int, JSON] | None = None,
        external_id: str | None = None,
    ) -> int:
        """A customer's new ticket; returns its number. `fields` maps custom field ids to values."""
        with self.lock:
            who = requester or self._somebody()
            wish = {f"custom:{number}": value for number, value in (fields or {}).items()}
            wish |= {"priority": priority} if priority else {}
            wish |= {"tags": sorted(tags)} if tags else {}
            change = Change(actor=who, fields=wish, text=text, via=self._mail_or(channel, who))
            return self.create(who, who, subject, change, external_id=external_id).number

    def customer_writes(self, ticket: int, text: str, *, channel: str = "email") -> int:
        """The requester writes again. Reopens a pending or solved ticket; a closed one gets a follow-up ticket, whose
        number is then returned."""
        with self.lock:
            record = self.ticket(ticket)
            who = record.body["requester_id"]
            if record.body["status"] == "closed":
                follow_up = self.customer_opens(f"Re: {record.body['subject']}", text, who, channel=channel)
                record.body["followup_ids"] = [*record.body["followup_ids"], follow_up]
                return follow_up
            waiting = record.body["status"] in ("pending", "hold", "solved")
            fields = {"status": "open"} if waiting else {}
            self.update(record, Change(actor=who, fields=fields, text=text, via=self._mail_or(channel, who)))
            return ticket

    def agent_replies(
        self,
        ticket: int,
        text: str,
        *,
        by: int = content.ANA,
        public: bool = True,
        status: str | None = None,
    ) -> None:
        """A comment by staff. An untouched ticket becomes open and theirs, unless `status` says more."""
        with self.lock:
            record = self.ticket(ticket)
            fields: dict[str, JSON] = {}
            if public and record.body["assignee_id"] is None:
                fields |= {"assignee_id": by, "group_id": content.SUPPORT}
            if status or (public and record.body["status"] == "new"):
                fields["status"] = status or "open"
            self.update(record, Change(actor=by, fields=fields, text=text, public=public, via=shapes.via("web")))

    def agent_notes(self, ticket: int, text: str, *, by: int = content.ANA) -> None:
        self.agent_replies(ticket, text, by=by, public=False)

    def agent_sets(
        self,
        ticket: int,
        *,
        by: int = content.ANA,
        status: str | None = None,
        priority: str | None = None,
        subject: str | None = None,
        assignee: int | None = None,
        group: int | None = None,
        custom_status: int | None = None,
        tags: list[str] | None = None,
        add_tags: list[str] | None = None,
        remove_tags: list[str] | None = None,
        fields: dict[int, JSON] | None = None,
    ) -> None:
        """Change fields without a comment. `tags` replaces the whole set; `fields` maps custom field ids to values."""
        with self.lock:
            record = self.ticket(ticket)
            wish: dict[str, JSON] = {f"custom:{number}": value for number, value in (fields or {}).items()}
            named = {
                "status": status,
                "priority": priority,
                "subject": subject,
                "assignee_id": assignee,
                "group_id": group,
                "custom_status_id": custom_status,
            }
            wish |= {name: value for name, value in named.items() if value is not None}
            if tags is not None or add_tags or remove_tags:
                before = record.body["tags"] if tags is None else tags
                wish["tags"] = sorted((set(before) | set(add_tags or ())) - set(remove_tags or ()))
            self.update(record, Change(actor=by, fields=wish, via=shapes.via("web")))

    def merge(self, source: int, target: int, *, by: int = content.ANA) -> None:
        """Close `source` into `target`, with the two private comments and the tag that Zendesk leaves."""
        with self.lock:
            loser, winner = self.ticket(source), self.ticket(target)
            came = shapes.via("web", rel="merge", source={"ticket_ids": [source]})
            went = shapes.via("web", rel="merge", to={"ticket_id": target, "subject": winner.body["subject"]})
            taken = f'Request #{source} "{loser.body["subject"]}" was closed and merged into this request.'
            given = f'This request was closed and merged into request #{target} "{winner.body["subject"]}".'
            self.update(winner, Change(actor=by, text=taken, public=False, via=came))
            fields = {"status": "closed", "tags": sorted({*loser.body["tags"], "closed_by_merge"})}
            self.update(loser, Change(actor=by, fields=fields, text=given, public=False, via=went))

    def delete(self, ticket: int, *, by: int = content.CARLA) -> None:
        """Soft deletion: gone for reading and writing, "deleted" in the export, restorable."""
        with self.lock:
            record = self.ticket(ticket)
            before = record.body["status"]
            self.update(record, Change(actor=by, fields={"status": "deleted"}, via=shapes.via("web")))
            record.before_delete, record.deleted_by = before, by
            record.deleted_at = record.body["updated_at"]

    def restore(self, ticket: int, *, by: int = content.CARLA) -> None:
        with self.lock:
            record = self.ticket(ticket)
            status, record.before_delete, record.deleted_at = record.before_delete, None, None
            self.update(record, Change(actor=by, fields={"status": status or "open"}, via=shapes.via("web")))

    def scrub(self, ticket: int) -> None:
        """What is left 30 days after deletion: the row stays in the export, its words are gone."""
        with self.lock:
            record = self.ticket(ticket)
            for name in ("subject", "raw_subject", "description"):
                record.body[name] = "SCRUBBED"
            for audit in record.audits:
                for event in audit["events"]:
                    if event["type"] == "Comment":
                        event |= {"body": "SCRUBBED", "html_body": "SCRUBBED", "plain_body": "SCRUBBED"}
            self.touch(record)

    def redact(self, ticket: int, words: str, *, comment: int | None = None, by: int = content.ANA) -> None:
        """Blank `words` for good in one comment (or in all), in the subject and in the description."""
        with self.lock:
            record, blocks = self.ticket(ticket), BLOCK * len(words)
            for name in ("subject", "raw_subject", "description"):
                record.body[name] = (record.body[name] or "").replace(words, blocks)
            events: list[Body] = []
            for event in [one for audit in record.audits for one in audit["events"] if one["type"] == "Comment"]:
                if words in event["body"] and comment in (None, event["id"]):
                    for name in ("body", "html_body", "plain_body"):
                        event[name] = event[name].replace(words, blocks)
                    events.append({"id": self.next_id(), "type": "CommentRedactionEvent", "comment_id": event["id"]})
            self._by_hand(record, by, events)

    def close(self, ticket: int) -> None:
        """The automation that closes solved tickets: no update is accepted after it."""
        with self.lock:
            rule = shapes.via("rule", rel="automation", source={"id": 1, "title": "Close ticket after 4 days"})
            self.update(self.ticket(ticket), Change(actor=SYSTEM, fields={"status": "closed"}, via=rule))

    def rate(self, ticket: int, score: str, comment: str | None = None) -> None:
        """The requester's legacy satisfaction rating: "good" or "bad"."""
        with self.lock:
            record = self.ticket(ticket)
            rating = {"id": self.next_id(), "score": score, "comment": comment}
            record.body["satisfaction_rating"] = rating
            event = {
                "id": self.next_id(),
                "type": "SatisfactionRating",
                "score": score,
                "body": comment,
                "assignee_id": record.body["assignee_id"],
            }
            self._by_hand(record, record.body["requester_id"], [event])

    def answer_survey(
        self, ticket: int, rating: int | None, comment: str | None = None, *, of: int = 5, response: str | None = None
    ) -> str:
        """The requester's answer in the newer survey, `of` so many choices; None: it was offered, and not answered.
        With `response` they change the one that they gave. Returns the response's id."""
        with self.lock:
            record, at = self.ticket(ticket), shapes.iso(self.now())
            ident = response or f"01J{self.next_id():023d}"
            created = self.survey_responses[ident][0] if ident in self.survey_responses else self.now()
            body = shapes.survey_response(ident, ticket, record.body["requester_id"], at, rating, comment, of)
            self.survey_responses[ident] = (created, body)
            return ident

    def admin_adds_status(self, label: str, category: str) -> int:
        """A new custom status in a category ("open", "hold" ...); returns its id."""
        with self.lock:
            number = self.next_id()
            at = shapes.iso(self.now())
            self.statuses.append(shapes.custom_status(self.site, number, label, category, at, default=False))
            return number

    def admin_removes_field(self, number: int) -> None:
        """A custom field goes, and its values with it; tickets are not touched by that."""
        with self.lock:
            self.fields = [one for one in self.fields if one["id"] != number]
            for record in self.tickets.values():
                left = [one for one in record.body["custom_fields"] if one["id"] != number]
                record.body["custom_fields"] = record.body["fields"] = left

    def admin_retypes_field(self, number: int, kind: str, options: Sequence[tuple[str, str]] = ()) -> None:
        """A custom field is made anew under its id with another type ("text", "tagger" ...)."""
        with self.lock:
            title, at = next(one["title"] for one in self.fields if one["id"] == number), shapes.iso(self.now())
            anew = shapes.field(self.site, number, title, kind, at, options)
            self.fields = [anew if one["id"] == number else one for one in self.fields]

    def suspend(self, subject: str, text: str, email: str, *, cause: str = "Detected as spam") -> int:
        """Mail that Zendesk keeps apart: it becomes no ticket and is in no export."""
        with self.lock:
            number, at = self.next_id(), shapes.iso(self.now())
            self.suspended.append(
                {
                    "id": number,
                    "url": f"{self.site}/api/v2/suspended_tickets/{number}.json",
                    "author": {"id": None, "name": email, "email": email},
                    "subject": subject,
                    "content": text,
                    "cause": cause,
                    "cause_id": 0,
                    "error_messages": None,
                    "message_id": f"<{number}@mail.example>",
                    "ticket_id": None,
                    "recipient": "support@example.com",
                    "brand_id": content.BRAND,
                    "attachments": [],
                    "via": shapes.via("email", source={"address": email, "name": email}),
                    "created_at": at,
                    "updated_at": at,
                }
            )
            return number

    def _by_hand(self, record: Ticket, actor: int, events: list[Body]) -> None:
        """File an audit whose events are no field changes."""
        moment = self._moment(record)
        audit = {
            "id": self.next_id(),
            "ticket_id": record.number,
            "created_at": shapes.iso(moment),
            "author_id": actor,
            "metadata": {"system": dict(shapes.SYSTEM_METADATA), "custom": {}},
            "events": events,
            "via": shapes.via("web"),
        }
        self.keep(record, audit, moment)

    def _somebody(self) -> int:
        return next((n for n, one in self.users.items() if one["role"] == "end-user"), None) or self.add_customer(
            "Maria Silva", "maria@example.net"
        )

    def _mail_or(self, channel: str, who: int) -> Body:
        if channel != "email":
            return shapes.via(channel)
        person = self.users[who]
        return shapes.via(
            "email",
            source={"address": person["email"], "name": person["name"]},
            to={"address": "support@example.com", "name": "Sandbox Store"},
        )
