"""`amends tag train`: a model for one question, from labelled texts; and `tag models`, `tag rollback`.

With `--model DIR` it is made from the named files alone and written there. Without, it is made from what agents said
here, the named files and the shipped examples, compared with the live one, and goes live if it is no worse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.commands.tag_evaluate import labelled_in, measure
from connector.commands.tag_text import tagger_for
from connector.display import count, cut, table
from connector.errors import AmendsError, SettingsError, StoreError
from connector.settings import load_tagging
from connector.settings.examples import shipped_examples
from connector.settings.models import (
    MODEL,
    REPORT,
    Version,
    go_live,
    keep,
    next_folder,
    read_models,
    versions,
)
from connector.store import labels
from connector.tagging import Tagger
from connector.tagging.book import LANGUAGE, Facet
from connector.tagging.extras import METHODS, PLAIN, prove_installed
from connector.tagging.judging import Held
from connector.tagging.labelled import Labelled, Task, facet_called, task_for
from connector.tagging.material import material
from connector.tagging.measuring import Answer, Measured, measured, measured_sets
from connector.tagging.model_file import packed, unpacked
from connector.tagging.training import learn

# Fewer labels than this, of all or of a value, are an accident and no rule.
FEWEST = 20
# On fewer texts that neither model has seen, a comparison is a throw of dice.
FEWEST_COMPARED = 10


class Report(msgspec.Struct, frozen=True):
    """A version and how good it is: `held` on texts that it did not learn from, all of them; `own` on those of this
    installation alone, `live` the live model on the same. `drift` is the share of these that the two answer
    differently. `refused` says why it did not go live, `learnt` names the texts (SHA-256, shortened)."""

    facet: str
    version: str
    folder: str | None
    live: bool
    dry_run: bool
    examples: int
    own_examples: int
    classes: dict[str, int]
    thin: tuple[str, ...]
    held: Measured
    own: Measured | None = None
    was: Measured | None = None
    compared: int = 0
    drift: float | None = None
    refused: tuple[str, ...] = ()
    skipped: int = 0
    learnt: tuple[str, ...] = ()
    method: str = PLAIN

    @property
    def exit_code(self) -> int:
        """1 where it was refused, or lines could not be used."""
        return 1 if self.refused or self.skipped else 0


def train(
    place: Place,
    files: Sequence[str],
    facet: str,
    *,
    model: Path | None,
    method: str = PLAIN,
    dry_run: bool,
    complain: Callable[[str], None],
) -> Report:
    """Train one facet by a method. Raises AmendsError where there is nothing to learn, or the method cannot be used."""
    facet = facet_called(facet)
    _prove(method, facet)
    settings, found = load_tagging(place.named)
    tagger = Tagger(settings, read_models(found))
    known = settings.taxonomy.facets.get(facet) if facet == LANGUAGE else tagger.reader.facets.get(facet)
    if model is None and known is None:
        raise AmendsError(
            f"the taxonomy has no facet {facet!r}, so nobody would hear a model of it.",
            remedy="Add it to taxonomy.yaml, or name a folder in --model.",
        )
    examples, skipped = labelled_in(files, facet, complain, known if model is None else None)
    if model is None and known is not None:
        others = (one for one in shipped_examples() if facet in one.labels)
        said = _said_here(place, facet)
        examples = [*_named(said, facet, known), *examples, *_named(others, facet, known)]
    task = task_for(facet, examples, tagger.reader.facets)
    if len(task.values) < (1 if task.several else 2):
        raise AmendsError(
            f"there is nothing to learn about {facet!r}: {count(len(examples), 'text')} with"
            f" {count(len(task.values), 'label')}.",
            remedy='Name files with {"text": …, "label": …} on each line, or correct some tags first.',
        )
    with Progress(f"{facet}: reading", "texts") as tell:
        stuff = material(examples, tagger.reader, lambda _what, done, of: tell(done, of), method=method)
    with Progress(f"{facet}: learning", "steps") as tell:
        made, held = learn(stuff, [task], tell=lambda _what, done, of: tell(done, of))
    content = packed(made)
    report = _report(task, examples, held[facet], unpacked(content).version, skipped, dry_run)
    report = msgspec.structs.replace(report, method=method)
    if model is not None:
        if not dry_run:
            keep(model, content, _bytes(report))
        return msgspec.structs.replace(report, folder=str(model))
    return _judged(place, tagger, task, examples, held[facet], report, content)


def _named(examples: Iterable[Labelled], name: str, facet: Facet) -> Iterator[Labelled]:
    """The examples with the values that the taxonomy has, as it calls them. What it has no more is left out."""
    for one in examples:
        said = one.labels[name]
        called = facet.meant if one.own else facet.named
        values = tuple(ours for value in said if (ours := called(value)) is not None)
        if values or not said:
            yield msgspec.structs.replace(one, labels={**one.labels, name: values})


def _prove(method: str, facet: str) -> None:
    if method not in METHODS:
        raise AmendsError(f"there is no method {method!r}.", remedy=f"Name one of {', '.join(METHODS)}.")
    if method != PLAIN and facet == LANGUAGE:
        raise AmendsError(
            f"the language is not told by the method {method!r}.", remedy="Leave --method out: the plain one is for it."
        )
    prove_installed(method, f"the method {method!r}")


def _said_here(place: Place, facet: str) -> list[Labelled]:
    try:
        with place.store() as store, store.read() as connection:
            return [
                Labelled(one.text, {facet: one.values}, one.language, one.subject, own=True)
                for one in labels.of_facet(connection, facet)
            ]
    except StoreError:
        return []


def _report(task: Task, examples: Sequence[Labelled], held: Held, version: str, skipped: int, dry_run: bool) -> Report:
    counts = Counter(value for one in examples for value in one.labels.get(task.facet, ()))
    own = [one for one in examples if one.own]
    return Report(
        facet=task.facet,
        version=version,
        folder=None,
        live=False,
        dry_run=dry_run,
        examples=len(examples),
        own_examples=len(own),
        classes={value: counts[value] for value in task.values},
        thin=tuple(value for value in task.values if counts[value] < FEWEST),
        held=_measured(task, held, range(len(held.chosen))),
        skipped=skipped,
        learnt=tuple(sorted({_name(one.text) for one in own})),
    )


def _measured(task: Task, held: Held, rows: Sequence[int]) -> Measured:
    if task.several:
        right = [frozenset(task.values[at] for at in held.right[row].nonzero()[0]) for row in rows]
        found = [
            frozenset(v for v, p, least in zip(task.values, held.chances[row], held.least, strict=True) if p >= least)
            for row in rows
        ]
        return measured_sets(right, found)
    truth = [task.values[int(held.right[row].argmax())] for row in rows]
    return measured(truth, [_answer(task, held, row) for row in rows])


def _answer(task: Task, held: Held, row: int) -> Answer:
    best = int(held.chances[row].argmax())
    chance = float(held.chances[row][best])
    return Answer(task.values[best], chance, chance >= held.least[best])


def _judged(
    place: Place,
    tagger: Tagger,
    task: Task,
    examples: Sequence[Labelled],
    held: Held,
    report: Report,
    content: bytes,
) -> Report:
    """Compare with what is live, on texts of this installation that neither has learnt from, and go live or say why
    not."""
    seen = set(_live_report(place.home, task.facet).learnt) if _live_version(place.home, task.facet) else set()
    rows = [
        row
        for row, number in enumerate(held.chosen.tolist())
        if examples[number].own and _name(examples[number].text) not in seen
    ]
    if len(rows) < FEWEST_COMPARED:
        rows = [row for row, number in enumerate(held.chosen.tolist()) if examples[number].own]
    refused = [f"only {report.own_examples} labels are from here, fewer than {FEWEST}"] if (
        report.own_examples < FEWEST
    ) else []  # fmt: skip
    refused += [f"only {report.classes[value]} examples say {value}, fewer than {FEWEST}" for value in report.thin]
    own, was, drift = None, None, None
    if rows:
        ours = [examples[int(held.chosen[row])] for row in rows]
        own, was = _measured(task, held, rows), measure(tagger, task.facet, ours)
        drift = _drift(tagger, task, ours, held, rows)
        if _figure(own) < _figure(was):
            refused.append(f"it is worse than what is live: {_figure(own):.3f} after {_figure(was):.3f}")
    report = msgspec.structs.replace(
        report, own=own, was=was, drift=drift, compared=len(rows), refused=tuple(refused), live=not refused
    )
    if report.dry_run:
        return msgspec.structs.replace(report, live=False)
    folder = next_folder(place.home, task.facet)
    report = msgspec.structs.replace(report, folder=str(folder))
    keep(folder, content, _bytes(report))
    if report.live:
        go_live(place.home, task.facet, int(folder.name))
    return report


def _figure(found: Measured) -> float:
    return found.macro_f1 if found.micro_f1 is None else found.micro_f1


def _drift(tagger: Tagger, task: Task, ours: Sequence[Labelled], held: Held, rows: Sequence[int]) -> float:
    from connector.tagging.reading import Message

    messages = [Message(one.subject, one.text, one.language) for one in ours]
    if task.several:
        was: list[object] = list(tagger.sets(messages, task.facet))
        now: list[object] = [
            frozenset(v for v, p, least in zip(task.values, held.chances[row], held.least, strict=True) if p >= least)
            for row in rows
        ]
    else:
        was = [one.value for one in tagger.best(messages, task.facet)]
        now = [_answer(task, held, row).value for row in rows]
    return round(sum(one != other for one, other in zip(was, now, strict=True)) / len(rows), 4)


def _name(text: str) -> str:
    return sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:16]


def _bytes(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def _live_version(home: Path, facet: str) -> Version | None:
    return next((one for one in versions(home, facet) if one.live), None)


def _live_report(home: Path, facet: str) -> Report:
    live = _live_version(home, facet)
    assert live is not None, "the caller looked"
    return report_of(live)


def report_of(version: Version) -> Report:
    """What was found out about a version when it was trained. Raises SettingsError where that is not there."""
    try:
        return msgspec.json.decode((version.folder / REPORT).read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError):
        raise SettingsError(
            f"{version.folder / REPORT} cannot be read.", remedy=f"Remove {version.folder}, and train again."
        ) from None


class Kept(msgspec.Struct, frozen=True):
    """A version in a listing."""

    facet: str
    number: int
    live: bool
    version: str
    examples: int
    own_examples: int
    macro_f1: float
    folder: str
    method: str = PLAIN


def models(place: Place) -> list[Kept]:
    """The versions that were trained here."""
    found = []
    for one in versions(place.home):
        told = report_of(one)
        found.append(
            Kept(
                one.facet,
                one.number,
                one.live,
                told.version,
                told.examples,
                told.own_examples,
                told.held.macro_f1,
                str(one.folder / MODEL),
                told.method,
            )
        )
    return found


class Rolled(msgspec.Struct, frozen=True):
    """Which version is in force now, and which was before; None is the one that ships."""

    facet: str
    before: int | None
    now: int | None
    dry_run: bool


def rollback(place: Place, facet: str, number: int | None, *, shipped: bool, dry_run: bool) -> Rolled:
    """Put another version of a facet's model in force: `number`, else the one before the live one, else the shipped.

    Raises SettingsError where there is no such version, where two are named, or nothing was trained here.
    """
    if number is not None and shipped:
        raise SettingsError("--to and --shipped name two models.", remedy="Leave one of them out.")
    facet = facet_called(facet)
    kept = [one.number for one in versions(place.home, facet)]
    live = _live_version(place.home, facet)
    before = live.number if live else None
    if number is not None and number not in kept:
        raise SettingsError(
            f"there is no version {number} of the model for {facet}.",
            remedy=f"There are: {', '.join(map(str, kept)) or 'none'}. See `amends tag models`.",
        )
    if number is None and not shipped:
        if before is None:
            raise SettingsError(
                f"no model of {facet} that was trained here is live.", remedy="See `amends tag models`."
            )
        number = max((one for one in kept if one < before), default=None)
    now = None if shipped else number
    if not dry_run:
        go_live(place.home, facet, now)
    return Rolled(facet, before, now, dry_run)


def trained_lines(told: Report, columns: int) -> list[str]:
    """How good it is, against what is live, and what became of it."""
    found = told.held
    lines = [
        f"{told.facet}: learnt from {count(told.examples, 'text')}, {told.own_examples:,} of them from here"
        + (f", by the method {told.method}" if told.method != PLAIN else ""),
        f"  on texts it had not seen: macro-F1 {found.macro_f1:.3f}, right {found.accuracy:.1%}",
    ]
    lines += [f"  at precision {wish}: {share:.1%} of the texts" for wish, share in found.coverage.items()]
    if told.own is not None and told.was is not None:
        lines.append(
            f"  on {count(told.compared, 'text')} from here: {_figure(told.own):.3f}, and {_figure(told.was):.3f} by"
            f" what is live; {told.drift or 0:.1%} are answered differently"
        )
    rows = [
        (value, f"{number:,}", *(f"{part:.3f}" for part in (one.precision, one.recall, one.f1)))
        for value, number in told.classes.items()
        if (one := found.per_class.get(value)) is not None
    ]
    lines += table(("value", "examples", "precision", "recall", "F1"), rows, columns)
    if told.refused:
        lines.append("It does not go live:")
        lines += [f"  {why}" for why in told.refused]
    elif told.dry_run:
        lines.append("Nothing was written.")
    elif told.live:
        lines.append("It is live; a daemon takes it up when it reads its settings again (SIGHUP).")
        lines.append("To tag what is stored by it: `amends mapping backfill --dry-run`, then without.")
    if told.folder and not told.dry_run:
        lines.append(f"Kept in {told.folder}.")
    if told.skipped:
        lines.append(f"{told.skipped:,} lines could not be used.")
    return [cut(line, columns) for line in lines]


def models_lines(told: Sequence[Kept], columns: int) -> list[str]:
    """A line for each version."""
    if not told:
        return ["No model was trained here: the one that ships decides."]
    rows = [
        (
            one.facet,
            str(one.number),
            "live" if one.live else "",
            one.version,
            f"{one.examples:,}",
            f"{one.own_examples:,}",
            f"{one.macro_f1:.3f}",
            one.method,
        )
        for one in told
    ]
    return table(("facet", "number", "", "version", "examples", "from here", "macro-F1", "method"), rows, columns)


def rolled_lines(told: Rolled, columns: int) -> list[str]:
    """What is in force."""
    now = "the shipped model" if told.now is None else f"version {told.now}"
    if told.now == told.before:
        return [cut(f"{told.facet}: {now} was live already.", columns)]
    verb = "would be" if told.dry_run else "is"
    return [cut(f"{told.facet}: {now} {verb} live.", columns)]


__all__ = [
    "Report",
    "models",
    "models_lines",
    "rollback",
    "rolled_lines",
    "tagger_for",
    "train",
    "trained_lines",
]
