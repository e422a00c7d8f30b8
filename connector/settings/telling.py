"""Who is told, what they may offer, and in which words: contacts, playbooks, wordings and notes, put together.

Called by `loading`, before the policy is read (which names contacts) and after it (which says what words are needed).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from connector.clocks.business_hours import Hours
from connector.model import FlagKind
from connector.policy.contacts import Contacts
from connector.policy.phrasing import ENGLISH, Phrasing
from connector.policy.playbooks import Playbooks
from connector.policy.rules import Policy
from connector.settings.contacts import contacts_of, prove_targets
from connector.settings.folder import Folder
from connector.settings.playbooks import deciders, phrasing_of, playbooks_of, wordings_of
from connector.settings.problems import Problems
from connector.tagging import TaggingSettings

WORDINGS, NOTES = "wordings/", "notes/"


class People(msgspec.Struct, frozen=True):
    """Who there is, and what they may offer; None where the file has problems."""

    contacts: Contacts | None
    playbooks: Playbooks | None


def told_of(
    folder: Folder,
    tagging: TaggingSettings | None,
    calendars: Mapping[str, Hours] | None,
    today: date | None,
    problems: Problems,
) -> People:
    """contacts.yaml and playbooks.yaml."""
    policy = folder.document("policy.yaml")
    zone = policy.value.get("zone") if policy is not None and isinstance(policy.value, dict) else None
    contacts = contacts_of(
        folder.document("contacts.yaml"), calendars, zone if isinstance(zone, str) else "UTC", today, problems
    )
    document = folder.document("playbooks.yaml")
    playbooks = playbooks_of(document, tagging, problems)
    if contacts is not None and playbooks is not None and document is not None:
        prove_targets(deciders(playbooks), contacts, document, problems, told=False)
    return People(contacts, playbooks)


def with_words(policy: Policy, people: People, folder: Folder, problems: Problems) -> Policy:
    """The policy with playbooks, the lists of phrases (where a rule asks for them), and the languages of its notes."""
    listening = any(rule.on is FlagKind.WORDING for rule in policy.rules)
    files = folder.names("wordings") if listening else folder.own("wordings")
    lists = wordings_of([folder.document(name) for name in files], problems)
    languages = {policy.language, *(code for one in policy.contacts.people for code in one.languages)}
    phrasings = {code: found for code in sorted(languages) if (found := _phrasing(code, folder, problems)) is not None}
    return msgspec.structs.replace(
        policy,
        playbooks=people.playbooks or Playbooks(),
        wordings=lists if listening else {},
        phrasings=phrasings,
    )


def _phrasing(language: str, folder: Folder, problems: Problems) -> Phrasing | None:
    """The words of notes in a language; None where there are none, and English is read."""
    if language == ENGLISH.language and not folder.own("notes"):
        return ENGLISH
    name = f"{NOTES}{language}.yaml"
    return phrasing_of(folder.document(name), problems) if folder.has(name) else None
