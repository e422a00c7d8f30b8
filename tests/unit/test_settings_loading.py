"""Loading an admin's folder over the shipped defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.mapping import check_examples
from connector.model import ActionKind, Mode
from connector.settings import Settings, SettingsFilesError, load
from connector.settings.folder import SHIPPED

MAIN = """\
sources:
  shop:
    adapter: memory
    poll: 90s
    options:
      desk: demo
    secrets:
      token: env:DESK_TOKEN
    modes:
      tag: live
    act_from: "2026-06-01T02:00:00+02:00"
"""
CALENDARS = """\
calendars:
  office:
    zone: Europe/London
    hours:
      mon-thu: ["09:00-17:00"]
      fri: ["09:00-13:00"]
    holidays:
      2026-12-25: Christmas Day
  always:
    zone: UTC
    always: true
"""
SLA = """\
targets:
  - name: Urgent
    clock: first_reply
    when: priority == "urgent"
    within: 1h
    calendar: always
  - name: Resolution
    clock: resolution
    within: 5d
    calendar: office
    pauses: [waiting_customer]
"""
POLICY = """\
zone: Europe/London
rules:
  - id: overdue
    on: overdue
    about: [first_reply]
    when: priority != "low"
    tags: [amends_overdue]
    fields:
      priority: high
survey:
  daytime: "10:00-18:00"
  tags: [amends_survey]
tag_back:
  facets: [category]
repeats:
  many_within: 60d
"""
PHRASES = """\
language: en
phrases:
  late: {words: [late], says: {complaint: "yes"}}
"""
FILES = {"amends.yaml": MAIN, "calendars.yaml": CALENDARS, "sla.yaml": SLA, "policy.yaml": POLICY}


def write(home: Path, **files: str) -> Path:
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write(tmp_path / "home", **FILES)


def problems(home: Path) -> list[str]:
    with pytest.raises(SettingsFilesError) as error:
        load(home)
    return [str(problem).removeprefix(f"{home}/") for problem in error.value.problems]


def test_a_source_is_what_its_lines_say(home: Path) -> None:
    source = load(home).sources["shop"]
    assert (source.name, source.adapter, source.poll_seconds) == ("shop", "memory", 90)
    assert source.options.desk == "demo"
    assert source.options.page_size == 100
    assert source.secrets == {"token": "env:DESK_TOKEN"}
    assert source.modes == dict.fromkeys(ActionKind, Mode.SHADOW) | {ActionKind.TAG: Mode.LIVE}
    assert source.act_from == datetime(2026, 6, 1, tzinfo=UTC)
    assert source.streams == ("tickets", "events")
    assert source.mapping.adapter == "memory"


def test_clocks_calendars_and_policy_are_what_their_files_say(home: Path) -> None:
    settings = load(home)
    urgent, resolution = settings.sla.targets
    assert (urgent.within_seconds, resolution.within_seconds) == (3600, 5 * (4 * 8 + 4) * 3600 // 5)
    assert urgent.when is not None
    assert urgent.when.text == 'priority == "urgent"'
    assert resolution.pauses == {"waiting_customer"}
    christmas = datetime(2026, 12, 25, tzinfo=UTC), datetime(2026, 12, 26, tzinfo=UTC)
    assert settings.sla.calendars["office"].working_seconds(*christmas) == 0
    (rule,) = settings.policy.rules
    assert (rule.id, rule.on, rule.fields, rule.about) == ("overdue", "overdue", {"priority": "high"}, ("first_reply",))
    assert settings.policy.survey is not None
    assert settings.policy.survey.daytime_from_second == 36_000
    assert settings.policy.tag_back is not None
    assert settings.policy.tag_back.facets == ("category",)
    assert (settings.repeats.many_days, settings.repeats.same_matter_days) == (60, 30)
    assert (settings.policy.zone, settings.store, settings.home) == ("Europe/London", "amends.db", home)


def test_what_the_folder_does_not_hold_comes_as_shipped(tmp_path: Path) -> None:
    settings = load(write(tmp_path, **{"amends.yaml": MAIN}))
    assert settings.tagging.books
    assert settings.sla.targets
    assert settings.policy.rules
    assert not settings.warnings


def test_without_a_folder_everything_is_as_shipped_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMENDS_HOME", raising=False)
    settings = load()
    assert settings.sources == {}
    assert "amends init" in settings.warnings[0]


def test_the_folder_is_named_by_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_HOME", str(home))
    assert load().home == home


def test_a_named_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="amends init"):
        load(tmp_path / "nowhere")


def test_books_of_one_language_are_one_in_which_a_name_stands_once(home: Path) -> None:
    write(home, **{"phrases/one.yaml": 'language: zz\nphrases: {a: {words: [b], says: {complaint: "yes"}}}'})
    write(home, **{"phrases/two.yaml": 'language: zz\nphrases: {c: {words: [d], says: {complaint: "no"}}}'})
    assert [book.language for book in load(home).tagging.books].count("zz") == 2
    write(home, **{"phrases/two.yaml": 'language: zz\nphrases: {a: {words: [d], says: {complaint: "no"}}}'})
    with pytest.raises(SettingsFilesError, match="phrases called 'a'"):
        load(home)


def test_own_phrases_join_the_shipped_ones_and_replace_those_of_the_same_name(home: Path) -> None:
    shipped = {book.language for book in load(home).tagging.books}
    facets = load(home).tagging.taxonomy.facets
    write(
        home,
        **{
            "phrases/en.yaml": "language: en\nphrases: {}",
            "phrases/zz.yaml": 'language: zz\nphrases: {a: {words: [b], says: {complaint: "yes"}}}',
        },
    )
    books = {book.language: book for book in load(home).tagging.books}
    assert set(books) == shipped | {"zz"}
    assert books["en"].phrases == {}
    assert "complaint" in facets


@pytest.mark.parametrize("name", ["zendesk", "memory"])
def test_the_examples_of_a_shipped_mapping_hold(name: str) -> None:
    from connector.settings.meanings import mapping_of
    from connector.settings.problems import Problems
    from connector.settings.yaml_file import read_file

    found = Problems()
    mapping = mapping_of(read_file(SHIPPED / f"{name}.yaml", f"{name}.yaml", found), found)
    found.raise_if_any()
    assert mapping is not None
    assert mapping.examples
    assert check_examples(mapping) == []


def test_an_example_that_does_not_hold_is_named_with_its_line(home: Path) -> None:
    mapping = """\
