"""The control door of a served site (see `sandbox.http.control`), with GET state, issue?id=… and POST lose, revoke
beside the shared entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.http.control import Door, Wish

if TYPE_CHECKING:
    from sandbox.jira.server import Site

JSON = Any
ACTS = (
    "add_customer", "admin_adds_field", "admin_adds_project", "admin_adds_status", "admin_hides_project",
    "admin_removes_field", "admin_renames_option", "admin_requires_field", "admin_retypes_field",
    "admin_shows_project", "admin_takes_field_off", "agent_comments", "agent_notes", "agent_sets", "backdate",
    "customer_comments", "customer_opens", "delete", "delete_comment", "edit_comment", "link", "loses_from_index",
    "move_to", "rate", "set_zone",
)  # fmt: skip


def _state(site: Site, wish: Wish) -> JSON:
    jira = site.account
    with jira.lock:
        return {
            "now": jira.now().isoformat(timespec="milliseconds"),
            "issues": len(jira.issues),
            "people": len(jira.people),
            "effects": len(jira.ledger),
            "late_writes": site.late_writes(),
            "tokens_issued": jira.doorman.issued,
        }


def _issue(site: Site, wish: Wish) -> JSON:
    jira = site.account
    with jira.lock:
        issue, view = jira.issue(wish["id"]), jira.view(version="2")
        shown = view.issue(issue, ["*all", "-comment"], properties=["*all"])
        comments = [view.comment(issue, one, expand="properties") for one in issue.comments]
        return {"issue": shown, "comments": comments, "changelog": [view.history(one) for one in issue.histories]}


def _lose(site: Site, wish: Wish) -> JSON:
    """{"issue": id} loses that issue's next change from the index, {"count": n} the next n of any."""
    if "issue" in wish:
        site.account.index.lose_next(int(wish["issue"]))
    else:
        site.account.index.lose_new(int(wish.get("count", 1)))
    return {}


answer = Door(
    ACTS,
    {"state": _state, "issue": _issue},
    {"lose": _lose, "revoke": lambda site, _: site.account.doorman.revoke_all()},
    numbered=("options",),
)
