"""`amends tag text`: what Amends makes of texts in a file, without a helpdesk or a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from connector.commands.collector import spare_the_collector
from connector.commands.progress import Progress
from connector.commands.tag_files import Line, Mistake, lines_of
from connector.display import clean, cut
from connector.model import JSON, Amount, Complainant, Complaint, Status, Tag
from connector.settings import load_tagging
from connector.settings.models import read_model, read_models
from connector.tagging import Asked, Tagger
from connector.tagging.book import LANGUAGE, UNKNOWN

BATCH = 256
SINGLE = ("category", "root_cause", "severity", "sentiment", "product")
SEVERAL = {"remedies": "remedy", "emergency": "emergency"}
ANSWER = {"yes": "complaint", "no": "enquiry", "unsure": None}
NOBODY = "nobody"


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer. `value` is null for unsure; `evidence` holds half-open ranges of characters (code points) of "text",
    `subject` those of "subject"; `by` is a rule, a model with its version, or what was given."""

    value: str | None
    confidence: float
    evidence: list[tuple[int, int]]
    by: str
    subject: list[tuple[int, int]] = []
    amount: Amount | None = None


def tagger_for(home: Path | None, model: Path | None) -> Tagger:
    """The tagger of a folder (as shipped, where there is none), with the model of another folder on top."""
    settings, files = load_tagging(home)
    on_top = read_model(model) if model is not None else None
    return Tagger(settings, read_models(files), as_trained=on_top, late=True)


def tag_text(
    home: Path | None,
    file: str,
    *,
    model: Path | None,
    as_json: bool,
    columns: int | None,
    put: Callable[[str], None],
    complain: Callable[[str], None],
) -> int:
    """Print a line for each line of the file, in order; for a person no wider than `columns`. Returns 1 where a line
    could not be used, else 0."""
    tagger = tagger_for(home, model)
    spare_the_collector()
    extra = _extra_facets(tagger)
    code = 0
    done = 0
    with Progress("tagging", "texts") as tell:
        for batch in _batches(lines_of([file])):
            good = [one for one in batch if isinstance(one, Line)]
            for one in batch:
                if isinstance(one, Mistake):
                    complain(str(one))
                    code = 1
            said = tagger.tags_of([Asked(_complaint(one)) for one in good])
            rows = [row_of(one, tags, extra) for one, tags in zip(good, said, strict=True)]
            if rows:
                put("\n".join(_json(row) if as_json else _plain(row, columns) for row in rows) + "\n")
            done += len(batch)
            tell(done)
    return code


def _batches(lines: Iterator[Line | Mistake]) -> Iterator[list[Line | Mistake]]:
    """As many lines as are worth reading together; from a person who types, each at once."""
    batch: list[Line | Mistake] = []
    most = 1 if sys.stdin.isatty() else BATCH
    for one in lines:
        batch.append(one)
        if len(batch) >= most:
            yield batch
            batch = []
    if batch:
        yield batch


def _complaint(line: Line) -> Complaint:
    from connector.tagging.check import SOME_DAY

    return Complaint(
        source="text",
        ticket=str(line.line),
        version=0,
        subject=str(line.value.get("subject") or ""),
        text=line.text,
        complainant=Complainant(key="text:1"),
        status=Status.NEW,
        opened_at=SOME_DAY,
        updated_at=SOME_DAY,
        language=line.language,
    )


def _extra_facets(tagger: Tagger) -> tuple[str, ...]:
    known = {"complaint", LANGUAGE, *SINGLE, *SEVERAL.values()}
    return tuple(name for name in tagger.reader.facets if name not in known)


def row_of(line: Line, tags: Sequence[Tag], extra: Sequence[str] = ()) -> dict[str, JSON]:
    """What is printed for one text."""
    by_facet: dict[str, list[Told]] = {}
    for tag in tags:
        by_facet.setdefault(tag.facet, []).append(_told(tag))
    row: dict[str, JSON] = {"id": line.value.get("id"), "language": _one(by_facet, LANGUAGE)}
    row["is_complaint"] = _one(by_facet, "complaint")
    for name in SINGLE:
        row[name] = _one(by_facet, name)
    for key, facet in SEVERAL.items():
        row[key] = by_facet.get(facet, [])
    for name in extra:
        row[name] = _one(by_facet, name)
    return row


def _one(by_facet: dict[str, list[Told]], facet: str) -> Told:
    found = by_facet.get(facet)
    return found[0] if found else Told(None, 0.0, [], NOBODY)


def _told(tag: Tag) -> Told:
    value: str | None = tag.value
    if tag.facet == "complaint":
        value = ANSWER.get(tag.value, tag.value)
    elif tag.facet == LANGUAGE and tag.value == UNKNOWN:
        value = None
    places: dict[str, list[tuple[int, int]]] = {"text": [], "subject": []}
    for span in tag.evidence:
        places.setdefault(span.field, []).append((span.start, span.end))
    return Told(value, tag.confidence, places["text"], tag.author, places["subject"], tag.amount)


def _json(row: dict[str, JSON]) -> str:
    try:
        return msgspec.json.encode(row).decode()
    except (UnicodeEncodeError, msgspec.MsgspecError):
        # A name with half of a surrogate pair goes back as it came.
        return json.dumps(msgspec.to_builtins(row), separators=(",", ":"))


def _plain(row: dict[str, JSON], columns: int | None) -> str:
    said = []
    # What cannot wait is never the part that finds no room.
    for key, told in sorted(row.items(), key=lambda one: one[0] != "emergency"):
        listed = told if isinstance(told, list) else (told,)
        given = [one for one in listed if isinstance(one, Told) and one.value is not None]
        said += [f"{key}: {one.value} ({one.confidence:.0%})" for one in given]
    line = clean(f"{row['id']}  {', '.join(said) or 'nothing could be told'}")
    return line if columns is None else cut(line, columns)