adapter: memory
fields: {subject: subject, extra.shop: custom:shop}
status: {open: open}
write: {team: {to: group, values: {gold: 9}}}
examples:
  - given: {subject: A, status: open, custom: {shop: x}}
    expect: {subject: B, extra.shop: x, status: open, complaint: unsure}
  - change: {team: gold}
    writes: {group: 8}
  - change: {team: silver}
    writes: {group: 8}
"""
    write(home, **{"mappings/memory.yaml": mapping})
    write(home, **{"policy.yaml": "rules: []"})
    said = check_examples(load(home).sources["shop"].mapping)
    assert [line.removeprefix(f"{home}/").split(": ", 1) for line in said] == [
        ["mappings/memory.yaml:6:5", "subject is 'A', the example expects 'B'"],
        ["mappings/memory.yaml:8:5", "writes {'group': 9}, the example expects {'group': 8}"],
        [
            "mappings/memory.yaml:10:5",
            "the mapping for memory does not say how to write team 'silver'. "
            f"Add it to `write`, `team`, `values` in {home}/mappings/memory.yaml. Known: gold.",
        ],
    ]


WRONG_LINES = [
    ("amends.yaml", "poll: 90s", "pol: 90s", "4:5: unknown key 'pol'; did you mean 'poll'?"),
    ("amends.yaml", "poll: 90s", "poll: soon", "4:11: 'soon' is no length of time; write it as \"90s\""),
    ("amends.yaml", "poll: 90s", "poll: 0s", "4:11: nobody can look all the time; write at least 1s"),
    (
        "amends.yaml",
        "adapter: memory",
        "adapter: memmory",
        "3:14: there is no adapter 'memmory'; did you mean 'memory'?",
    ),
    ("amends.yaml", "adapter: memory\n", "mapping: memory\n", "3:5: 'adapter' is missing; add a line `adapter: …`"),
    (
        "amends.yaml",
        "poll: 90s",
        "mapping: memry",
        "4:14: there is no file mappings/memry.yaml; did you mean 'memory'?",
    ),
    ("amends.yaml", "poll: 90s", "mapping: zendesk", "4:14: mappings/zendesk.yaml is for the adapter 'zendesk'"),
    ("amends.yaml", "poll: 90s", "streams: [ticket]", "4:15: the adapter memory has no stream 'ticket'; did you mean"),
    ("amends.yaml", "  shop:", "  My Shop:", "2:3: 'My Shop' cannot be a name here; use up to 40 lower-case letters"),
    ("amends.yaml", "desk: demo", "dsk: demo", "6:7: the adapter memory has no option 'dsk'; did you mean 'desk'?"),
    ("amends.yaml", "desk: demo", "dsk: demo", "5:5: the adapter memory needs the option 'desk'; add `desk: …`"),
    ("amends.yaml", "desk: demo", "desk: 7", "6:13: Expected str, got int"),
    ("amends.yaml", "tag: live", "tag: alive", "10:12: 'alive' is not known here; did you mean 'live'?"),
    ("amends.yaml", "tag: live", "tags: live", "10:7: 'tags' is not known here; did you mean 'tag'?"),
    ("amends.yaml", "+02:00", "", "11:15: the time '2026-06-01T02:00:00' has no zone; write it as"),
    ("amends.yaml", "sources:", "store: postgresql://me:pw@db/x\nsources:", "1:8: the database URL holds its password"),
    ("calendars.yaml", "Europe/London", "Europe/Lodnon", "3:11: there is no time zone 'Europe/Lodnon'; did you mean"),
    ("calendars.yaml", "mon-thu", "mon-fri", "6:7: fri has hours in two lines; name each day once"),
    ("calendars.yaml", "mon-thu", "mo-thu", "5:7: 'mo-thu' is no day of the week"),
    ("calendars.yaml", "09:00-17:00", "9-17", "5:17: '9' is no time of day"),
    ("calendars.yaml", "2026-12-25", "25.12.2026", "8:7: expected a date, found '25.12.2026'; write it as 2026-12-25"),
    ("calendars.yaml", "    always: true", "    always: no", "9:3: calendar 'always' has no hours"),
    ("calendars.yaml", "    always: true", "    always: never", "11:13: expected true or false, found 'never'"),
    ("sla.yaml", "calendar: office", "calendar: offce", "10:15: there is no calendar 'offce'; did you mean 'office'?"),
    ("sla.yaml", "name: Resolution", "name: Urgent", "7:11: 'Urgent' is the name of two items; give each its own"),
    ("sla.yaml", "priority ==", "priorty ==", "4:11: the condition 'priorty"),
    ("sla.yaml", "within: 5d", "within: 0h", "9:13: target 'Resolution' allows 0 s"),
    (
        "sla.yaml",
        "clock: resolution",
        "clock: resoluton",
        "8:12: 'resoluton' is not known here; did you mean 'resolution'?",
    ),
    ("sla.yaml", "waiting_customer", "pending", "11:14: 'pending' is not known here; known: new, open"),
    ("policy.yaml", "on: overdue", "on: overdo", "4:9: 'overdo' is not known here; did you mean 'overdue'?"),
    ("policy.yaml", "[first_reply]", "[reply]", "5:13: there is no clock 'reply'; did you mean 'next_reply'?"),
    ("policy.yaml", "priority: high", "priority: top", "9:17: there is no priority 'top'; known: low, normal"),
    ("policy.yaml", "priority: high", "colour: red", "9:7: a complaint has no field 'colour'"),
    (
        "policy.yaml",
        "priority: high",
        "product: x",
        "9:7: the mapping for memory does not say where to write 'product'",
    ),
    ("policy.yaml", "[category]", "[categry]", "14:12: there is no facet 'categry'; did you mean 'category'?"),
    ("policy.yaml", '"10:00-18:00"', "daytime", "11:12: 'daytime' is no window of hours; write it as \"09:00-17:00\""),
    (
        "policy.yaml",
        "  tags: [amends_survey]\n",
        "",
        "10:1: survey: nothing tells the helpdesk to send it; Give it tags",
    ),
    ("policy.yaml", "10:00-18:00", "20:00-08:00", "10:1: survey: the daytime is empty"),
    ("policy.yaml", "  daytime:", "  before_hours: 2\n  daytime:", "10:1: survey: it ends before it begins"),
    (
        "policy.yaml",
        "id: overdue",
        "id: survey",
        "3:5: rule 'survey': tag_back, survey, acknowledge, stages have sections of their own",
    ),
    ("policy.yaml", "  many_within", "  many: 1\n  many_within", "16:9: 1 should be greater than or equal to 2"),
    ("policy.yaml", "60d", "60h", "16:16: '60h' is not a number of whole days; write it as \"30d\""),
    ("policy.yaml", "zone: Europe/London", "zone: London", "1:7: there is no time zone 'London'"),
    (
        "policy.yaml",
        "zone: Europe/London",
        "zone: Europe/London\nacknowledge: {to: everybody}",
        "2:1: no source can acknowledge (shop: memory); a helpdesk does that by a rule of its own",
    ),
]


@pytest.mark.parametrize(("file", "right", "wrong", "said"), WRONG_LINES)
def test_a_wrong_line_is_named_with_file_line_column_and_remedy(
    home: Path, file: str, right: str, wrong: str, said: str
) -> None:
    assert right in FILES[file]
    write(home, **{file: FILES[file].replace(right, wrong, 1)})
    assert [line for line in problems(home) if line.startswith(f"{file}:{said}")], problems(home)


MAPPING = """\
adapter: memory
fields:
  subject: subject
