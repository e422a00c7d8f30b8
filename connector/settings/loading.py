"""Loading the whole folder: every file read and checked, held against the others, and handed on as one frozen value.

`load` is what the command line calls first. Nothing is loaded where anything is wrong, so that a daemon that is told
to read its settings again keeps the ones it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from datetime import date
from pathlib import Path

import msgspec

from connector import __version__
from connector.clocks.business_hours import Hours
from connector.clocks.promises.keeping import Promising
from connector.clocks.regulation import Profile
from connector.clocks.sla import Sla
from connector.figures import VERSION as FIGURES_VERSION
from connector.mapping import Mapping
from connector.people.repeats import RepeatPolicy
from connector.policy.rules import Policy
from connector.policy.telling import CONTACTS
from connector.settings.checking import shaped
from connector.settings.contacts import soon_over
from connector.settings.digests import digest
from connector.settings.folder import Folder, home_folder
from connector.settings.meanings import mapping_of
from connector.settings.models import digest_of, model_files
from connector.settings.notation import duration_seconds
from connector.settings.people import People, people_of
from connector.settings.policies import policy_of
from connector.settings.problems import Place, Problems, one_of
from connector.settings.products import products_of
from connector.settings.promises import Books, books_in, promising_of
from connector.settings.regulations import profile_of
from connector.settings.rules import calendars_of, sla_of
from connector.settings.shapes.amends import AmendsFile, Source
from connector.settings.shapes.clocks import PromisesShape
from connector.settings.sources import (
    SourceSettings,
    adapter_of,
    hooks_of,
    in_utc,
    modes_of,
    options_of,
    streams_of,
    with_fields,
)
from connector.settings.survey_words import check_own
from connector.settings.taggings import tagging_of
from connector.settings.telling import WORDINGS, told_of, with_words
from connector.settings.thanks import thanks_of
from connector.settings.trends import trends_of
from connector.settings.web import PublicSettings, WebSettings, public_of, web_of
from connector.settings.yaml_file import Document
from connector.tagging import Lexicon, TaggingSettings
from connector.trends.views import Trends

# What decides how a stored ticket is understood. The policy does not: it speaks about the future only.
RULES = ("taxonomy.yaml", "calendars.yaml", "sla.yaml")
POLICY = ("policy.yaml", "contacts.yaml", "playbooks.yaml")
REGULATIONS = "regulations/"
PROMISES = "promises/"
_WORDS_AND_WRITES = ("status", "priority", "write")
TIMED = (REGULATIONS, PROMISES, "thanks/")


class Settings(msgspec.Struct, frozen=True):
    """Everything that the admin's folder says.

    `store` is a file (relative ones lie in `home`), a database URL, or a reference to one (env:, file:, keyring:).
    `digests` names the content of each file that was read, comments and examples aside; `rules_digest` that of all
    rules, so that stored tickets made by other rules are noticed. `models` are the files of the models that tag beside
    the phrases, the last word last. `lexicon` is all that tags are made of, None where nothing is tagged. `warnings`
    are worth a look but stop nothing.
    """

    home: Path
    store: str
    sources: dict[str, SourceSettings]
    tag: bool
    tagging: TaggingSettings
    sla: Sla
    policy: Policy
    repeats: RepeatPolicy
    people: People
    trends: Trends
    digests: dict[str, str]
    rules_digest: str
    models: tuple[Path, ...] = ()
    lexicon: Lexicon | None = None
    warnings: tuple[str, ...] = ()
    public: PublicSettings | None = None
    web: WebSettings = WebSettings()

    @property
    def policy_digest(self) -> str:
        """Names all that decides what is done and who is told."""
        files = [name for name in sorted(self.digests) if name in POLICY or name.startswith(WORDINGS)]
        return digest([self.digests[name] for name in files])


def load(
    home: Path | None = None, *, drafts: AnyMapping[str, Path] | None = None, today: date | None = None
) -> Settings:
    """The settings in `home`, else in $AMENDS_HOME, else in ./amends; a file that is not there comes as shipped, and
    one for which there is a draft from there. `today` is the day by which contacts expire; None: none does.

    Raises SettingsFilesError with everything that is wrong in any file, SettingsError where there is no such folder.
    """
    problems = Problems()
    folder = Folder(home_folder(home), problems, drafts)
    document = folder.document("amends.yaml")
    main = shaped(document, AmendsFile, problems)
    # Phrases are half of all that is read, and nobody asks for them where nothing is tagged.
    books = folder.names("phrases") if main is None or main.tag else ()
    tagging = tagging_of(folder.document("taxonomy.yaml"), [folder.book(name) for name in books], problems)
    calendars = calendars_of(folder.document("calendars.yaml"), problems)
    sla = _sla(folder, calendars, problems)
    meanings = _meanings(main, folder, tagging, problems)
    sources = _sources(main, document, folder, meanings, problems)
    told = told_of(folder, tagging, calendars, today, problems)
    check_own(folder, problems)
    policies = policy_of(folder.document("policy.yaml"), tagging, calendars, sources.values(), told.contacts, problems)
    people = people_of(folder.document("people.yaml"), problems)
    trends = trends_of(folder.document("trends.yaml"), [one for one in meanings.values() if one], problems)
    if main and document:
        _check_store(main.store, document, problems)
    web = web_of(main.web, document, problems) if main and document else WebSettings()
    public = public_of(main.public, main.web, document, problems) if main and document else None
    problems.raise_if_any()
    if main is None or tagging is None or sla is None or policies is None or people is None or trends is None:
        raise RuntimeError("a settings file could not be understood, and nobody said why")
    spoken = with_words(policies[0], told, folder, problems)
    problems.raise_if_any()
    settings = _settings(main, folder, sources, tagging, sla, (spoken, policies[1]), people, trends, today)
    return msgspec.structs.replace(settings, web=web, public=public)


def _sla(folder: Folder, calendars: dict[str, Hours] | None, problems: Problems) -> Sla | None:
    """The targets, and of the regulators' profiles those that sla.yaml names; the admin's own are all checked."""
    own = {file: profile_of(folder.document(file), Path(file).stem, problems) for file in folder.own("regulations")}

    def profile(name: str, place: Place) -> Profile | None:
        file = f"{REGULATIONS}{name}.yaml"
        if file in own:
            return own[file]
        if folder.has(file):
            return profile_of(folder.document(file), name, problems)
        known = [Path(one).stem for one in folder.names("regulations")]
        problems.add(place, f"there is no file {file}", one_of(name, known))
        return None

    def promising(shape: PromisesShape, document: Document, calendars: dict[str, Hours]) -> Promising | None:
        languages = [Path(one).stem for one in folder.names("promises")]
        return promising_of(shape, document, calendars, languages, books, problems)

    def books(languages: Iterable[str]) -> Books:
        return books_in(folder, languages, problems)

    return sla_of(folder.document("sla.yaml"), calendars, profile, promising, problems)


def _settings(
    main: AmendsFile,
    folder: Folder,
    sources: dict[str, SourceSettings],
    tagging: TaggingSettings,
    sla: Sla,
    policies: tuple[Policy, RepeatPolicy],
    people: People,
    trends: Trends,
    today: date | None,
) -> Settings:
    late = folder.shipped_digests("thanks")
    late |= folder.shipped_digests("promises") if sla.promising and sla.promising.finder else {}
    digests = late | folder.digests()
    shared = [digests[name] for name in sorted(digests) if name in RULES or name.startswith(("phrases/", *TIMED))]
    shared += [] if main.tag else ["untagged"]
    models = model_files(folder.home) if main.tag else ()
    trained = digest_of(models)
    tags = _tagging_digest(digests, trained, tag=main.tag)
    own = {name: _meaning_digest(digests[_mapping_file(name, main.sources[name], folder)], folder) for name in sources}
    return Settings(
        home=folder.home,
        store=main.store,
        sources={
            name: msgspec.structs.replace(source, rules_digest=rules_digest(own[name], digests, tags))
            for name, source in sources.items()
        },
        tag=main.tag,
        tagging=tagging,
        sla=sla,
        policy=policies[0],
        repeats=policies[1],
        people=people,
        trends=trends,
        digests=digests,
        rules_digest=digest([*shared, *trained, own]),
        models=models,
        lexicon=Lexicon(tags, tagging, tuple(trained), __version__) if main.tag else None,
        warnings=(*_warnings(main, folder), *soon_over(policies[0].contacts, today)),
    )


def _tagging_digest(digests: dict[str, str], models: Iterable[str], *, tag: bool) -> str:
    """Names all that tags are made of."""
    tagging = [digests[name] for name in sorted(digests) if name == "taxonomy.yaml" or name.startswith("phrases/")]
    return digest([tag, *tagging, *models])[:16]


def rules_digest(mapping: str, digests: dict[str, str], tagging: str) -> str:
    """Names the rules of a source in three parts, mapping, tagging and clocks, so that a replay redoes no more than
    what changed."""
    timed = ("calendars.yaml", "sla.yaml")
    clocks = [digests[name] for name in sorted(digests) if name in timed or name.startswith(TIMED)]
    return ":".join((mapping[:16], tagging, digest([FIGURES_VERSION, *clocks])[:16]))


def _meaning_digest(mapping: str, folder: Folder) -> str:
    """Names a mapping together with the products that it places values by."""
    taxonomy = folder.document("taxonomy.yaml")
    products = taxonomy.value.get("products") if taxonomy else None
    return digest([mapping, products]) if products else mapping


def _mapping_file(name: str, source: Source, folder: Folder) -> str:
    """What `mapping` says, else the admin's own file called like the source, else the one called like the adapter."""
    own = f"mappings/{name}.yaml"
    if source.mapping is None and own in folder.own("mappings"):
        return own
    return f"mappings/{source.mapping or source.adapter}.yaml"


