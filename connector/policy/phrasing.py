"""The words of a note in one language: headlines, reasons, next steps, and how the lines between are put.

English stands here, because it is what is left where a language lacks a word; the others are files in
`mappings/notes/`, which `settings` reads for the languages that a policy or a contact names. Read by `note`.
"""

from __future__ import annotations

import msgspec

HEADLINES = {
    "due_soon": "Due soon: please see that this complaint is answered in time.",
    "overdue": "Overdue: this complaint needs a manager.",
    "broken_promise": "Broken promise: a date that this customer was given has passed without a word.",
    "repeat": "Repeat: this customer had to come back to us.",
    "emergency": "Emergency: this cannot wait.",
    "handoffs": "Handed on: this customer has had to explain it to many people.",
    "wording": "Wording: a reply holds a phrase that is better not said.",
    "unhappy": "Unhappy: the customer says that this complaint was not handled well.",
    "trend": "Trend: this customer is not the only one.",
    "untold": "Not told yet: the cause is gone, and this customer does not know.",
    "stage": "A complaint has come further.",
    "digest": "Many complaints at once: {count} of them, in one message.",
}
NEXT_STEPS = {
    "acknowledgement": "tell the customer that the complaint has arrived, and who sees to it.",
    "first_reply": "answer the customer, or say by when an answer will come, and name an owner if there is none.",
    "next_reply": "answer the customer's last message, or say by when an answer will come.",
    "periodic_update": "tell the customer how far it is, even if there is nothing new, and when they hear again.",
    "requester_wait": "see what the customer is waiting for, and bring the case to an end.",
    "agent_work": "see what takes so long, and whether somebody else could help.",
    "team_time": "finish the team's part, or hand it on to those who can.",
    "regulation": "see that the answer goes out as the rule asks, and let its owner look at it first.",
    "promise": "tell the customer what has become of it, why, and the new date; then see that it is kept.",
    "resolution": "settle with the owner what is missing, and tell the customer the new date and the reason.",
    "same_matter": "find out why the earlier solution did not hold, and let one person see this one through.",
    "many": "give the customer one contact, and look for what the cases have in common.",
    "reopened": "ask the customer what is still open, and have a second person check the solution.",
    "trend": "see to this customer as usual; what they have in common is looked into: amends trends list",
    "correction": "see the letter that is drafted, and approve it or say why none is needed: amends corrections list",
    "unhappy": "take the complaint up again (reopen it), ask the customer what is missing, and say what happens next.",
    "unhappy_late": "call the customer today, and let the complaints officer decide how it goes on.",
    "handoffs": "let one person see it through, best of all whoever answered the customer first.",
    "wording": "talk it over with whoever wrote it. The reply itself stays as it is.",
    "safety": "speak to the customer now, make sure that nobody is in danger, and tell those who make the product.",
    "legal": "let nobody answer before those responsible for law have seen it.",
    "regulator": "tell the complaints officer now; a regulator sets dates of its own.",
    "press": "let nobody answer before those responsible for the press have seen it.",
    "vulnerable": "speak to the customer in person, ask what they need, and keep to one contact.",
    "fraud": "stop what is going on in the customer's name, then speak to them.",
    "received": "see that somebody takes it on.",
    "acknowledged": "find out how grave it is, and who can settle it.",
    "assessed": "look into it, and tell the customer by when they will hear.",
    "answered": "see whether the customer is content with the answer.",
    "closed": "see that the cause is removed.",
}
LINES = {
    "why": "Why: {why}",
    "clock": "Clock: {state}; {used} of {target} used, counted by calendar {calendar} for target {name}.",
    "regulated": "Clock: {state}; {used} of {target} used, by the calendar and without pauses, for {name}.",
    "left": "{time} left",
    "over": "{time} over",
    "promises": "Promised dates: {kept} kept, {broken} broken, {open} to come.",
    "received": "Received: {at}.",
    "now": "Now: {status}, priority {priority}, {owner}{lives}.",
    "no_priority": "not set",
    "owner": "has an owner",
    "no_owner": "has no owner",
    "reopened_once": ", reopened 1 time",
    "reopened": ", reopened {count} times",
    "emergency": "Cannot wait",
    "category": "Category",
    "root_cause": "Cause",
    "remedy": "Wanted",
    "cases": "Earlier cases: {cases}.",
    "more": " and {count} more",
    "handoffs": "Handed on {changes} times; the customer has heard from {voices} people.",
    "offer": "May be offered ({playbook}): {offers}.",
    "next": "Next step: {step}",
    "link": "Ticket: {url}",
    "written": "Written by Amends, {at}. To see why: amends explain {case}",
    "answer": "Taken on? Reply to the customer, take the ticket, or: amends ack {case}",
    "again": "You have been told before; nobody has taken it on since.",
    "doubt": "Sent once more, since it is not certain that it reached you the first time.",
}


class Phrasing(msgspec.Struct, frozen=True):
    """One language (ISO 639-1). What it lacks is said in English. `clocks` are the names of what is due, for reasons;
    `words` those of statuses, priorities and stages; `reasons` are by kind of flag or topic, and where there is none,
    the flag's own English words stand."""

    language: str = "en"
    headlines: dict[str, str] = {}
    reasons: dict[str, str] = {}
    clocks: dict[str, str] = {}
    next_steps: dict[str, str] = {}
    lines: dict[str, str] = {}
    words: dict[str, str] = {}

    def headline(self, name: str) -> str:
        return self.headlines.get(name) or HEADLINES[name]

    def next_step(self, topic: str) -> str | None:
        return self.next_steps.get(topic) or NEXT_STEPS.get(topic)

    def line(self, name: str, /, **parts: object) -> str:
        return (self.lines.get(name) or LINES[name]).format(**parts)

    def word(self, ours: str) -> str:
        return self.words.get(ours, ours)


ENGLISH = Phrasing()
