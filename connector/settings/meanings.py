"""A mapping file becomes the frozen `Mapping` of the mapping room, with every doubt put at its line.

Called by `loading`, and by the mapping commands for a file that is being written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.condition import Condition, condition
from connector.errors import SettingsError
from connector.mapping import EXTRA, FIELDS, TABLED, Example, Mapping
from connector.settings.checking import shaped
from connector.settings.problems import Problems, one_of
from connector.settings.shapes import MappingExample, MappingFile
from connector.settings.yaml_file import Document

WRITABLE = ("status", "priority", "owner", "team", "product", "order_number", "language", "stage", "outcome")
SAID = ("complaint", "status", "priority", "problems", "requester.key", *FIELDS)


def mapping_of(document: Document | None, problems: Problems) -> Mapping | None:
    """The mapping that `document` holds, or None with the reasons among `problems`."""
    shape = shaped(document, MappingFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    _check_names(document, ("fields",), shape.fields, FIELDS, problems)
    _check_names(document, ("values",), shape.values, TABLED, problems)
    _check_names(document, ("write",), shape.write, WRITABLE, problems)
    _check_paths(document, shape, problems)
    _check_labels(document, shape, problems)
    examples = tuple(_example(index, one, document, problems) for index, one in enumerate(shape.examples))
    rule = shape.complaint
    mapping = Mapping(
        adapter=shape.adapter,
        fields=shape.fields,
        status=shape.status,
        priority=shape.priority,
        values=shape.values,
        complaint_labels=frozenset(rule.labels),
        not_complaint_labels=frozenset(rule.not_labels),
        complaint_when=compiled(rule.when, document, ("complaint", "when"), problems),
        not_complaint_when=compiled(rule.not_when, document, ("complaint", "not_when"), problems),
        write={name: line.to for name, line in shape.write.items()},
        write_values={name: line.values for name, line in shape.write.items() if line.values},
        examples=examples,
    )
    return mapping if len(problems) == before else None


def compiled(text: str | None, document: Document, path: Sequence[str | int], problems: Problems) -> Condition | None:
    """The condition at `path`, or None where there is none or it is wrong."""
    if text is None:
        return None
    try:
        return condition(text)
    except SettingsError as error:
        problems.add_error(document.place(path), error)
        return None


def _check_names(
    document: Document, path: tuple[str | int, ...], found: Iterable[str], known: Sequence[str], problems: Problems
) -> None:
    for name in found:
        own = name.startswith(EXTRA) and len(name) > len(EXTRA)
        if name not in known and not own:
            what = f"a complaint has no field {name!r} that can stand here"
            remedy = f"{one_of(name, list(known))} Fields of your own are called {EXTRA}<name>"
            problems.add(document.place((*path, name), key=True), what, remedy)


def _check_paths(document: Document, shape: MappingFile, problems: Problems) -> None:
    paths = [(("fields", name), path) for name, path in shape.fields.items()]
    paths += [(("write", name), line.to) for name, line in shape.write.items()]
    for place, path in paths:
        if path != path.strip() or not all(path.replace(":", ".").split(".")):
            problems.add(document.place(place), f"{path!r} is no field id", "write it as `discover` lists it")


def _check_labels(document: Document, shape: MappingFile, problems: Problems) -> None:
    both = sorted({*shape.complaint.labels} & {*shape.complaint.not_labels})
    if both:
        place = document.place(("complaint", "not_labels"))
        problems.add(place, f"{both[0]!r} says both yes and no", "take it out of one of the two lists")


def _example(index: int, shape: MappingExample, document: Document, problems: Problems) -> Example:
    path: tuple[str | int, ...] = ("examples", index)
    reads, writes = bool(shape.given and shape.expect), bool(shape.change and shape.writes)
    if not (reads or writes) or bool(shape.given) != bool(shape.expect) or bool(shape.change) != bool(shape.writes):
        what = "this example shows nothing"
        problems.add(document.place(path), what, "give it `given` and `expect`, or `change` and `writes`")
    _check_names(document, (*path, "expect"), shape.expect, SAID, problems)
    _check_names(document, (*path, "change"), shape.change, WRITABLE, problems)
    return Example(str(document.place(path)), shape.given, shape.expect, shape.change, shape.writes)