def _meanings(
    main: AmendsFile | None, folder: Folder, tagging: TaggingSettings | None, problems: Problems
) -> dict[str, Mapping | None]:
    """Every mapping file that a source uses or that the admin owns."""
    listed = main.sources if main else {}
    files = {*(_mapping_file(name, one, folder) for name, one in listed.items()), *folder.own("mappings")}
    products = products_of(folder.document("taxonomy.yaml"), problems)
    facets = list(tagging.taxonomy.facets) if tagging else None
    thanks = thanks_of(folder, problems)
    found = {
        file: mapping_of(folder.document(file), problems, products=products, facets=facets, thanks=thanks)
        for file in files
    }
    return {
        file: one and msgspec.structs.replace(one, besides=_besides_words(file, folder)) for file, one in found.items()
    }


def _besides_words(mapping: str, folder: Folder) -> str:
    """Names what a mapping says of how tickets are read, and the products, but for the words of statuses and
    priorities."""
    document = folder.document(mapping)
    said = document.value if document else {}
    return _meaning_digest(digest({part: said[part] for part in said if part not in _WORDS_AND_WRITES}), folder)


def _sources(
    main: AmendsFile | None,
    document: Document | None,
    folder: Folder,
    meanings: dict[str, Mapping | None],
    problems: Problems,
) -> dict[str, SourceSettings]:
    """The sources that are sound; what is wrong with the others is among `problems`."""
    if main and document and CONTACTS in main.sources:
        place = document.place(("sources", CONTACTS), key=True)
        problems.add(place, f"{CONTACTS!r} is what Amends calls the people it tells", "give the source another name")
    found = {
        name: _source(name, main, meanings[_mapping_file(name, source, folder)], document, folder, problems)
        for name, source in (main.sources if main else {}).items()
        if document and main
    }
    return {name: source for name, source in found.items() if source}


