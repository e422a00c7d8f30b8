"""A big site: some 150 custom fields of all kinds over several projects, and issues that fill them as people do.

`fill(jira)` adds them to a fresh `Jira`. Seeded, so that the same call gives the same site. All texts are invented.
For tests and benchmarks of mapping, discovery and reading.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.jira import content
from sandbox.jira.content import FieldSpec
from sandbox.jira.documents import as_document
from sandbox.jira.people import Jira

JSON = Any
FIRST_FIELD, FIRST_OPTION = 11_000, 50_000
PROJECTS = (
    (10_010, "DACH", "Reklamationen DACH"),
    (10_011, "FRA", "Réclamations France"),
    (10_012, "B2B", "Key accounts"),
)
COMPLAINING = (content.CARE, content.SHOP, *(key for _, key, _ in PROJECTS))

# name, kind, options; the share of issues that fill a field falls from field to field
NAMED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Customer number", "text", ()),
    ("Bestellnummer", "text", ()),
    ("Numéro de facture", "text", ()),
    ("Severity", "select", ("1 - Critical", "2 - Major", "3 - Minor", "4 - Cosmetic")),
    ("Root cause", "select", ("Carrier", "Warehouse", "Supplier", "Our mistake", "Unclear")),
    ("Remedy wanted", "multiselect", ("Refund", "Replacement", "Repair", "Apology", "Voucher")),
    ("Sales channel", "radio", ("Web shop", "Marketplace", "Store", "Phone")),
    ("Land", "select", ("Deutschland", "Österreich", "Schweiz", "France", "Portugal", "España")),
    ("Language of customer", "select", ("de", "fr", "en", "pt", "es", "it", "nl")),
    ("Amount claimed", "number", ()),
    ("Amount refunded", "number", ()),
    ("Date of purchase", "date", ()),
    ("Promised until", "datetime", ()),
    ("Product family", "cascading", ("Kitchen", "Light", "Audio", "Furniture")),
    ("Account manager", "user", ()),
    ("Also involved", "users", ()),
    ("What the customer said", "textarea", ()),
    ("Internal findings", "textarea", ()),
    ("Tracking link", "url", ()),
    ("Escalation board", "group", ()),
    ("Informed groups", "groups", ()),
    ("Themes", "labels", ()),
    ("Affected releases", "versions", ()),
    ("Regulated case", "checkboxes", ("Yes", "Reported to authority")),
    ("Source system id", "readonly", ()),
    ("Widget of an app", "any", ()),
)
FILLERS = (
    ("Story points {}", "number"), ("Team note {}", "textarea"), ("Legacy code {}", "text"), ("Reviewed on {}", "date"),
    ("Quality gate {}", "select"), ("Checklist {}", "checkboxes"), ("Cost centre {}", "text"), ("Partner {}", "user"),
    ("Region {}", "multiselect"), ("Follow up at {}", "datetime"), ("Keywords {}", "labels"), ("Reference {}", "url"),
)  # fmt: skip
SAID = (
    "The kettle leaks and nobody answers my messages. I want my money back.",
    "Die Lampe kam zerbrochen an. Ich warte seit zwei Wochen auf Ersatz.",
    "Le colis n'est jamais arrivé et le service client ne répond pas.",
    "A cadeira veio com um pé partido. Quero a devolução do dinheiro.",
    "Me han cobrado dos veces el mismo pedido y nadie lo corrige.",
    "Le cuffie non si accendono più dopo tre giorni.",
    "De levering is al drie keer verzet. Dit is onacceptabel.",
    "Could you tell me when the shop in the harbour street opens?",
)
ANSWERED = (
    "Thank you for writing. We are looking into it.",
    "Es tut uns leid. Der Ersatz geht heute auf den Weg.",
    "Nous vous remboursons sous cinq jours.",
    "Pedimos desculpa pela demora.",
)
NOTED = ("Carrier says delivered, no signature.", "Third time for this customer.", "Supplier lot 7, see other cases.")


def fill(
    jira: Jira, *, issues: int = 200, fields: int = 150, seed: int = 1, since: datetime | None = None
) -> list[int]:
    """Adds projects, fields and `issues` issues spread over the 90 days up to now (or from `since` on); their ids."""
    chance, begin = random.Random(seed), since or jira.now() - timedelta(days=90)
    for number, key, name in PROJECTS:
        jira.admin_adds_project(number, key, name)
    rates = _add_fields(jira, chance, fields - len(content.FIELDS))
    people = [_customer(jira, n) for n in range(max(2, issues // 4))]
    step = (jira.now() - begin) / max(1, issues)
    return [_one(jira, chance, begin + step * n, chance.choice(people), rates) for n in range(issues)]


def _customer(jira: Jira, number: int) -> str:
    names = ("Mara", "Jonas", "Élise", "Tiago", "Lucía", "Giulia", "Sanne", "Olive")
    surnames = ("Adler", "Brandt", "Chevalier", "Duarte", "Esteban", "Ferri", "Groen", "Hill", "Iversen")
    name = f"{names[number % len(names)]} {surnames[number % len(surnames)]} {number}"
    return jira.add_customer(name, f"person{number}@example.net", hidden_email=number % 5 == 0)


def _add_fields(jira: Jira, chance: random.Random, count: int) -> dict[str, float]:
    """Adds `count` fields; the share of issues that fill each, by id."""
    rates: dict[str, float] = {}
    for n in range(count):
        name, kind, options = NAMED[n] if n < len(NAMED) else _filler(n - len(NAMED))
        spec = FieldSpec(f"customfield_{FIRST_FIELD + n}", name, kind, _options(kind, options, FIRST_OPTION + n * 100))
        if n >= len(NAMED):
            spec.projects = tuple(chance.sample(sorted(jira.projects), k=chance.randint(1, 3)))
        jira.fields[spec.id] = spec
        rates[spec.id] = max(0.01, 0.9 - n * 0.03) if n < len(NAMED) else chance.choice((0.0, 0.01, 0.05, 0.2))
    return rates


def _filler(number: int) -> tuple[str, str, tuple[str, ...]]:
    name, kind = FILLERS[number % len(FILLERS)]
    choices = ("Yes", "No", "Perhaps") if kind in ("select", "checkboxes", "multiselect") else ()
    return name.format(number // len(FILLERS) + 1), kind, choices


def _options(kind: str, names: tuple[str, ...], first: int) -> dict[int, Any]:
    if kind != "cascading":
        return {first + n: name for n, name in enumerate(names)}
    kinds = ("small", "large")
    return {
        first + n * 10: (name, {first + n * 10 + m: f"{name}, {size}" for m, size in enumerate(kinds, 1)})
        for n, name in enumerate(names)
    }


def _one(jira: Jira, chance: random.Random, start: datetime, customer: str, rates: dict[str, float]) -> int:
    """One issue with its life: opened, answered, noted, perhaps resolved, perhaps reopened, perhaps moved."""
    project, said = chance.choice(COMPLAINING), chance.choice(SAID)
    places = jira.projects[project]
    values = {
        name: _value(chance, jira.fields[name], start)
        for name, rate in rates.items()
        if jira.applies(jira.fields[name], project) and chance.random() < rate
    }
    values = {name: value for name, value in values.items() if value is not None}
    with jira.at(start):
        issue = jira.customer_opens(
            said.split(".")[0],
            said,
            customer,
            project=project,
            request_type=chance.choice(list(content.REQUEST_TYPES)),
            priority=chance.choice(places.priorities),
            labels=chance.sample(("late", "vip", "b2b", "web"), 2),
            fields=values,
        )
    for act in _life(chance, places.statuses):
        start += timedelta(minutes=chance.randint(5, 3000))
        if start >= jira.now():
            break
        with jira.at(start):
            act(jira, issue)
    return issue


def _life(chance: random.Random, statuses: tuple[int, ...]) -> list[Any]:
    reply, note = chance.choice(ANSWERED), chance.choice(NOTED)
    staff = chance.choice((content.ANA, content.BEN, content.CARLA))
    acts: list[Any] = [
        lambda jira, issue: jira.agent_sets(issue, by=staff, assignee=staff),
        lambda jira, issue: jira.agent_comments(issue, as_document(reply), by=staff, status=statuses[1]),
        lambda jira, issue: jira.agent_notes(issue, note, by=staff),
        lambda jira, issue: jira.customer_comments(issue, chance.choice(SAID)),
        lambda jira, issue: jira.agent_sets(
            issue, by=content.APP, status=chance.choice(statuses), add_labels=["sorted"]
        ),
        lambda jira, issue: jira.agent_sets(issue, by=staff, priority=content.HIGH),
    ]
    return acts[: chance.randint(0, len(acts))]


def _value(chance: random.Random, spec: FieldSpec, start: datetime) -> JSON:
    """A kept value (see `kinds`) such as people enter; None where this kind is not filled by hand."""
    enter = ENTERED.get(spec.kind)
    return enter(chance, spec, start) if enter else None


def _code(chance: random.Random, spec: FieldSpec, start: datetime) -> JSON:
    return f"{spec.name[:2].upper()}-{chance.randint(10_000, 99_999)}"


def _some_options(chance: random.Random, spec: FieldSpec, start: datetime) -> JSON:
    return tuple(chance.sample(list(spec.options), chance.randint(1, 2)))


def _pair(chance: random.Random, spec: FieldSpec, start: datetime) -> JSON:
    parent = chance.choice(list(spec.options))
    return parent, parent + 1 if chance.random() < 0.8 else None


STAFF = (content.ANA, content.BEN, content.CARLA)
THEMES = ("delivery", "price", "quality", "staff", "website")
ENTERED: dict[str, Callable[[random.Random, FieldSpec, datetime], JSON]] = {
    "text": _code,
    "readonly": _code,
    "url": lambda chance, spec, start: f"https://track.example.com/{chance.randint(10**6, 10**7)}",
    "number": lambda chance, spec, start: round(chance.uniform(1, 500), 2),
    "date": lambda chance, spec, start: (start - timedelta(days=chance.randint(1, 40))).date().isoformat(),
    "datetime": lambda chance, spec, start: start + timedelta(days=chance.randint(1, 10)),
    "textarea": lambda chance, spec, start: as_document(chance.choice(SAID)),
    "select": lambda chance, spec, start: chance.choice(list(spec.options)),
    "radio": lambda chance, spec, start: chance.choice(list(spec.options)),
    "multiselect": _some_options,
    "checkboxes": _some_options,
    "cascading": _pair,
    "user": lambda chance, spec, start: chance.choice(STAFF),
    "users": lambda chance, spec, start: tuple(chance.sample(STAFF, 2)),
    "labels": lambda chance, spec, start: tuple(chance.sample(THEMES, 2)),
    "group": lambda chance, spec, start: chance.choice(content.GROUPS),
    "groups": lambda chance, spec, start: content.GROUPS[:2],
    "any": lambda chance, spec, start: {"score": chance.randint(1, 10), "source": "app"},
}
