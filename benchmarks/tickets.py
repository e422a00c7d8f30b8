"""Synthetic Zendesk tickets, users and metric sets: the same ones each time. Called by `server`.

Shapes follow the vendor's public reference: about 2.4 KB of JSON a ticket, a metric set of 1 KB beside it where asked
for. Texts are put together from sentences in six languages, so that each ticket says something else; a third of them
are questions and thanks, not complaints.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

JSONObject = dict[str, Any]

NEWEST = datetime(2026, 10, 31, tzinfo=UTC)
SPAN = timedelta(days=730)
FIRST_USER, FIRST_AGENT, FIRST_GROUP, FIRST_FIELD = (
    1_500_000_000_000,
    1_400_000_000_000,
    380_000_000_000,
    360_000_000_000,
)
AGENTS = 60
STATUSES = (
    "new",
    "open",
    "open",
    "open",
    "pending",
    "hold",
    "solved",
    "solved",
    "solved",
    "closed",
    "closed",
    "closed",
)

SUBJECTS = {
    "en": (
        "Order {n} never arrived",
        "Charged twice for {n}",
        "Refund for {n}?",
        "App crashes on login",
        "Question about {n}",
    ),
    "de": ("Bestellung {n} nicht angekommen", "Doppelt abgebucht: {n}", "Reklamation {n}", "Frage zu {n}", "Danke"),
    "fr": ("Commande {n} jamais reçue", "Débité deux fois pour {n}", "Remboursement {n}", "Question sur {n}", "Merci"),
    "es": ("El pedido {n} no ha llegado", "Cobro duplicado {n}", "Reembolso de {n}", "Duda sobre {n}", "Gracias"),
    "it": ("Ordine {n} mai arrivato", "Addebito doppio {n}", "Rimborso per {n}", "Domanda su {n}", "Grazie"),
    "nl": (
        "Bestelling {n} niet ontvangen",
        "Dubbel afgeschreven: {n}",
        "Terugbetaling {n}",
        "Vraag over {n}",
        "Bedankt",
    ),
}
COMPLAINTS = {
    "en": (
        "I ordered on {d} and the parcel has still not been delivered, although tracking says it was.",
        "You took {a} from my account twice and nobody answers my emails.",
        "The driver was rude and left the box in the rain, everything inside is broken.",
        "This is the third time I write about it; I want my money back and an apology.",
        "If this is not solved by Friday I will go to the ombudsman.",
        "The app shows an error each time I try to pay, support kept me waiting for an hour.",
    ),
    "de": (
        "Ich habe am {d} bestellt, das Paket ist immer noch nicht da.",
        "Sie haben {a} doppelt abgebucht und niemand antwortet auf meine Mails.",
        "Der Fahrer war unverschämt, die Ware ist beschädigt.",
        "Das ist meine dritte Beschwerde. Ich verlange mein Geld zurück.",
        "Wenn bis Freitag nichts passiert, wende ich mich an die Verbraucherzentrale.",
    ),
    "fr": (
        "J'ai commandé le {d} et le colis n'est toujours pas arrivé.",
        "Vous avez débité {a} deux fois et personne ne répond.",
        "Le livreur était très impoli et le produit est cassé.",
        "C'est ma troisième réclamation, je veux être remboursé.",
    ),
    "es": (
        "Hice el pedido el {d} y el paquete todavía no ha llegado.",
        "Me han cobrado {a} dos veces y nadie contesta.",
        "El repartidor fue muy grosero y el producto está roto.",
        "Es la tercera vez que me quejo, quiero que me devuelvan el dinero.",
    ),
    "it": (
        "Ho ordinato il {d} e il pacco non è ancora arrivato.",
        "Avete addebitato {a} due volte e nessuno risponde.",
        "Il corriere è stato maleducato e il prodotto è rotto.",
        "È il mio terzo reclamo, voglio il rimborso.",
    ),
    "nl": (
        "Ik heb op {d} besteld en het pakket is nog steeds niet bezorgd.",
        "U heeft {a} dubbel afgeschreven en niemand antwoordt.",
        "De bezorger was onbeleefd en het product is kapot.",
        "Dit is mijn derde klacht, ik wil mijn geld terug.",
    ),
}
OTHER = {
    "en": (
        "Could you tell me your opening hours on {d}?",
        "Thank you, that was quick and very kind.",
        "Please change my address.",
    ),
    "de": ("Wie sind Ihre Öffnungszeiten am {d}?", "Vielen Dank, das ging schnell.", "Bitte ändern Sie meine Adresse."),
    "fr": ("Quels sont vos horaires le {d} ?", "Merci beaucoup, c'était rapide.", "Merci de changer mon adresse."),
    "es": ("¿Cuál es su horario el {d}?", "Muchas gracias, fue muy rápido.", "Por favor, cambien mi dirección."),
    "it": ("Quali sono gli orari il {d}?", "Grazie mille, siete stati veloci.", "Vorrei cambiare indirizzo."),
    "nl": ("Wat zijn de openingstijden op {d}?", "Hartelijk dank, dat ging snel.", "Graag mijn adres wijzigen."),
}
GREETING = {
    "en": "Hello,",
    "de": "Guten Tag,",
    "fr": "Bonjour,",
    "es": "Buenos días,",
    "it": "Buongiorno,",
    "nl": "Goedendag,",
}
LANGUAGES = ("en", "en", "en", "de", "de", "fr", "es", "it", "nl")


class Item(NamedTuple):
    """One ticket with what is sideloaded for it; `changed` is the second of its newest change."""

    changed: int
    ticket: JSONObject
    metric_set: JSONObject


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def people(tickets: int) -> tuple[list[JSONObject], list[JSONObject]]:
    """Customers (one for six tickets) and agents."""
    customers = [_user(FIRST_USER + number, number, "end-user") for number in range(max(50, tickets // 6))]
    return customers, [_user(FIRST_AGENT + number, number, "agent") for number in range(AGENTS)]


def items(count: int, seed: int = 7) -> Iterator[Item]:
    """`count` tickets, oldest change first, as the incremental export gives them."""
    random = Random(seed)
    customers = max(50, count // 6)
    opened = sorted(random.random() for _ in range(count))
    made = [_item(random, number + 1, NEWEST - SPAN * (1 - part), customers) for number, part in enumerate(opened)]
    return iter(sorted(made, key=lambda item: (item.changed, item.ticket["id"])))


def _user(key: int, number: int, role: str) -> JSONObject:
    created = stamp(NEWEST - SPAN - timedelta(minutes=number))
    return {
        "id": key,
        "url": f"https://bench.zendesk.com/api/v2/users/{key}.json",
        "name": f"{role.title()} {number}",
        "email": f"{role}{number}@example.net",
        "created_at": created,
        "updated_at": created,
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": None if number % 3 else f"+49170{number:07d}",
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None,
        "role": role,
        "verified": True,
        "external_id": f"crm-{number}" if number % 5 == 0 else None,
        "tags": ["vip"] if number % 50 == 0 else [],
        "active": True,
        "shared": False,
        "last_login_at": created,
        "notes": None,
        "details": None,
        "suspended": False,
        "default_group_id": FIRST_GROUP if role == "agent" else None,
        "user_fields": {"segment": "retail", "contract": f"C{number:08d}"},
    }


def _text(random: Random, opened: datetime) -> tuple[str, str]:
    language = random.choice(LANGUAGES)
    pool = COMPLAINTS[language] if random.random() < 0.66 else OTHER[language]
    sentences = random.sample(pool, k=min(len(pool), random.randint(1, 4)))
    number = f"#{random.randrange(10**7):07d}"
    values = {"n": number, "d": opened.strftime("%d.%m."), "a": f"{random.randrange(900, 30_000) / 100:.2f} EUR"}
    body = " ".join(sentence.format(**values) for sentence in sentences)
    subject = random.choice(SUBJECTS[language]).format(**values)
    return (
        subject,
        f"{GREETING[language]}\n\n{body}\n{number}\n\n{random.choice('ABCDEFGHKLMNPRST')}. {random.randrange(10**6)}",
    )


def _item(random: Random, key: int, opened: datetime, customers: int) -> Item:
    opened = opened.replace(microsecond=0)
    lasted = timedelta(seconds=60 + int(random.random() ** 3 * 60 * 86_400))
    changed = min(NEWEST, opened + lasted)
    status = random.choice(STATUSES)
    subject, body = _text(random, opened)
    # A few people write again and again, so that there is somebody who repeats.
    who = int(customers * random.random() ** (4 if random.random() < 0.3 else 1))
    ticket = _ticket(random, key, status, opened, changed, who, subject, body)
    return Item(int(changed.timestamp()), ticket, _metric_set(random, key, status, opened, changed))


def _ticket(
    random: Random, key: int, status: str, opened: datetime, changed: datetime, who: int, subject: str, body: str
) -> JSONObject:
    solved = status in ("solved", "closed")
    values = (
        subject.rsplit("#", 1)[-1],
        f"line_{random.randrange(12)}",
        f"reason_{random.randrange(8)}" if random.random() < 0.7 else None,
        random.choice(("gb", "de", "fr", "es", "it", "nl")),
        f"cause_{random.randrange(6)}" if solved else None,
        f"{random.random() * 90:.2f}" if random.random() < 0.1 else None,
        stamp(opened)[:10],
        random.random() < 0.04,
        random.random() < 0.01,
        random.randrange(400),
        f"channel_{random.randrange(6)}",
        None,
        f"team_{random.randrange(30)}",
        [f"service_{random.randrange(9)}" for _ in range(random.randrange(3))],
        None,
    )
    fields = [{"id": FIRST_FIELD + place, "value": value} for place, value in enumerate(values)]
    channel = random.choice(("email", "web", "api", "native_messaging"))
    sender = {"address": f"end-user{who}@example.net", "name": f"End-User {who}"} if channel == "email" else {}
    return {
        "url": f"https://bench.zendesk.com/api/v2/tickets/{key}.json",
        "id": key,
        "external_id": None,
        "via": {"channel": channel, "source": {"from": sender, "to": {}, "rel": None}},
        "created_at": stamp(opened),
        "updated_at": stamp(changed),
        "generated_timestamp": int(changed.timestamp()),
        "type": random.choice((None, "question", "incident", "problem")),
        "subject": subject,
        "raw_subject": subject,
        "description": body,
        "priority": random.choice((None, "low", "normal", "high", "urgent")),
        "status": status,
        "recipient": None,
        "requester_id": FIRST_USER + who,
        "submitter_id": FIRST_USER + who,
        "assignee_id": FIRST_AGENT + key % AGENTS if status != "new" else None,
        "organization_id": None,
        "group_id": FIRST_GROUP + key % 8,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": sorted({f"line_{key % 12}", f"country_{key % 6}", "complaint" if key % 3 else "other"}),
        "custom_fields": fields,
        "satisfaction_rating": {"score": "offered" if solved else "unoffered"},
        "sharing_agreement_ids": [],
        "custom_status_id": 1_900_000_000_000 + len(status),
        "encoded_id": f"{key:X}-BENCH",
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": 395_000_000_000,
        "brand_id": 390_000_000_000,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": channel == "native_messaging",
    }


def _metric_set(random: Random, key: int, status: str, opened: datetime, changed: datetime) -> JSONObject:
    first_reply, whole = random.randrange(3_000), int((changed - opened).total_seconds() // 60)
    half_way, end = stamp(opened + (changed - opened) / 2), stamp(changed)
    return {
        "url": f"https://bench.zendesk.com/api/v2/ticket_metrics/{key}.json",
        "id": 430_000_000_000 + key,
        "ticket_id": key,
        "created_at": stamp(opened),
        "updated_at": end,
        "group_stations": 1,
        "assignee_stations": 1,
        "reopens": 0,
        "replies": random.randrange(6),
        "assignee_updated_at": half_way,
        "requester_updated_at": half_way,
        "status_updated_at": end,
        "initially_assigned_at": half_way,
        "assigned_at": half_way,
        "solved_at": end if status in ("solved", "closed") else None,
        "latest_comment_added_at": end,
        "custom_status_updated_at": end,
        "reply_time_in_minutes": {"calendar": first_reply, "business": first_reply // 3},
        "first_resolution_time_in_minutes": {"calendar": whole, "business": whole // 3},
        "full_resolution_time_in_minutes": {"calendar": whole, "business": whole // 3},
        "agent_wait_time_in_minutes": {"calendar": first_reply, "business": first_reply // 3},
        "requester_wait_time_in_minutes": {"calendar": whole, "business": whole // 3},
        "on_hold_time_in_minutes": {"calendar": 0, "business": 0},
    }