def _source(
    name: str, main: AmendsFile, mapping: Mapping | None, document: Document, folder: Folder, problems: Problems
) -> SourceSettings | None:
    source = main.sources[name]
    _check_mapping(name, source, mapping, document, folder, problems)
    poll_seconds = duration_seconds(source.poll)
    if poll_seconds < 1:
        problems.add(document.place(("sources", name, "poll")), "nobody can look all the time", "write at least 1s")
    adapter = adapter_of(name, source, document, problems)
    if adapter is None or mapping is None:
        return None
    options = options_of(name, source, adapter, document, problems)
    return SourceSettings(
        name=name,
        adapter=source.adapter,
        options=with_fields(options, mapping),
        secrets=source.secrets,
        mapping=mapping,
        poll_seconds=poll_seconds,
        modes=modes_of(name, source, adapter, options, document, problems),
        can=adapter.can,
        streams=streams_of(name, source, adapter, document, problems),
        act_from=in_utc(source.act_from),
        read_from=in_utc(source.read_from),
        mapping_file=_mapping_file(name, source, folder),
        hooks=hooks_of(name, source, main.public is not None, adapter, document, problems),
    )


def _check_mapping(
    name: str, source: Source, mapping: Mapping | None, document: Document, folder: Folder, problems: Problems
) -> None:
    file, key = _mapping_file(name, source, folder), "mapping" if source.mapping else "adapter"
    place = document.place(("sources", name, key))
    if not folder.has(file):
        known = [Path(other).stem for other in folder.names("mappings")]
        problems.add(place, f"there is no file {file}", one_of(Path(file).stem, known))
    elif mapping is not None and mapping.adapter != source.adapter:
        what = f"{file} is for the adapter {mapping.adapter!r}, not {source.adapter!r}"
        problems.add(place, what, "name the mapping of this adapter")


def _check_store(store: str, document: Document, problems: Problems) -> None:
    _, scheme, rest = store.partition("://")
    if scheme and ":" in rest.partition("@")[0] and "@" in rest:
        what = "the database URL holds its password"
        problems.add(document.place(("store",)), what, "put the whole URL elsewhere and write env:NAME, and change it")


def _warnings(main: AmendsFile, folder: Folder) -> Iterable[str]:
    if not folder.home.is_dir():
        yield f"there is no folder {folder.home}: everything is as shipped. Make one with `amends init`."
    if not main.sources:
        yield f"{folder.home / 'amends.yaml'} names no source: nothing is read."
    for name in folder.strangers():
        yield f"{folder.home / name} is not read by anything."
    used = {_mapping_file(name, source, folder) for name, source in main.sources.items()}
    for name in folder.own("mappings"):
        if name not in used:
            yield f"{folder.home / name} belongs to no source in amends.yaml."
    for name, source in main.sources.items():
        for secret, reference in source.secrets.items():
            if reference.startswith("file:") and not Path(reference.removeprefix("file:")).is_absolute():
                yield f"sources, {name}, secrets, {secret}: {reference} depends on where amends is started."