status:
  open: open
complaint:
  labels: [bad]
write:
  priority: priority
"""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "  subject: s",
            "  sujbect: s",
            "3:3: a complaint has no field 'sujbect' that can stand here; did you mean 'subject'?",
        ),
        ("  subject: s", "  extra.: s", "3:3: a complaint has no field 'extra.'"),
        ("subject: subject", "subject: a..b", "3:12: 'a..b' is no field id; write it as `discover` lists it"),
        ("open: open", "open: opened", "5:9: 'opened' is not known here; did you mean 'open'?"),
        ("open: open", "open: open\n  open: new", "6:3: 'open' is here twice, first in line 5"),
        (
            "  labels: [bad]",
            "  when: chanel == 'x'",
            "7:9: the condition \"chanel == 'x'\" is wrong: there is no value",
        ),
        ("[bad]", "[bad]\n  not_labels: [bad]", "8:15: 'bad' says both yes and no; take it out of one"),
        ("priority: priority", "requester.name: x", "9:3: a complaint has no field 'requester.name' that can stand"),
        ("priority: priority", "priority: {too: x}", "9:14: unknown key 'too'; did you mean 'to'?"),
        ("priority: priority", "priority: 1", "9:13: expected keys with values, found 1"),
        ("write:", "examples: [{given: {a: 1}}]\nwrite:", "8:12: this example shows nothing"),
        ("write:", "examples: [{given: {a: 1}, expect: {b: 1}}]\nwrite:", "8:37: a complaint has no field 'b'"),
        ("write:", "values: {subject: {a: b}}\nwrite:", "8:10: a complaint has no field 'subject' that can stand here"),
        ("fields:", "field:", "2:1: unknown key 'field'; did you mean 'fields'?"),
        ("fields:", "field:", "1:1: 'fields' is missing; add a line `fields: …`"),
    ],
)
def test_a_wrong_line_of_a_mapping_is_named_too(home: Path, right: str, wrong: str, said: str) -> None:
    assert right in MAPPING
    write(home, **{"mappings/memory.yaml": MAPPING.replace(right, wrong, 1)})
    found = problems(home)
    assert [line for line in found if line.startswith(f"mappings/memory.yaml:{said}")], found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'phrases: {a: {words: [x], says: {complain: "yes"}}}',
            "2:34: there is no facet 'complain' in the taxonomy; did you",
        ),
        ("phrases: {a: {words: [x], says: {complaint: yeah}}}", "2:45: the facet complaint has no value 'yeah'"),
        ("phrases: {a: {word: [x]}}", "2:15: unknown key 'word'; did you mean 'words'?"),
        ("phrases: {a: {words: [x], strength: strong}}", "2:37: 'strong' is not known here; known: hint, usual, sure"),
        (
            "phrases: {}\nexamples: {miss: [{text: a, says: {complaint: x}}]}",
            "3:47: the facet complaint has no value 'x'",
        ),
    ],
)
def test_a_wrong_phrase_is_named_too(home: Path, text: str, said: str) -> None:
    write(home, **{"phrases/en.yaml": f"language: en\n{text}"})
    assert [line for line in problems(home) if line.startswith(f"phrases/en.yaml:{said}")], problems(home)


def test_a_phrase_book_that_cannot_be_read_hides_nothing_that_is_wrong_elsewhere(home: Path) -> None:
    policy = POLICY.replace("facets: [category]", "facets: [categry]")
    write(home, **{"policy.yaml": policy, "phrases/en.yaml": "language: [en\n"})
    found = problems(home)
    assert any("phrases/en.yaml" in one for one in found)
    assert any("categry" in one for one in found)


def test_all_that_is_wrong_in_all_files_is_said_at_once_in_order(home: Path) -> None:
    for name in FILES:
        write(home, **{name: "unheard_of: 1\n" + FILES[name]})
    write(home, **{"phrases/en.yaml": "language: [", "mappings/memory.yaml": "adapter: memory"})
    found = problems(home)
    assert [line.split(":")[0] for line in found] == [
        "amends.yaml",
        "calendars.yaml",
        "mappings/memory.yaml",
        "mappings/memory.yaml",
        "phrases/en.yaml",
        "policy.yaml",
        "sla.yaml",
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("env:DESK_TOKEN", "hunter2"),
        ("env:DESK_TOKEN", "12345678"),
        ("desk: demo", "desk: demo\n      api_token: hunter2"),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(home: Path, right: str, wrong: str) -> None:
    write(home, **{"amends.yaml": MAIN.replace(right, wrong)})
    said = "\n".join(problems(home))
    assert "hunter2" not in said
    assert "12345678" not in said
    assert "amends.yaml:" in said


def test_a_rule_that_chooses_its_source_is_not_held_against_the_others(home: Path) -> None:
    rule = POLICY.replace('priority != "low"', 'source == "elsewhere"').replace("priority: high", "product: x")
    write(home, **{"policy.yaml": rule})
    assert load(home).policy.rules[0].fields == {"product": "x"}


def test_loading_never_half_succeeds(home: Path) -> None:
    settings = load(home)
    write(home, **{"sla.yaml": "targets: 1"})
    with pytest.raises(SettingsFilesError):
        load(home)
    assert settings.sla.targets


def digest(home: Path) -> tuple[str, str]:
    settings = load(home)
    return settings.rules_digest, settings.sources["shop"].rules_digest


def test_comments_order_and_policy_do_not_ask_for_a_replay(home: Path) -> None:
    before = digest(home)
    write(home, **{"sla.yaml": "# a comment\n" + SLA, "policy.yaml": POLICY.replace("overdue", "due_soon", 1)})
    write(home, **{"calendars.yaml": CALENDARS.replace("zone: UTC\n    always: true", "always: true\n    zone: UTC")})
    assert digest(home) == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sla.yaml", SLA.replace("5d", "6d")),
        ("calendars.yaml", CALENDARS.replace("25", "26")),
        ("mappings/memory.yaml", MAPPING),
        ("phrases/en.yaml", "language: en\nphrases: {}"),
    ],
)
def test_another_mapping_phrase_target_or_calendar_asks_for_a_replay(home: Path, file: str, text: str) -> None:
    before = digest(home)
    write(home, **{file: text})
    after = digest(home)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_only_the_source_with_the_other_mapping_is_replayed(home: Path) -> None:
    two = MAIN + "  second:\n    adapter: memory\n    mapping: own\n    options: {desk: two}\n"
    write(home, **{"amends.yaml": two, "mappings/own.yaml": MAPPING})
    before = load(home)
    write(home, **{"mappings/own.yaml": MAPPING.replace("bad", "worse")})
    after = load(home)
    assert before.sources["shop"].rules_digest == after.sources["shop"].rules_digest
    assert before.sources["second"].rules_digest != after.sources["second"].rules_digest


def test_what_is_odd_but_works_is_a_warning(home: Path) -> None:
    write(
        home,
        **{
            "amends.yaml": MAIN.replace("env:DESK_TOKEN", "file:token.txt"),
            "polcy.yaml": "",
            "mappings/old.yaml": MAPPING,
        },
    )
    polcy, old, token = load(home).warnings
    assert "polcy.yaml is not read by anything" in polcy
    assert "old.yaml belongs to no source" in old
    assert "file:token.txt depends on where amends is started" in token


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    folders: dict[str, list[int]] = {}
    page_size: int = 100

    def __post_init__(self) -> None:
        if self.page_size > 1000:
            raise ValueError("page_size goes up to 1000")


class Adapter:
    Settings = Options
    streams = ("tickets",)
    can = frozenset({ActionKind.TAG})


@pytest.fixture
def picky(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("connector.settings.sources.adapter_names", lambda: ["memory", "picky"])
    monkeypatch.setattr("connector.settings.sources.find_adapter", lambda name: Adapter)
    write(home, **{"mappings/picky.yaml": MAPPING.replace("memory", "picky")})

    def loaded(options: str) -> Settings:
        write(home, **{"amends.yaml": f"sources:\n  a:\n    adapter: picky\n    options:\n{options}"})
        return load(home)

    return loaded


def test_options_become_the_adapters_own_settings(picky: Any) -> None:
    options = picky("      account: acme\n      folders: {in: [1]}").sources["a"].options
    assert options == Options("acme", {"in": [1]})


def test_every_wrong_option_is_named_at_its_own_place(picky: Any, home: Path) -> None:
    with pytest.raises(SettingsFilesError) as error:
        picky("      acount: acme\n      folders:\n        in: [1, x]\n      page_size: many")
    assert [str(problem).removeprefix(f"{home}/amends.yaml:") for problem in error.value.problems] == [
        "4:5: the adapter picky needs the option 'account'; add `account: …` under `options`",
        "5:7: the adapter picky has no option 'acount'; did you mean 'account'?",
        "7:9: Expected int, got str",
        "8:18: Expected int, got str",
    ]


def test_what_an_adapter_refuses_itself_is_a_settings_problem(picky: Any, home: Path) -> None:
    with pytest.raises(SettingsFilesError, match="page_size goes up to 1000"):
        picky("      account: acme\n      page_size: 2000")


def test_a_mode_for_what_the_adapter_cannot_do_is_refused(picky: Any) -> None:
    with pytest.raises(SettingsFilesError, match="the adapter picky cannot survey"):
        picky("      account: acme\n    modes: {survey: live}")


DAMAGE = st.sampled_from(
    ["", "null", "[]", "{}", "1", "-1", "true", "x", "[x]", "{x: 1}", "1.5", '""', "[[1]]", "no", "*x", "'"]
)


@given(file=st.sampled_from(sorted(FILES)), place=st.integers(0, 30), damage=DAMAGE, whole=st.booleans())
@settings_of_hypothesis(max_examples=150, deadline=None)
def test_a_damaged_file_is_refused_in_words_or_still_makes_sense(
    tmp_path_factory: pytest.TempPathFactory, file: str, place: int, damage: str, whole: bool
) -> None:
    lines = FILES[file].splitlines()
    place %= len(lines)
    head, colon, _ = lines[place].partition(":")
    lines[place] = damage if whole else f"{head}{colon} {damage}"
    home = write(tmp_path_factory.mktemp("home"), **{**FILES, file: "\n".join(lines), "phrases/en.yaml": PHRASES})
    try:
        load(home)
    except SettingsFilesError as error:
        assert all(problem.what and problem.place.file for problem in error.problems)


MAILBOX = """\
sources:
  post:
    adapter: imap
    options:
      host: imap.shop.example
      user: support@shop.example
      smtp: {host: smtp.shop.example}
      trusted_hosts: [mx.shop.example]
    secrets: {password: env:POST_PASSWORD}
    modes:
      acknowledge: live
