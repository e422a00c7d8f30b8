"""A ticket as it was sent, decoded as far as nearly every mapping asks, and the rest of it for whoever asks further.
Pure; used by `tickets`.

A ticket has some fifty members, half of them objects and lists. To make values of all of them, and to let go of these
again, took a tenth of a first sync.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

import msgspec

from adapters.zendesk.values import loaded
from connector.errors import RecordError
from connector.model import JSON


class Metrics(msgspec.Struct):
    """What a metric set tells of the timeline."""

    solved_at: Any = None
    status_updated_at: Any = None
    assigned_at: Any = None
    reply_time_in_minutes: Any = None


class Custom(msgspec.Struct):
    """A field of the account's own, with its value in a ticket."""

    id: Any = msgspec.UNSET
    value: Any = None


class Snapshot(msgspec.Struct):
    """The members of a ticket that we read ourselves or that nearly every mapping names. They are read as they come."""

    id: Any = None
    url: Any = None
    created_at: Any = None
    updated_at: Any = None
    generated_timestamp: Any = None
    status: Any = None
    subject: Any = None
    description: Any = None
    priority: Any = None
    type: Any = None
    tags: Any = None
    via: Any = None
    is_public: Any = None
    requester_id: Any = None
    assignee_id: Any = None
    group_id: Any = None
    organization_id: Any = None
    brand_id: Any = None
    ticket_form_id: Any = None
    external_id: Any = None
    custom_fields: msgspec.Raw = msgspec.Raw(b"null")
    metric_set: Metrics | msgspec.UnsetType | None = msgspec.UNSET

    def with_metrics(self, beside: Metrics | msgspec.UnsetType | None) -> Snapshot:
        """The same with a metric set that came beside it, where it has none of its own."""
        if self.metric_set is msgspec.UNSET:
            self.metric_set = beside
        return self


class Kept(msgspec.Struct):
    """A ticket as it is kept; see `tickets`."""

    ticket: Snapshot
    requester: Any = None
    metric_set: Metrics | msgspec.UnsetType | None = msgspec.UNSET
    gone: Any = None


snapshot_of = msgspec.json.Decoder(Snapshot).decode
metrics_of = msgspec.json.Decoder(Metrics | None).decode
_decode_customs = msgspec.json.Decoder(list[Custom] | None).decode
_decode_kept = msgspec.json.Decoder(Kept).decode
# What a decoder of ours says where something is no JSON, or of another shape than documented.
REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def kept_of(raw: bytes) -> Kept:
    """What `raw` keeps, also where it holds what strict JSON forbids. Raises ValueError where it is no ticket."""
    try:
        return _decode_kept(raw)
    except REFUSED:
        pass
    try:
        whole = loaded(raw)
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("ticket"), dict):
        raise ValueError("a ticket is an object, and this is none")
    for holder in (whole, whole["ticket"]):
        if not isinstance(holder.get("metric_set", {}), dict):
            holder["metric_set"] = None
    return _decode_kept(msgspec.json.encode(whole))


class Fields(dict[str, JSON]):
    """A ticket's fields by their ids. Those that a `Snapshot` has are there, and the account's own ones as soon as one
    of them is asked for; at any other name, and for whoever goes through all of them, the ticket is decoded whole."""

    __slots__ = ("_customs", "_kept")

    def __init__(self, known: dict[str, JSON], customs: msgspec.Raw, kept: bytes) -> None:
        super().__init__(known)
        self._customs = customs
        self._kept: bytes | None = kept

    def __missing__(self, name: str) -> JSON:
        if self._kept is None:
            raise KeyError(name)
        if name == "custom":
            try:
                customs = _decode_customs(self._customs) or ()
            except REFUSED:
                return self._whole()[name]
            found = self[name] = {str(one.id): one.value for one in customs if one.id is not msgspec.UNSET}
            return found
        return self._whole()[name]

    def _whole(self) -> Fields:
        """All of it. Raises RecordError where what nobody had asked for yet cannot be read, each time it is asked."""
        if self._kept is not None:
            try:
                found = _all_of(loaded(self._kept))
            except ValueError as error:
                raise RecordError(f"it is no JSON: {error}.", remedy="Look at its payload in quarantine.") from error
            known = {name: value for name, value in super().items() if name in found}
            self.clear()
            self.update(found)
            self.update(known)
            self._kept = None
        return self

    def get(self, name: str, default: JSON = None) -> JSON:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self._whole(), name)

    def __iter__(self) -> Iterator[str]:
        return dict.__iter__(self._whole())

    def __len__(self) -> int:
        return dict.__len__(self._whole())

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self._whole(), other._whole() if isinstance(other, Fields) else other)

    __hash__ = None

    def __repr__(self) -> str:
        return dict.__repr__(self._whole())

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return dict.keys(self._whole())

    def values(self) -> ValuesView[JSON]:  # type: ignore[override]
        return dict.values(self._whole())

    def items(self) -> ItemsView[str, JSON]:  # type: ignore[override]
        return dict.items(self._whole())


def fields_of(sent: Snapshot, requester: dict[str, JSON] | None, kept: bytes) -> Fields:
    """What a mapping may name of a ticket; `kept` holds all of it."""
    known = {
        "id": sent.id,
        "created_at": sent.created_at,
        "updated_at": sent.updated_at,
        "status": sent.status,
        "subject": sent.subject,
        "description": sent.description,
        "priority": sent.priority,
        "type": sent.type,
        "tags": sent.tags,
        "via": sent.via,
        "is_public": sent.is_public,
        "assignee_id": sent.assignee_id,
        "group_id": sent.group_id,
        "organization_id": sent.organization_id,
        "brand_id": sent.brand_id,
        "ticket_form_id": sent.ticket_form_id,
        "external_id": sent.external_id,
        "requester": requester or {"id": sent.requester_id},
    }
    if isinstance(sent.url, str):
        known["agent_url"] = _agent_url(sent.url)
    return Fields(known, sent.custom_fields, kept)


def _all_of(whole: JSON) -> dict[str, JSON]:
    fields, requester = whole["ticket"], whole.get("requester")
    if "metric_set" in whole:
        fields.setdefault("metric_set", whole["metric_set"])
    fields.pop("fields", None)  # the custom fields once more
    custom = fields.pop("custom_fields", None) or ()
    fields["requester"] = requester if requester and isinstance(requester, dict) else {"id": fields.get("requester_id")}
    try:
        fields["custom"] = {str(one["id"]): one["value"] for one in custom}
    except (KeyError, TypeError):
        fields["custom"] = {str(one["id"]): one.get("value") for one in custom if isinstance(one, dict) and "id" in one}
    url = fields.get("url")
    if isinstance(url, str):
        fields["agent_url"] = _agent_url(url)
    return fields  # type: ignore[no-any-return]


def _agent_url(url: str) -> str:
    return url.replace("/api/v2/tickets/", "/agent/tickets/", 1).removesuffix(".json")
