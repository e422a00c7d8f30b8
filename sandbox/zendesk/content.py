"""What a fresh sandbox account holds: people, groups, fields and statuses under fixed ids. Read by `account`, tests
and the demo's mapping, which all name the same ids.
"""

from __future__ import annotations

INTEGRATION, ANA, BEN, CARLA = 900_001, 900_002, 900_003, 900_004
STAFF = (
    (INTEGRATION, "Amends", "amends@example.com", "admin"),
    (ANA, "Ana Ribeiro", "ana@example.com", "agent"),
    (BEN, "Ben Carter", "ben@example.com", "agent"),
    (CARLA, "Carla Nunes", "carla@example.com", "admin"),
)

SUPPORT, COMPLAINTS, BILLING = 800_001, 800_002, 800_003
GROUPS = ((SUPPORT, "Support"), (COMPLAINTS, "Complaints"), (BILLING, "Billing"))

BRAND, FORM = 700_001, 710_001

PRIORITIES = ("low", "normal", "high", "urgent")
TYPES = ("problem", "incident", "question", "task")
CATEGORIES = ("new", "open", "pending", "hold", "solved")

STATUS_WAITING_FOR_CARRIER = 720_006
STATUSES = (
    (720_001, "New", "new", True),
    (720_002, "Open", "open", True),
    (720_003, "Pending", "pending", True),
    (720_004, "On-hold", "hold", True),
    (720_005, "Solved", "solved", True),
    (STATUS_WAITING_FOR_CARRIER, "Waiting for the carrier", "hold", False),
)

ORDER_NUMBER, PRODUCT, CATEGORY, REFUND, VIP, REASON = (360_000_000_008 + n for n in range(6))
SYSTEM_FIELDS = (
    (360_000_000_001, "Subject", "subject", ()),
    (360_000_000_002, "Description", "description", ()),
    (360_000_000_003, "Status", "status", tuple((one, one.title()) for one in (*CATEGORIES, "closed"))),
    (360_000_000_004, "Type", "tickettype", tuple((one, one.title()) for one in TYPES)),
    (360_000_000_005, "Priority", "priority", tuple((one, one.title()) for one in PRIORITIES)),
    (360_000_000_006, "Group", "group", ()),
    (360_000_000_007, "Assignee", "assignee", ()),
)
CUSTOM_FIELDS = (
    (ORDER_NUMBER, "Order number", "text", ()),
    (
        PRODUCT,
        "Product",
        "tagger",
        (("prod_kettle", "Kettle"), ("prod_lamp", "Lamp"), ("prod_headphones", "Headphones"), ("prod_chair", "Chair")),
    ),
    (
        CATEGORY,
        "Complaint about",
        "tagger",
        (("cat_delivery", "Delivery"), ("cat_billing", "Billing"), ("cat_quality", "Quality"), ("cat_staff", "Staff")),
    ),
    (REFUND, "Refund", "decimal", ()),
    (VIP, "VIP", "checkbox", ()),
    (REASON, "Escalation reason", "text", ()),
)

CLIENT_ID, CLIENT_SECRET = "amends", "sandbox-secret"
API_TOKEN = "sandbox-api-token"
ACCESS_TOKEN = "sandbox-access-token"