"""
ACKNOWLEDGE = """\
acknowledge:
  to: everybody
  when: source == "post"
  contact: Call us.
  texts:
    de:
      text: "Wir haben es: {reference}. {contact}"
"""


def test_a_mailbox_acknowledges_in_the_words_of_the_policy(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text(MAILBOX)
    (tmp_path / "policy.yaml").write_text(ACKNOWLEDGE)
    found = load(tmp_path)
    assert found.sources["post"].modes[ActionKind.ACKNOWLEDGE] is Mode.LIVE
    assert found.policy.acknowledge is not None
    assert found.policy.acknowledge.everybody and found.policy.acknowledge.texts["de"].text.startswith("Wir haben")


@pytest.mark.parametrize(
    ("file", "right", "wrong", "said"),
    [
        (
            "amends.yaml",
            "      smtp: {host: smtp.shop.example}\n",
            "",
            "amends.yaml:10:7: acknowledge cannot be live without the option `smtp`, the server that takes our mail",
        ),
        (
            "amends.yaml",
            "      trusted_hosts: [mx.shop.example]\n",
            "",
            "amends.yaml:10:7: acknowledge cannot be live without the option `trusted_hosts`",
        ),
        ("amends.yaml", "acknowledge: live", "survey: approve", "11:7: survey cannot be approve without the option"),
        (
            "policy.yaml",
            "{contact}",
            "{name}",
            "policy.yaml:1:1: acknowledge: the text in 'de' has {name}, which stands",
        ),
        ("policy.yaml", "everybody", "all", "policy.yaml:2:7: 'all' is not known here; known: complaints, everybody"),
        ("policy.yaml", "source ==", "sorce ==", "policy.yaml:3:9: the condition"),
        ("policy.yaml", "    de:", "    german:", "policy.yaml:6:5: "),
    ],
)
def test_policy_and_mailbox_that_do_not_fit_are_named(
    tmp_path: Path, file: str, right: str, wrong: str, said: str
) -> None:
    for name, text in (("amends.yaml", MAILBOX), ("policy.yaml", ACKNOWLEDGE)):
        (tmp_path / name).write_text(text.replace(right, wrong) if name == file else text)
    with pytest.raises(SettingsFilesError) as caught:
        load(tmp_path)
    assert said in str(caught.value)


def test_what_is_only_written_down_needs_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text(
        MAILBOX.replace("      smtp: {host: smtp.shop.example}\n", "").replace("live", "shadow")
    )
    assert load(tmp_path).sources["post"].modes[ActionKind.ACKNOWLEDGE] is Mode.SHADOW


DATED_TARGETS = """
targets:
  - {name: Heard, clock: acknowledgement, within: 1h, calendar: support, automatic: true, warn_before: 15m}
  - {name: Old, clock: resolution, within: 3d, calendar: support, until: 2026-06-30}
  - {name: New, clock: resolution, within: 2d, calendar: support, from: 2026-07-01}
