"""What a fresh sandbox site holds: people, projects, workflows and fields under fixed ids. Read by `records`, tests and
the demo's mapping, which all name the same ids.
"""

from __future__ import annotations

import msgspec

CLOUD_ID = "5f0c9a1e-7d4b-4a53-9e1c-2b7a6c5d4e3f"
CLIENT_ID, CLIENT_SECRET = "amends-app", "sandbox-secret"
API_TOKEN = "sandbox-api-token"  # Basic, with an e-mail address, at the site
SCOPED_TOKEN = "sandbox-scoped-token"  # Basic or Bearer, through the gateway only
ACCESS_TOKEN = "sandbox-access-token"  # OAuth, through the gateway only
REFRESH_TOKEN = "sandbox-refresh-token"
PAT = "sandbox-personal-token"  # Bearer, Data Center only
EMAIL = "amends@example.com"

INTEGRATION, ANA, BEN, CARLA = "712020:0a-amends", "712020:1b-ana", "712020:2c-ben", "712020:3d-carla"
APP = "557058:4e-rules"


class Person(msgspec.Struct):
    """`account_type` is atlassian, app or customer; `username` and `key` are how Data Center names people."""

    account_id: str
    display_name: str
    email: str | None
    account_type: str = "atlassian"
    time_zone: str = "Europe/Lisbon"
    username: str = ""
    key: str = ""
    hidden_email: bool = False
    active: bool = True


PEOPLE = (
    Person(INTEGRATION, "Amends", EMAIL, username="amends", key="JIRAUSER10100"),
    Person(ANA, "Ana Ribeiro", "ana@example.com", username="ana", key="JIRAUSER10101"),
    Person(BEN, "Ben Carter", "ben@example.com", username="ben", key="JIRAUSER10102"),
    Person(CARLA, "Carla Nunes", "carla@example.com", username="carla", key="JIRAUSER10103"),
    Person(APP, "Automation for Jira", None, "app", username="automation", key="JIRAUSER10104"),
)
ROLES = {10002: "Administrators", 10003: "Service Desk Team", 10004: "Developers"}
GROUPS = ("jira-users", "service-desk-team", "complaints-board")

CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
STATUSES = {
    1: ("Open", "new"),
    3: ("In Progress", "indeterminate"),
    5: ("Resolved", "done"),
    6: ("Closed", "done"),
    10000: ("To Do", "new"),
    10001: ("In Review", "indeterminate"),
    10002: ("Done", "done"),
    10010: ("Waiting for support", "indeterminate"),
    10011: ("Waiting for customer", "indeterminate"),
    10012: ("Pending", "indeterminate"),
    10013: ("Escalated", "indeterminate"),
    10014: ("Canceled", "done"),
    10015: ("Waiting for the carrier", "indeterminate"),
}
OPEN, IN_PROGRESS, RESOLVED, CLOSED, TO_DO, IN_REVIEW, DONE = 1, 3, 5, 6, 10000, 10001, 10002
WAITING_FOR_SUPPORT, WAITING_FOR_CUSTOMER, PENDING, ESCALATED, CANCELED, CARRIER = (10010 + n for n in range(6))

PRIORITIES = {1: "Highest", 2: "High", 3: "Medium", 4: "Low", 5: "Lowest"}
HIGHEST, HIGH, MEDIUM, LOW, LOWEST = PRIORITIES
RESOLUTIONS = {10000: "Done", 10001: "Won't Do", 10002: "Duplicate", 10003: "Cannot Reproduce"}
ISSUE_TYPES = {
    10001: "Task", 10002: "Bug", 10003: "Complaint", 10004: "Service Request", 10005: "Corrective Action",
}  # fmt: skip
TASK, BUG, COMPLAINT, SERVICE_REQUEST, CORRECTIVE_ACTION = ISSUE_TYPES
LINK_TYPES = {
    10000: ("Blocks", "is blocked by", "blocks"),
    10001: ("Duplicate", "is duplicated by", "duplicates"),
    10002: ("Relates", "relates to", "relates to"),
    10003: ("Causes", "is caused by", "causes"),
}


class Transition(msgspec.Struct, frozen=True):
    """`source` None is a global transition. `screen` names fields that may go with it, `required` those that must."""

    number: int
    name: str
    target: int
    source: int | None = None
    screen: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class Project(msgspec.Struct):
    """`kind` is software or service_desk. `statuses` begins with the one new issues get."""

    number: int
    key: str
    name: str
    kind: str
    types: tuple[int, ...]
    statuses: tuple[int, ...]
    transitions: tuple[Transition, ...]
    priorities: tuple[int, ...] = tuple(PRIORITIES)
    components: dict[int, str] = msgspec.field(default_factory=dict)
    versions: dict[int, str] = msgspec.field(default_factory=dict)

    @property
    def desk(self) -> bool:
        return self.kind == "service_desk"


