"""`amends mapping discover`: the fields of a source with how they are used, for somebody who is about to map them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from connector.commands.mapping_live import Look, look
from connector.commands.place import Place
from connector.display import clean, count, table, wrapped
from connector.mapping import words
from connector.mapping.masking import shape
from connector.mapping.profiles import Profile
from connector.mapping.suggesting import recognised
from connector.settings import SourceSettings
from connector.timeline import status_name

MOST_NAMED = 30


class FieldFound(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field. `filled` is the share of the tickets looked at, None where none was; `samples` are masked where they
    may be personal. `mapped` is the complaint field that it is now, `likely` the one that it could be."""

    id: str
    title: str
    type: str
    filled: float | None = None
    distinct: int = 0
    samples: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    writable: bool | None = False
    many: bool = False
    required: bool = False
    where: tuple[str, ...] = ()
    mapped: str | None = None
    likely: str | None = None


class WordFound(msgspec.Struct, frozen=True):
    """A status or priority of the source, and what the mapping says of it."""

    id: str
    title: str
    ours: str | None


class Found(msgspec.Struct, frozen=True):
    """What an admin can map of one source, the most useful first, after a look at `read` tickets. Of people the name is
    only there by its shape: their ids are what a mapping needs."""

    source: str
    read: int
    fields: tuple[FieldFound, ...]
    statuses: tuple[WordFound, ...] = ()
    priorities: tuple[WordFound, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()


def discover(place: Place, names: Sequence[str], most: int) -> list[Found]:
    """Fields, statuses, groups and people of these sources. Raises AuthError, TemporaryError."""
    return [_found(source, look(place, source, most)) for source in place.chosen(names)]


def _found(source: SourceSettings, seen: Look) -> Found:
    mapping, discovery = source.mapping, seen.discovery
    mapped = {"status": "status", "priority": "priority"} | {path: ours for ours, path in mapping.fields.items()}
    fields = [_field(one, mapped.get(one.field.id)) for one in seen.used]
    known = words(mapping)
    return Found(
        source=source.name,
        read=len(seen.records),
        fields=tuple(sorted(fields, key=_usefulness)),
        statuses=tuple(WordFound(one, title, known.status_of(one)) for one, title in discovery.statuses),
        priorities=tuple(WordFound(one, title, mapping.priority.get(one)) for one, title in discovery.priorities),
        groups=discovery.groups,
        people=tuple((one, shape(name)) for one, name in discovery.people),
    )


def _field(one: Profile, mapped: str | None) -> FieldFound:
    field = one.field
    likely = None if mapped else recognised(one)
    return FieldFound(
        id=field.id,
        title=field.title,
        type=field.type,
        filled=round(one.share, 3) if one.read else None,
        distinct=one.distinct,
        samples=one.samples(),
        options=field.options,
        writable=field.writable,
        many=field.many,
        required=field.required,
        where=field.where,
        mapped=mapped,
        likely=likely[0] if likely else None,
    )


def _usefulness(one: FieldFound) -> tuple[int, bool, float, str]:
    """What is mapped, what could be, what is in use, what hardly ever, what never; within each the fullest first."""
    share = 1.0 if one.filled is None else one.filled
    group = 0 if one.mapped else 4 if not share else 3 if share < RARE else 1 if one.likely else 2
    return group, one.type in ("other", "sla"), -(one.filled or 0), one.id


# -- telling it --------------------------------------------------------------------------------------------------------

_GROUPS = ("mapped now", "worth mapping", "not mapped", "rarely filled", "empty")
RARE = 0.05


def discovered_lines(found: list[Found], columns: int) -> list[str]:
    """A screen or two, however many fields there are: those that hardly anybody fills are only named."""
    lines: list[str] = []
    for one in found:
        if lines:
            lines.append("")
        lines.append(f"{one.source}: {count(len(one.fields), 'field')}, as {count(one.read, 'live ticket')} use them")
        lines += _field_lines(one, columns)
        lines += _word_lines("status", one.statuses, columns)
        lines += _word_lines("priority", one.priorities, columns)
        lines += _pair_lines("groups", one.groups, columns)
        lines += _pair_lines("people", one.people, columns)
    return lines


def _field_lines(found: Found, columns: int) -> Iterator[str]:
    for number, title in enumerate(_GROUPS):
        group = [one for one in found.fields if _usefulness(one)[0] == number]
        if not group:
            continue
        yield ""
        yield f"{title} ({len(group)})"
        if number >= _GROUPS.index("rarely filled"):
            named = ", ".join(f"{clean(one.title)} ({clean(one.id)})" for one in group)
            yield from wrapped(named, columns - 2, "  ")
        else:
            # Where every field is everywhere, nobody needs to be told so in each line.
            where = any(one.where for one in found.fields)
            head = (
                "FIELD",
                "TITLE",
                "TYPE",
                "FILLED",
                "VALUES",
                "WRITE",
                "OURS",
                "LIKE",
                *(("WHERE",) if where else ()),
            )
            rows = (_row(one)[: len(head)] for one in group)
            yield from (f"  {line}" for line in table(head, rows, columns - 2))


def _row(one: FieldFound) -> tuple[str, ...]:
    kind = f"{one.type} of {len(one.options)}" if one.options else one.type
    write = "?" if one.writable is None else ("adds" if one.many else "sets") if one.writable else "no"
    return (
        one.id,
        one.title,
        kind,
        "?" if one.filled is None else f"{one.filled:.0%}",
        str(one.distinct),
        write,
        one.mapped or (f"{one.likely}?" if one.likely else "-"),
        ", ".join(one.samples) or "-",
        ", ".join(one.where) or "everywhere",
    )


def _word_lines(kind: str, found: Sequence[WordFound], columns: int) -> Iterator[str]:
    """One row for a name that means the same in several projects."""
    if not found:
        return
    rows: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        name = status_name(one.id)
        rows.setdefault((name, one.title, one.ours or "no line yet"), []).append(one.id.removesuffix(name).rstrip("/"))
    scoped = any(where for each in rows.values() for where in each)
    head = (kind.upper(), "TITLE", "OURS", *(("WHERE",) if scoped else ()))
    yield ""
    yield from table(head, [(*row, *((", ".join(each),) if scoped else ())) for row, each in rows.items()], columns)


def _pair_lines(kind: str, pairs: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    if pairs:
        yield ""
        yield from table((kind.upper(), "TITLE"), pairs[:MOST_NAMED], columns)
        if len(pairs) > MOST_NAMED:
            yield f"and {len(pairs) - MOST_NAMED:,} more (--json names all)"
