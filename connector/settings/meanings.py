"""A mapping file becomes the frozen `Mapping` of the mapping room, with every doubt put at its line.

Called by `loading`, and by the mapping commands for a file that is being written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector.condition import Condition, condition
from connector.errors import SettingsError
from connector.gratitude import Thanks
from connector.mapping import EXTRA, FIELDS, TABLED, Example, Mapping, Products
from connector.mapping.rules import DEFAULTED, FACET, FLAG, SURVEY, SURVEY_LINK, TAGS
from connector.model import JSON, FlagKind
from connector.settings.checking import shaped
from connector.settings.problems import Problems, one_of
from connector.settings.shapes.mapping import FieldLine, MappingExample, MappingFile
from connector.settings.yaml_file import Document

WRITABLE = ("status", "priority", "owner", "team", "product", "order_number", "language", "stage", "outcome")
SAID = ("complaint", "status", "priority", "problems", "requester.key", *FIELDS)


def mapping_of(
    document: Document | None,
    problems: Problems,
    *,
    products: Products | None = None,
    facets: Sequence[str] | None = None,
    thanks: Thanks | None = None,
) -> Mapping | None:
    """The mapping that `document` holds, or None with the reasons among `problems`. `products` is the company's tree;
    `facets` are those that a tag may have, None where the taxonomy is not known; `thanks` are the words of
    messages that say nothing else."""
    shape = shaped(document, MappingFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    _check(document, shape, facets, problems)
    examples = tuple(_example(index, one, document, problems) for index, one in enumerate(shape.examples))
    rule = shape.complaint
    read = {name: line for name, line in shape.fields.items() if line.direction != "write"}
    mapping = Mapping(
        adapter=shape.adapter,
        fields={name: line.source for name, line in read.items()},
        status=shape.status,
        priority=shape.priority,
        values=shape.values | {name: line.values for name, line in read.items() if line.values},
        complaint_labels=frozenset(rule.labels),
        not_complaint_labels=frozenset(rule.not_labels),
        complaint_when=compiled(rule.when, document, ("complaint", "when"), problems),
        not_complaint_when=compiled(rule.not_when, document, ("complaint", "not_when"), problems),
        write=_written(shape) | {name: line.to for name, line in shape.write.items()},
        write_values=_written_values(shape) | {name: line.values for name, line in shape.write.items() if line.values},
        examples=examples,
        types={name: line.type for name, line in read.items() if line.type},
        defaults={name: line.default for name, line in read.items() if line.default is not None},
        required=frozenset(name for name, line in read.items() if line.required),
        products=products,
        thanks=thanks,
        file=document.name,
        places=dict(_places(document, shape)),
    )
    return mapping if len(problems) == before else None


def _check(document: Document, shape: MappingFile, facets: Sequence[str] | None, problems: Problems) -> None:
    _check_names(document, ("fields",), shape.fields, FIELDS, problems)
    _check_names(document, ("values",), shape.values, TABLED, problems)
    _check_names(document, ("write",), shape.write, _targets(shape, facets), problems)
    _check_paths(document, shape, problems)
    _check_lines(document, shape, problems)
    _check_labels(document, shape, problems)


def _written(shape: MappingFile) -> dict[str, str]:
    return {name: line.source for name, line in shape.fields.items() if line.direction != "read"}


def _written_values(shape: MappingFile) -> dict[str, dict[str, JSON]]:
    """Of the source's values that mean the same to us, the first one is written."""
    tables: dict[str, dict[str, JSON]] = {}
    for name in _written(shape):
        for theirs, ours in (shape.fields[name].values or shape.values.get(name, {})).items():
            tables.setdefault(name, {}).setdefault(ours, theirs)
    return tables


def _places(document: Document, shape: MappingFile) -> Iterator[tuple[str, str]]:
    for section in ("status", "priority", "fields", "write", "values"):
        yield section, str(document.place((section,), key=True))
    for section in ("fields", "write", "values"):
        for name in getattr(shape, section):
            yield f"{section}.{name}", str(document.place((section, name), key=True))
    for name in _written(shape):
        yield f"write.{name}", str(document.place(("fields", name), key=True))


def _targets(shape: MappingFile, facets: Sequence[str] | None) -> tuple[str, ...]:
    """What may stand under `write`. Where no taxonomy is known, any facet may."""
    known = [f"{FACET}{facet}" for facet in facets] if facets is not None else []
    any_facet = [name for name in shape.write if name.startswith(FACET)] if facets is None else []
    return (*WRITABLE, TAGS, SURVEY, SURVEY_LINK, *known, *any_facet, *(f"{FLAG}{kind}" for kind in FlagKind))


def _check_lines(document: Document, shape: MappingFile, problems: Problems) -> None:
    for name, line in shape.fields.items():
        for what, remedy in _doubts(name, line, shape):
            problems.add(document.place(("fields", name)), what, remedy)


def _doubts(name: str, line: FieldLine, shape: MappingFile) -> Iterator[tuple[str, str]]:
    """What cannot be in a line for a field: (what is wrong, what to do)."""
    own = name.startswith(EXTRA)
    if line.values and name in shape.values:
        yield f"{name} has a table here and another one under `values`", "keep one of them"
    if line.values and not own and name not in TABLED:
        yield f"{name} takes no table", f"only these do: {', '.join(TABLED)} and fields called {EXTRA}<name>"
    if line.default is not None and not own and name not in DEFAULTED:
        yield f"{name} takes no default", f"only these do: {', '.join(DEFAULTED)} and fields called {EXTRA}<name>"
    if line.default is not None and line.required:
        yield f"{name} is required and has a default, so it can never be missing", "keep one of the two"
    if line.direction == "write" and (line.required or line.default is not None):
        yield f"{name} is only written", "take out `required` and `default`, or write `direction: both`"
    if line.direction != "read" and not own and name not in WRITABLE:
        yield f"{name} cannot be written", f"only these can: {', '.join(WRITABLE)} and fields called {EXTRA}<name>"
    if line.direction != "read" and name in shape.write:
        yield f"{name} is written here and under `write`", "keep one of them"


def compiled(
    text: str | None, document: Document, path: Sequence[str | int], problems: Problems, *, of_policy: bool = False
) -> Condition | None:
    """The condition at `path`, or None where there is none or it is wrong. `of_policy`: see `condition`."""
    if text is None:
        return None
    try:
        return condition(text, of_policy=of_policy)
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
    paths = [(("fields", name), line.source) for name, line in shape.fields.items()]
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
