"""A snapshot and its folded timeline become a complaint, and what the source says about being one; pure.

`sync` calls both functions for every ticket. A ticket is never refused for an odd optional field: what cannot be
placed is kept and named in `problems`.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from connector.condition import Condition, values_of
from connector.errors import RecordError
from connector.mapping.reading import MAX_TEXT_CHARACTERS, Reading, shown
from connector.mapping.rules import UNMAPPED, Mapping
from connector.model import JSON, Complainant, Complaint, Status, Tag
from connector.timeline import Folded

PRODUCT_GROUP = "product_group"  # `extra.product_group`: what stands above the product in the tree of products


def normalise(
    source: str, ticket: str, version: int, fields: Table[str, JSON], folded: Folded, mapping: Mapping
) -> Complaint:
    """The complaint that the snapshot `fields` and the `folded` timeline of one ticket amount to.

    Raises RecordError only where there is no ticket id, or a field that the mapping requires is empty. NUL and lone
    surrogates become U+FFFD; what is too long is cut and said so in `problems`.
    """
    if not ticket:
        raise RecordError("the record has no ticket id.", source=source, remedy="Look at its payload in quarantine.")
    read = Reading(fields, mapping)
    line = read.lines.get
    # What is gone at the source has no fields any more, and has to be known as gone all the same.
    if mapping.required and folded.status is not Status.DELETED:
        _prove_required(source, ticket, read)
    opened_at = read.time("opened_at") or folded.opened_at
    complainant = _complainant(source, ticket, read)
    language = read.language("language")
    product = read.product(language or complainant.language)
    complaint = Complaint(
        source=source,
        ticket=ticket,
        version=version,
        subject=line("subject") or read.text("subject") or "",
        text=line("text") or read.text("text", MAX_TEXT_CHARACTERS) or "",
        complainant=complainant,
        status=folded.status,
        opened_at=opened_at,
        updated_at=read.time("updated_at") or max(opened_at, folded.history.spells[-1].start),
        url=line("url") or read.text("url"),
        channel=line("channel") or read.text("channel"),
        priority=folded.priority,
        owner=folded.owner or line("owner") or read.text("owner"),
        team=line("team") or read.text("team"),
        product=product,
        order_number=line("order_number") or read.text("order_number"),
        language=language,
        labels=read.labels(),
        extra=_extra(read, product),
        merged_into=folded.merged_into,
        problems=(),
        **_rarely_mapped(read),
    )
    if not (folded.unknown or read.problems):
        return complaint
    return replace(complaint, problems=(*(f"{UNMAPPED}{shown(word)}" for word in folded.unknown), *read.problems))


_RARE = frozenset({"stage", "outcome", "follows", "accepted_at"})


def _rarely_mapped(read: Reading) -> dict[str, Any]:
    if _RARE.isdisjoint(read.paths):
        return {}
    return {name: read.time(name) if name == "accepted_at" else read.text(name) for name in _RARE & read.paths.keys()}


def _prove_required(source: str, ticket: str, read: Reading) -> None:
    for name in sorted(read.mapping.required):
        if read.raw(name) in (None, "", [], {}):
            path, place = read.mapping.fields[name], read.mapping.place(f"fields.{name}")
            raise RecordError(
                f"{name} is required ({place}), and its field {path} is empty.",
                source=source,
                ticket=ticket,
                remedy=f"Fill {path} at the source, or take `required` out, then say `amends quarantine retry --all`.",
            )


def _extra(read: Reading, product: str | None) -> dict[str, JSON]:
    found = read.extra()
    products = read.mapping.products
    if products is not None and product is not None and PRODUCT_GROUP not in found:
        group = products.group_of(product)
        if group is not None:
            found[PRODUCT_GROUP] = group
    return found


def _complainant(source: str, ticket: str, read: Reading) -> Complainant:
    line = read.lines.get
    address = line("requester.address") or read.text("requester.address")
    verified = read.yes("requester.verified")
    source_id = line("requester.id") or read.text("requester.id")
    name = line("requester.name") or read.text("requester.name")
    return Complainant(
        key=_key(source, ticket, source_id, address, name, verified=verified),
        source_id=source_id,
        name=name,
        address=address,
        phone=line("requester.phone") or read.text("requester.phone"),
        verified=verified,
        language=read.language("requester.language"),
        time_zone=read.zone("requester.time_zone"),
        trust=read.text("requester.trust") if "requester.trust" in read.paths else None,
    )


def _key(
    source: str, ticket: str, source_id: str | None, address: str | None, name: str | None, *, verified: bool
) -> str:
    """What one identity is called. An account at the source is one; of a mailbox, each name that writes from it, since
    families and offices share them. A nameless person joins nothing."""
    ident = source_id or (address.strip().casefold() if address else "")
    if "@" not in ident or not verified:
        return f"{source}:{ident or f'ticket:{ticket}'}"
    return f"{source}:{ident.casefold()}/{' '.join(name.casefold().split()) if name else ''}"


def complaint_tag(complaint: Complaint, mapping: Mapping) -> Tag | None:
    """What the source itself says about "is it a complaint", by the mapping's rules; None where it says nothing."""
    if _says(complaint, mapping.not_complaint_labels, mapping.not_complaint_when):
        return _word(mapping.adapter, "no")
    if _says(complaint, mapping.complaint_labels, mapping.complaint_when):
        return _word(mapping.adapter, "yes")
    return None


@lru_cache(maxsize=64)  # each complaint has one of these
def _word(adapter: str, said: str) -> Tag:
    return Tag("complaint", said, 1.0, f"mapping:{adapter}")


def _says(complaint: Complaint, labels: frozenset[str], when: Condition | None) -> bool:
    if labels and not labels.isdisjoint(complaint.labels):
        return True
    return when is not None and when.holds(values_of(complaint, ()))