def _free(*statuses: int, screens: dict[int, tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[Transition, ...]:
    """One global transition into each status, with its screen."""
    return tuple(
        Transition(11 + 10 * n, STATUSES[one][0], one, None, *screens.get(one, ((), ())))
        for n, one in enumerate(statuses)
    )


CARE_STATUSES = (
    WAITING_FOR_SUPPORT, WAITING_FOR_CUSTOMER, PENDING, ESCALATED, IN_PROGRESS, RESOLVED, CLOSED, CANCELED, CARRIER,
)  # fmt: skip
OPS, CARE, SHOP = "OPS", "CARE", "SHOP"
PROJECTS = (
    Project(
        10000, OPS, "Operations", "software", (TASK, BUG, CORRECTIVE_ACTION), (TO_DO, IN_PROGRESS, IN_REVIEW, DONE),
        (
            Transition(11, "Start progress", IN_PROGRESS, TO_DO),
            Transition(21, "Ask for review", IN_REVIEW, IN_PROGRESS),
            Transition(31, "Done", DONE, IN_REVIEW, ("resolution", "customfield_10015"), ("resolution",)),
            Transition(41, "Close", DONE, IN_PROGRESS, ("resolution", "customfield_10015"), ("customfield_10015",)),
            Transition(51, "Reopen", TO_DO, DONE),
        ),
        components={10100: "Warehouse", 10101: "Billing"},
        versions={10200: "2026.1", 10201: "2026.2"},
    ),
    Project(
        10001, CARE, "Customer Care", "service_desk", (SERVICE_REQUEST, COMPLAINT),
        CARE_STATUSES,
        _free(
            *CARE_STATUSES,
            screens={RESOLVED: (("resolution",), ("resolution",))},
        ),
        priorities=(HIGHEST, HIGH, MEDIUM, LOW),
    ),
    Project(
        10002, SHOP, "Shop complaints", "software", (COMPLAINT, TASK), (OPEN, IN_PROGRESS, CARRIER, DONE),
        _free(OPEN, IN_PROGRESS, CARRIER, DONE, screens={}),
        components={10110: "Delivery", 10111: "Returns"},
        versions={10210: "Spring", 10211: "Autumn"},
    ),
)  # fmt: skip

REQUEST_TYPES = {
    101: ("Complaint", COMPLAINT),
    102: ("Ask a question", SERVICE_REQUEST),
    103: ("Refund", SERVICE_REQUEST),
}
SERVICE_DESK = 1
ORGANIZATIONS = {201: "Northwind Traders", 202: "Harbour Hotels"}


class FieldSpec(msgspec.Struct):
    """A custom field: `kind` is one of `kinds.KINDS`. `options` are values by id, of a cascading field also
    (value, children by id). `projects` is () for all. `screens` says where it can be set, `required` where a new issue
    must have it."""

    id: str
    name: str
    kind: str
    options: dict[int, str | tuple[str, dict[int, str]]] = msgspec.field(default_factory=dict)
    projects: tuple[str, ...] = ()
    screens: tuple[str, ...] = ("create", "edit")
    required: tuple[str, ...] = ()
    goal_seconds: int = 0


def _field(number: int) -> str:
    return f"customfield_{number}"


ORDER_NUMBER, PRODUCT, ABOUT, REFUND, CHANNELS, REASON = map(_field, range(10010, 10016))
CONTACT, VIP, HAPPENED_ON, CALL_BACK_AT, TEAM, KEYWORDS = map(_field, range(10016, 10022))
REQUEST_TYPE, ORGANIZATION, PARTICIPANTS, FIRST_RESPONSE, RESOLUTION, SATISFACTION = map(_field, range(10030, 10036))
FIELDS = (
    FieldSpec(ORDER_NUMBER, "Order number", "text"),
    FieldSpec(PRODUCT, "Product", "select", {10300: "Kettle", 10301: "Lamp", 10302: "Headphones", 10303: "Chair"}),
    FieldSpec(ABOUT, "Complaint about", "cascading", {
        10310: ("Delivery", {10311: "Late", 10312: "Lost", 10313: "Damaged"}),
        10320: ("Billing", {10321: "Charged twice", 10322: "Wrong price"}),
        10330: ("Quality", {10331: "Broken", 10332: "Not as described"}),
    }),
    FieldSpec(REFUND, "Refund", "number"),
    FieldSpec(CHANNELS, "Channels used", "multiselect", {10340: "E-mail", 10341: "Phone", 10342: "Chat"}),
    FieldSpec(REASON, "Escalation reason", "textarea"),
    FieldSpec(CONTACT, "Contact", "user"),
    FieldSpec(VIP, "Treatment", "checkboxes", {10350: "VIP", 10351: "Vulnerable"}),
    FieldSpec(HAPPENED_ON, "Happened on", "date"),
    FieldSpec(CALL_BACK_AT, "Call back at", "datetime", screens=("edit",)),
    FieldSpec(TEAM, "Responsible group", "group"),
    FieldSpec(KEYWORDS, "Keywords", "labels"),
    FieldSpec(REQUEST_TYPE, "Request Type", "request_type", projects=(CARE,), screens=()),
    FieldSpec(ORGANIZATION, "Organizations", "organizations", projects=(CARE,)),
    FieldSpec(PARTICIPANTS, "Request participants", "participants", projects=(CARE,)),
    FieldSpec(FIRST_RESPONSE, "Time to first response", "sla", projects=(CARE,), screens=(), goal_seconds=4 * 3600),
    FieldSpec(RESOLUTION, "Time to resolution", "sla", projects=(CARE,), screens=(), goal_seconds=40 * 3600),
    FieldSpec(SATISFACTION, "Satisfaction", "feedback", projects=(CARE,), screens=()),
)  # fmt: skip