on_change: stricter
"""
WORKING_DAYS = """
calendars:
  support:
    zone: Europe/London
    hours: {mon-fri: ["09:00-17:00"]}
    public_holidays: {country: GB, subdivision: ENG}
    open_on: [2026-05-04]
    holidays:
      2026-12-24: {name: Christmas Eve, hours: ["09:00-12:00"]}
      2026-07-01: Founders' day
    changes:
      - from: 2026-09-01
        hours: {mon-sat: ["08:00-18:00"]}
"""


def test_targets_and_calendars_come_into_force_on_the_days_that_are_written(tmp_path: Path) -> None:
    (tmp_path / "sla.yaml").write_text(DATED_TARGETS, encoding="utf-8")
    (tmp_path / "calendars.yaml").write_text(WORKING_DAYS, encoding="utf-8")
    sla = load(tmp_path).sla
    heard, old, new = sla.targets
    assert (heard.automatic, heard.warns_at_seconds, sla.changing) == (True, 45 * 60, "stricter")
    midnight = datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert (old.until, new.since) == (midnight, midnight), "in London, where it is summer"
    support = sla.calendars["support"]
    worked = {
        day: support.working_seconds(datetime(2026, *day, tzinfo=UTC), datetime(2026, *day, 23, tzinfo=UTC)) // 3600
        for day in ((5, 4), (7, 1), (8, 31), (9, 5), (12, 24), (12, 25))
    }
    assert worked == {(5, 4): 8, (7, 1): 0, (8, 31): 0, (9, 5): 10, (12, 24): 3, (12, 25): 0}


def test_a_country_without_known_holidays_is_named_with_its_place(tmp_path: Path) -> None:
    wrong = WORKING_DAYS.replace("country: GB, subdivision: ENG", "country: Britain")
    (tmp_path / "calendars.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(SettingsFilesError, match=r"calendars.yaml:3:3: no public holidays .* 'Britain'"):
        load(tmp_path)


TAXONOMY = """
facets:
  complaint: {title: Is it one?, default: unsure, values: {"yes": "Yes", "no": "No", unsure: Not sure}}
  category:
    title: About
    topic: true
    values:
      money: {title: Money, titles: {de: Geld}, was: payment}
      delivery: {title: Delivery, parts: {late: Too late}}
  emergency:
    title: Now
    several: true
    firm: true
    values: {safety: {title: Danger, raises: {severity: high}}}
  severity: {title: How bad, values: {low: Low, high: High}}
  language: {title: Language, values: {en: English, unknown: Unknown}}
