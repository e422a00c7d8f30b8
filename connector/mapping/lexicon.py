"""What fields and statuses are called in many companies: the words by which `suggesting` knows them; data only.

Folded as `folded` does: lower case, no accents, blanks for all else. Each line is one language: English, German,
French, Spanish, Portuguese, Italian, Dutch.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from connector.model import Priority, Status

_NO_WORD = re.compile(r"[^a-z0-9]+")

# Complaint field → what such a field is called at the source.
FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "product": (
        "product", "product name", "item", "model", "device", "affected product",
        "produkt", "produktname", "artikel", "modell", "gerat",
        "produit", "article", "modele", "appareil",
        "producto", "articulo", "modelo", "dispositivo",
        "produto", "artigo",
        "prodotto", "articolo", "modello",
        "productnaam", "apparaat",
    ),
    "order_number": (
        "order number", "order no", "order id", "order", "order reference", "purchase order",
        "bestellnummer", "auftragsnummer", "bestell nr", "bestellnr", "auftrag",
        "numero de commande", "commande", "n de commande", "reference commande",
        "numero de pedido", "pedido",
        "numero do pedido", "numero da encomenda", "encomenda",
        "numero ordine", "numero d ordine", "ordine",
        "bestelnummer", "ordernummer",
    ),
    "language": ("language", "locale", "sprache", "kundensprache", "langue", "idioma", "lingua", "taal"),
    "channel": (
        "channel", "contact channel", "intake channel", "request channel",
        "kanal", "eingangskanal", "kontaktkanal", "canal", "canal de contact", "canal de contacto",
        "canal de contato", "canale", "kanaal",
    ),
    "team": (
        "team", "group", "assignment group", "department", "responsible team",
        "gruppe", "abteilung", "fachbereich", "equipe", "groupe", "departement",
        "equipo", "grupo", "departamento", "gruppo", "reparto", "groep", "afdeling",
    ),
    "outcome": (
        "outcome", "complaint outcome", "decision", "ergebnis", "entscheidung", "resultat", "resultado",
        "decision final", "esito", "uitkomst", "besluit",
    ),
    "requester.name": (
        "customer name", "client name", "complainant", "kundenname", "name des kunden", "nom du client",
        "nombre del cliente", "nome do cliente", "nome cliente", "nome del cliente", "klantnaam", "naam klant",
    ),
    "requester.address": (
        "email", "e mail", "customer email", "email address", "e mail adresse", "kunden e mail", "courriel",
        "adresse e mail", "correo", "correo electronico", "posta elettronica", "indirizzo e mail", "e mailadres",
    ),
    "requester.phone": (
        "phone", "telephone", "phone number", "mobile", "telefon", "telefonnummer", "rufnummer", "handy", "portable",
        "numero de telephone", "telefono", "movil", "numero de telefono", "telefone", "telemovel", "celular",
        "cellulare", "numero di telefono", "telefoon", "telefoonnummer", "mobiel",
    ),
    "extra.branch": (
        "branch", "store", "shop", "location", "filiale", "standort", "niederlassung", "markt", "agence", "magasin",
        "succursale", "sucursal", "tienda", "filial", "loja", "agencia", "negozio", "punto vendita", "sede",
        "vestiging", "filiaal", "winkel",
    ),
    "extra.severity": (
        "severity", "impact", "urgency", "schweregrad", "auswirkung", "dringlichkeit", "gravite", "severite", "impacto",
        "gravedad", "severidad", "gravidade", "severidade", "gravita", "ernst", "impatto",
    ),
    "extra.category": (
        "category", "complaint category", "complaint type", "complaint reason", "reason", "kategorie",
        "beschwerdegrund", "beschwerdeart", "reklamationsgrund", "categorie", "motif", "motif de reclamation",
        "categoria", "motivo", "motivo da reclamacao", "tipo de reclamacion", "motivo del reclamo", "klachttype",
        "klachtreden",
    ),
    "extra.root_cause": (
        "root cause", "cause", "ursache", "grundursache", "cause racine", "causa raiz", "causa", "causa principale",
        "oorzaak",
    ),
    "extra.remedy": (
        "remedy", "desired remedy", "desired outcome", "compensation", "gewunschte losung", "kulanz",
        "wiedergutmachung", "reparation souhaitee", "dedommagement", "compensacion", "compensacao", "rimedio",
        "risarcimento", "compensatie",
    ),
    "extra.customer_number": (
        "customer number", "customer id", "client id", "account number", "kundennummer", "kunden nr", "numero client",
        "numero de client", "numero de cliente", "numero do cliente", "codice cliente", "numero cliente", "klantnummer",
    ),
    "extra.serial_number": (
        "serial number", "serial no", "seriennummer", "numero de serie", "numero di serie", "serienummer",
    ),
    "extra.batch": ("batch", "batch number", "lot", "lot number", "charge", "chargennummer", "lote", "lotto", "partij"),
    "extra.amount": (
        "amount", "refund amount", "order value", "betrag", "erstattungsbetrag", "montant", "importe", "valor",
        "importo", "bedrag",
    ),
    "extra.country": ("country", "land", "pays", "pais", "paese"),
    "extra.request_type": ("request type", "customer request type", "anfragetyp", "type de demande"),
    "extra.organization": ("organization", "organisation", "organizations", "company", "firma", "empresa", "azienda"),
}  # fmt: skip

# What kinds of field can hold it; a complaint field without a line here may be in any.
FIELD_TYPES: dict[str, frozenset[str]] = {
    "product": frozenset({"choice", "choices", "text", "labels"}),
    "order_number": frozenset({"text", "number"}),
    "language": frozenset({"choice", "text"}),
    "channel": frozenset({"choice", "text"}),
    "team": frozenset({"choice", "text"}),
    "outcome": frozenset({"choice"}),
    "requester.name": frozenset({"text"}),
    "requester.address": frozenset({"text"}),
    "requester.phone": frozenset({"text", "number"}),
    "extra.branch": frozenset({"choice", "text"}),
    "extra.severity": frozenset({"choice"}),
    "extra.category": frozenset({"choice", "choices"}),
    "extra.root_cause": frozenset({"choice", "choices", "text"}),
    "extra.remedy": frozenset({"choice", "choices", "text"}),
    "extra.customer_number": frozenset({"text", "number"}),
    "extra.serial_number": frozenset({"text", "number"}),
    "extra.batch": frozenset({"text", "choice"}),
    "extra.amount": frozenset({"number"}),
    "extra.country": frozenset({"choice", "text"}),
    "extra.request_type": frozenset({"choice", "text", "other"}),
    "extra.organization": frozenset({"choice", "choices", "text", "labels", "other"}),
}

# A field that says so of itself is no longer used, or never was.
RETIRED = frozenset({
    "old", "deprecated", "obsolete", "unused", "legacy", "test", "alt", "veraltet", "ancien", "obsoleto", "antiguo",
    "antigo", "vecchio", "oud", "copy", "migrated",
})  # fmt: skip

STATUS_NAMES: dict[Status, tuple[str, ...]] = {
    Status.NEW: (
        "new", "to do", "todo", "backlog", "unassigned", "received", "submitted", "triage", "neu", "zu erledigen",
        "eingegangen", "nouveau", "a faire", "recu", "nuevo", "por hacer", "recibido", "novo", "a fazer", "recebido",
        "nuovo", "da fare", "ricevuto", "nieuw", "te doen", "ontvangen",
    ),
    Status.OPEN: (
        "open", "in progress", "reopened", "work in progress", "in review", "under review", "escalated",
        "investigating",
        "under investigation", "waiting for support", "in process", "active", "offen", "in arbeit", "in bearbeitung",
        "wiedereroffnet", "in prufung", "eskaliert", "ouvert", "en cours", "rouvert", "en analyse", "abierto",
        "en progreso", "en curso", "reabierto", "aberto", "em andamento", "em curso", "reaberto", "em analise",
        "aperto", "in corso", "riaperto", "in lavorazione", "in behandeling", "heropend",
    ),
    Status.WAITING_CUSTOMER: (
        "waiting for customer", "waiting on customer", "pending customer", "awaiting customer", "customer reply needed",
        "pending", "waiting for reporter", "awaiting reply", "information requested", "need more info",
        "wartet auf kunde", "warten auf kunde", "warten auf kunden", "ruckfrage kunde", "en attente du client",
        "attente client", "esperando al cliente", "esperando cliente", "a espera do cliente", "aguardando cliente",
        "aguardando o cliente", "in attesa del cliente", "attesa cliente", "wacht op klant", "wachten op klant",
    ),
    Status.WAITING_THIRD_PARTY: (
        "waiting for third party", "waiting for vendor", "waiting for supplier", "pending vendor", "with carrier",
        "waiting for partner", "wartet auf dritte", "wartet auf lieferanten", "warten auf lieferant",
        "attente fournisseur", "en attente du fournisseur", "esperando al proveedor", "aguardando fornecedor",
        "a espera do fornecedor", "in attesa del fornitore", "wacht op leverancier",
    ),
    Status.ON_HOLD: (
        "on hold", "hold", "blocked", "paused", "waiting", "parked", "angehalten", "blockiert", "zuruckgestellt",
        "en attente", "bloque", "en espera", "bloqueado", "suspenso", "em espera", "in attesa", "bloccato",
        "in de wacht", "geblokkeerd", "waiting for approval", "awaiting approval", "wartet auf freigabe",
    ),
    Status.RESOLVED: (
        "resolved", "solved", "done", "fixed", "completed", "complete", "erledigt", "gelost", "fertig", "resolu",
        "termine", "resuelto", "hecho", "resolvido", "concluido", "risolto", "fatto", "completato", "opgelost",
        "gereed",
    ),
    Status.CLOSED: (
        "closed", "archived", "geschlossen", "abgeschlossen", "ferme", "cloture", "clos", "cerrado", "fechado",
        "encerrado", "chiuso", "gesloten", "afgesloten", "declined", "rejected", "wont do", "won t do", "abgelehnt",
        "refuse", "rechazado", "rejeitado", "rifiutato", "afgewezen",
    ),
    Status.WITHDRAWN: (
        "withdrawn", "cancelled", "canceled", "cancelled by customer", "zuruckgezogen", "storniert", "abgebrochen",
        "annule", "retire", "cancelado", "retirado", "annullato", "ritirato", "geannuleerd", "ingetrokken",
    ),
}  # fmt: skip

# A status that begins so waits for somebody; whom, its name says after that.
WAITING_FOR = (
    "waiting for ", "waiting on ", "awaiting ", "pending ", "wartet auf ", "warten auf ", "en attente de ",
    "en attente du ", "attente ", "esperando ", "a espera ", "aguardando ", "in attesa di ", "in attesa del ",
    "wacht op ", "wachten op ",
)  # fmt: skip
US = frozenset({
    "support", "agent", "us", "internal", "team", "approval", "genehmigung", "freigabe", "review", "deployment",
    "release",
})  # fmt: skip

PRIORITY_NAMES: dict[Priority, tuple[str, ...]] = {
    Priority.LOW: (
        "low", "lowest", "minor", "trivial", "p4", "p5", "niedrig", "gering", "basse", "faible", "baja", "bajo",
        "baixa",
        "baixo", "bassa", "basso", "laag", "laagst",
    ),
    Priority.NORMAL: (
        "normal", "medium", "p3", "standard", "mittel", "moyenne", "normale", "media", "medio", "normaal", "gemiddeld",
    ),
    Priority.HIGH: ("high", "major", "p2", "hoch", "haute", "elevee", "alta", "alto", "hoog"),
    Priority.URGENT: (
        "urgent", "highest", "critical", "blocker", "p1", "p0", "immediate", "dringend", "kritisch", "hochste",
        "urgente", "critique", "critica", "critico", "kritiek", "la plus elevee",
    ),
}  # fmt: skip

LANGUAGE_NAMES: dict[str, tuple[str, ...]] = {
    "en": ("english", "englisch", "anglais", "ingles", "inglese", "engels"),
    "de": ("german", "deutsch", "allemand", "aleman", "alemao", "tedesco", "duits"),
    "fr": ("french", "franzosisch", "francais", "frances", "francese", "frans"),
    "es": ("spanish", "spanisch", "espagnol", "espanol", "espanhol", "spagnolo", "spaans"),
    "pt": ("portuguese", "portugiesisch", "portugais", "portugues", "portoghese", "portugees"),
    "it": ("italian", "italienisch", "italien", "italiano", "italiaans"),
    "nl": ("dutch", "niederlandisch", "neerlandais", "neerlandes", "holandes", "olandese", "nederlands"),
}


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Lower case, without accents, with one blank for whatever is neither letter nor digit."""
    bare = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "o"))
    return _NO_WORD.sub(" ", "".join(one for one in bare if not unicodedata.combining(one)).lower()).strip()
