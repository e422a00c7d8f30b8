"""`amends check`: the files, their own examples, and every source, as far as can be known without writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from connector.adapter import Discovery, Identity, find_adapter
from connector.clocks.promises.book import Book
from connector.clocks.promises.check import check as check_promises
from connector.clocks.promises.check import number_of_examples as number_of_promises
from connector.commands.check_corrections import refusals
from connector.commands.mapping_check import unplaced
from connector.commands.mapping_live import opened
from connector.commands.place import Place
from connector.credentials import SourceCredentials
from connector.display import clean, count, wrapped
from connector.errors import AmendsError, AuthError, SettingsError, StoreError, TemporaryError
from connector.gratitude import ThanksBook, broken_examples
from connector.mapping import Mapping, check_examples
from connector.mapping.fitting import doubts, misfits
from connector.model import ActionKind, Mode
from connector.notify import ADAPTER, broken_addresses
from connector.people.check import check as check_people
from connector.policy.telling import CONTACTS
from connector.settings import schema_files
from connector.settings.letters import load_letters
from connector.settings.loading import Settings
from connector.settings.models import read_models
from connector.settings.sources import SourceSettings
from connector.store import tallies
from connector.tagging.check import check as check_tagging
from connector.trends.budget import Budget, budget
from connector.trends.life import day_number

_WORST = (SettingsError.exit_code, AuthError.exit_code, TemporaryError.exit_code, 1)


class SourceChecked(msgspec.Struct, frozen=True):
    """What a source answered. `error` is why it did not, `contacted` whether it was asked at all; `missing` rights stop
    something, `warnings` will one day."""

    source: str
    adapter: str
    contacted: bool
    account: str | None = None
    name: str | None = None
    may: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    exit_code: int = 0


class Checked(msgspec.Struct, frozen=True):
    """`problems` are examples that do not hold; settings that cannot be loaded are raised instead. `trends` says how
    many false alarms the views of trends.yaml cost; None before anything is stored."""

    home: str
    examples: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    sources: tuple[SourceChecked, ...]
    trends: Budget | None = None

    @property
    def exit_code(self) -> int:
        codes = {one.exit_code for one in self.sources} | {1 if self.problems else 0}
        return next((code for code in _WORST if code in codes), 0)


def check(place: Place, *, offline: bool) -> Checked:
    """Raises SettingsFilesError with every mistake in the folder, SettingsError for a model that cannot be read."""
    settings = place.settings
    read_models(settings.models)
    load_letters(place.named)
    return Checked(
        home=str(place.home),
        examples=_number_of_examples(settings),
        problems=tuple(_broken_examples(settings)),
        warnings=(*settings.warnings, *_old_schemas(place), *_values(place), *_modes(settings)),
        sources=(
            *(_source(place, one, offline=offline) for one in settings.sources.values()),
            *_people(settings, offline=offline),
        ),
        trends=_false_alarms(place),
    )


def _people(settings: Settings, *, offline: bool) -> Iterator[SourceChecked]:
    """Whether there is an address behind each reference. Nobody is told anything."""
    contacts = settings.policy.contacts
    if not contacts.people:
        return
    missing = () if offline else tuple(broken_addresses(contacts))
    yield SourceChecked(
        CONTACTS,
        ADAPTER,
        contacted=not offline,
        name=count(len(contacts.people), "contact"),
        missing=missing,
        exit_code=1 if missing else 0,
    )


def _false_alarms(place: Place) -> Budget | None:
    """Counted over the groups that the complaints of the last weeks fall into."""
    settings = place.settings.trends
    try:
        with place.store() as store, store.read() as connection:
            since = day_number(settings.day(place.now())) - settings.memory_days
            return budget(tallies.cells_since(connection, since), settings)
    except StoreError:
        return None


def _number_of_examples(settings: Settings) -> int:
    phrases = sum(len(book.examples.match) + len(book.examples.miss) for book in settings.tagging.books)
    phrases += number_of_promises(_books(settings)) + len(settings.people.examples)
    phrases += sum(len(book.examples.match) + len(book.examples.miss) for book in _thanks(settings))
    return phrases + sum(len(mapping.examples) for mapping in _mappings(settings).values())


def _mappings(settings: Settings) -> dict[int, Mapping]:
    return {id(source.mapping): source.mapping for source in settings.sources.values()}


def _broken_examples(settings: Settings) -> Iterator[str]:
    for mapping in _mappings(settings).values():
        yield from check_examples(mapping)
    yield from check_tagging(settings.tagging)
    yield from check_promises(_books(settings))
    yield from broken_examples(_thanks(settings))
    yield from check_people(settings.people.examples, settings.people.identifying)


def _books(settings: Settings) -> tuple[Book, ...]:
    promising = settings.sla.promising
    return promising.finder.books if promising is not None and promising.finder is not None else ()


def _thanks(settings: Settings) -> tuple[ThanksBook, ...]:
    found = next((one.thanks for one in _mappings(settings).values() if one.thanks is not None), None)
    return found.books if found is not None else ()


def _modes(settings: Settings) -> Iterator[str]:
    for source in settings.sources.values():
        if all(source.modes.get(kind, Mode.SHADOW) is Mode.SHADOW for kind in ActionKind):
            yield f"{source.name}: every write is in shadow mode, so nothing is sent. That is right for the first days."


def _old_schemas(place: Place) -> Iterator[str]:
    """Editors would complain about what is right by now, and keep quiet about what is not."""
    for name, text in schema_files().items():
        path = place.home / name
        if path.exists() and path.read_text(encoding="utf-8") != text:
            yield f"{path.parent} is of another version of Amends; `amends mapping schemas` writes it again."
            return


def _values(place: Place) -> Iterator[str]:
    for source in place.settings.sources.values():
        found = unplaced(place, source.name)
        if found:
            tickets = sum(one.count for one in found)
            yield (
                f"{source.name}: {count(len(found), 'stored value')} without a line in the mapping, "
                f"{count(tickets, 'time')} in all; see `amends mapping check {source.name}`."
            )


def _source(place: Place, source: SourceSettings, *, offline: bool) -> SourceChecked:
    if offline:
        return SourceChecked(source.name, source.adapter, contacted=False)
    try:
        with opened(place, source) as adapter:
            identity, discovery = adapter.check(), adapter.discover()
            refused = tuple(refusals(place, source, adapter))
    except AmendsError as error:
        reached = _has_secrets(place, source)
        return SourceChecked(source.name, source.adapter, reached, error=str(error), exit_code=error.exit_code)
    return _answered(source, identity, discovery, refused)


def _has_secrets(place: Place, source: SourceSettings) -> bool:
    """Whether all secrets that the way to log in needs are there; without them, nobody is contacted."""
    needed = getattr(find_adapter(source.adapter), "secrets", {}).get(getattr(source.options, "auth", None), ())
    try:
        SourceCredentials(source.name, source.secrets, place.home / "tokens" / f"{source.name}.json").current()
    except SettingsError:
        return False
    return set(needed) <= source.secrets.keys()


def _answered(
    source: SourceSettings, identity: Identity, discovery: Discovery, refused: tuple[str, ...]
) -> SourceChecked:
    misfitting = (*map(str, misfits(source.mapping, discovery)), *refused)
    doubtful = tuple(map(str, doubts(source.mapping, discovery)))
    return SourceChecked(
        source.name,
        source.adapter,
        contacted=True,
        account=identity.account,
        name=identity.name,
        may=identity.may,
        missing=identity.missing,
        warnings=(*identity.warnings, *misfitting, *doubtful),
        exit_code=int(bool(identity.missing or misfitting)),
    )


# -- telling it ------------------------------------------------------------------------------------------------------


def checked_lines(told: Checked, columns: int) -> list[str]:
    lines = [f"settings    {told.home}: all files are sound"]
    broken = len(told.problems)
    held = f"{broken} {'does' if broken == 1 else 'do'} not hold" if broken else "all hold"
    lines.append(f"examples    {count(told.examples, 'example')}, {held}")
    lines += _listed(told.problems, columns)
    for one in told.sources:
        lines += _source_lines(one, columns)
    if told.trends is not None and told.trends.cells:
        lines += _budget_lines(told.trends, columns)
    if told.warnings:
        lines += ["worth a look", *_listed(told.warnings, columns)]
    return lines


def _budget_lines(told: Budget, columns: int) -> Iterator[str]:
    cells = count(told.cells, "group")
    said = "of how many are false alarms, nothing is known with thresholds of your own"
    if told.alarms is not None:
        said = f"at most {told.alarms:g} false alarms and {told.watches:g} false watches a year are to be expected"
    first, *rest = wrapped(f"{cells} of complaints watched; {said}", columns - 12)
    yield f"trends      {first}"
    yield from (f"            {line}" for line in rest)


def _listed(sentences: Iterable[str], columns: int) -> Iterator[str]:
    for sentence in sentences:
        first, *rest = wrapped(sentence, columns - 14) or [""]
        yield f"          - {first}"
        yield from (f"            {line}" for line in rest)


def _source_lines(one: SourceChecked, columns: int) -> Iterator[str]:
    if one.error:
        yield f"{one.source:<10}  {one.adapter}: FAILED{'' if one.contacted else ', and was not contacted'}"
        yield from _listed([one.error], columns)
        return
    if not one.contacted:
        yield f"{one.source:<10}  {one.adapter}: not contacted (--offline)"
        return
    yield f"{one.source:<10}  {one.adapter}: {clean(one.account)}, as {clean(one.name)}"
    if one.may:
        yield from (f"            {line}" for line in wrapped(f"may {', '.join(one.may)}", columns - 12))
    yield from _listed([f"MISSING: {text}" for text in one.missing], columns)
    yield from _listed(one.warnings, columns)