"""


def test_a_taxonomy_may_rename_nest_translate_and_leave_out(home: Path) -> None:
    write(home, **{"taxonomy.yaml": TAXONOMY})
    found = load(home).tagging
    category = found.taxonomy.facets["category"]
    assert category.values == {"money": "Money", "delivery": "Delivery", "delivery/late": "Too late"}
    assert category.titles == {"money": {"de": "Geld"}}
    assert (category.named("payment"), category.named("service")) == ("money", None)
    [book] = [book for book in found.books if book.language == "en"]
    said = {value for phrase in book.phrases.values() for facet, value in phrase.says.items() if facet == "category"}
    assert said == {"money", "delivery"}, "shipped phrases speak in the words of this taxonomy"
    assert found.taxonomy.facets["emergency"].raises == {"safety": {"severity": "high"}}


def test_a_value_may_only_raise_to_one_that_there_is(home: Path) -> None:
    write(home, **{"taxonomy.yaml": TAXONOMY.replace("severity: high}", "severity: awful}")})
    [problem] = problems(home)
    assert "the facet severity has no value 'awful'" in problem
    assert problem.startswith("taxonomy.yaml:14:")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("  solved: resolved\n", "  solved: closed\n", True),
        ("  high: high\n", "  high: urgent\n", True),
        ("  team: team\n", "  team: custom:group\n", False),
        ("  labels: [complaint]\n", "  labels: [grievance]\n", False),
    ],
    ids=["a word for a status", "a word for a priority", "a field", "the labels of complaints"],
)
def test_a_mapping_is_told_apart_from_one_with_other_words_and_from_one_that_reads_otherwise(
    home: Path, before: str, after: str, same: bool
) -> None:
    shipped = (SHIPPED / "memory.yaml").read_text(encoding="utf-8")
    assert before in shipped
    as_shipped = load(home).sources["shop"]
    write(home, **{"mappings/memory.yaml": shipped.replace(before, after, 1)})
    own = load(home).sources["shop"]
    assert own.rules_digest != as_shipped.rules_digest
    assert (own.mapping.besides == as_shipped.mapping.besides) is same
