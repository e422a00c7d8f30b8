"""What an admin settles in policy.yaml: who is told what and when, as frozen values. Built by `settings`.

A rule speaks once for each episode of a flag; what it does is always additive (a note, tags, field values).
Constructors raise SettingsError for what cannot work; `settings` adds file and line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, ActionKind, FlagKind, Message, Priority
from connector.policy.contacts import Contacts
from connector.policy.ladder import Ladder
from connector.policy.phrasing import ENGLISH, Phrasing
from connector.policy.playbooks import Playbooks
from connector.policy.stages import Stage
from connector.policy.taken import TAG
from connector.policy.wordings import Wordings

DAY_SECONDS = 86_400
# The rule ids of actions that no rule of the admin's made.
TAG_BACK, SURVEY, ACKNOWLEDGE, STAGES = "tag_back", "survey", "acknowledge", "stages"
DIGEST, UNDO, COPY = "digest", "undo", "same_message"
OWN_SECTIONS = (TAG_BACK, SURVEY, ACKNOWLEDGE, STAGES)
OWN_NAMES = (*OWN_SECTIONS, DIGEST, UNDO, COPY)
_OF_RULES = (ActionKind.ESCALATE, ActionKind.TAG)
PLACEHOLDERS = frozenset({"house", "reference", "contact"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
QUESTIONS = ("csat", "solved", "ces", "nps", "comment")
_PAGE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?")


class Condition(Protocol):
    """A yes-or-no question about a complaint, as `connector.condition` compiles it."""

    @property
    def text(self) -> str: ...

    def holds(self, values: Mapping[str, JSON]) -> bool: ...


class WorkingTime(Protocol):
    """A calendar, as `connector.clocks` knows it."""

    def add_working_seconds(self, start: datetime, seconds: int) -> datetime: ...


class Rule(msgspec.Struct, frozen=True):
    """When a flag of kind `on` comes up and `when` holds, do `kind`: add `tags`, set `fields`, write a note if `note`.

    `about` narrows it to episodes of these clocks or repeats ("first_reply", "same_matter" …); () is all.
    `fields` is in complaint words ("priority", "team", or a mapped field's name); a priority is only ever raised.
    `ladder` names whom to tell outside the helpdesk, and when. Where `stop` is set, no later rule speaks of that flag.
    """

    id: str
    on: FlagKind
    kind: ActionKind = ActionKind.ESCALATE
    about: tuple[str, ...] = ()
    when: Condition | None = None
    note: bool = True
    tags: tuple[str, ...] = ()
    fields: dict[str, JSON] = {}
    rank: int = 5
    ladder: str | None = None
    stop: bool = False

    def __post_init__(self) -> None:
        if self.kind not in _OF_RULES or self.id in OWN_NAMES:
            raise SettingsError(
                f"rule {self.id!r}: {', '.join(OWN_SECTIONS)} have sections of their own.", remedy="Rename it."
            )
        if not (self.writes_note or self.tags or self.fields or self.ladder):
            raise SettingsError(
                f"rule {self.id!r} does nothing.", remedy="Give it note: true, tags, fields or a ladder."
            )
        priority = self.fields.get("priority")
        if priority is not None and priority not in set(Priority):
            known = ", ".join(Priority)
            raise SettingsError(f"rule {self.id!r}: there is no priority {priority!r}.", remedy=f"Use one of {known}.")

    @property
    def writes_note(self) -> bool:
        """A rule that only tags writes no note."""
        return self.note and self.kind is ActionKind.ESCALATE


class Correction(msgspec.Struct, frozen=True):
    """Open a ticket at the source `at`, so that the cause of a complaint is removed there.

    Speaks when a flag of kind `on` comes up (None: of every complaint, once) and `when` holds. `fields` are in that
    source's own field ids ("project", "issuetype" …); summary and description are ours unless `fields` has them.
    `tags` go on the new ticket. With `tell`, the complaint's ticket gets an internal note when the other one is
    opened, and again when it is resolved. `owner` sees to it, within `due_days`. On a trend, one ticket is opened for
    all complaints in it.
    """

    id: str
    at: str
    on: FlagKind | None = None
    about: tuple[str, ...] = ()
    when: Condition | None = None
    fields: dict[str, JSON] = {}
    tags: tuple[str, ...] = ()
    tell: bool = True
    rank: int = 6
    owner: str | None = None
    due_days: int | None = None

    def __post_init__(self) -> None:
        if self.id in OWN_NAMES:
            raise SettingsError(f"correction {self.id!r}: that name is taken.", remedy="Rename it.")
        if self.on is None and self.when is None:
            raise SettingsError(
                f"correction {self.id!r} would open a ticket for every complaint.",
                remedy='Say for which: `on: repeat`, or `when: category == "delivery"`.',
            )


class SurveyPage(msgspec.Struct, frozen=True):
    """Our own page of questions, at `url` (where the world reaches it, without a slash at its end).

    `questions` in their order; `house` is the name that customers know, `contact` how to reach a person. A link can be
    used for `open_days` after the last moment at which the survey could go out.
    """

    url: str
    questions: tuple[str, ...] = ("csat", "solved", "comment")
    house: str = ""
    contact: str | None = None
    open_days: int = 30

    def __post_init__(self) -> None:
        if not _PAGE.fullmatch(self.url):
            raise SettingsError(
                f"survey: {self.url!r} is no address of a page.",
                remedy="Write https://, the host and perhaps a path, without a slash at its end.",
            )
        odd = [name for name in self.questions if name not in QUESTIONS]
        if odd or not self.questions or len(set(self.questions)) < len(self.questions):
            what = f"there is no question {odd[0]!r}" if odd else "the page asks nothing, or something twice"
            raise SettingsError(f"survey: {what}.", remedy=f"There are {', '.join(QUESTIONS)}.")


class Unhappy(msgspec.Struct, frozen=True):
    """What becomes of a bad answer: a satisfaction of `at_most` or less, or "not solved". Somebody is to see to it
    until `act_within_seconds` of the working time `hours` have passed."""

    hours: WorkingTime
    act_within_seconds: int
    at_most: int = 2
    zone: str = "UTC"


class Survey(msgspec.Struct, frozen=True):
    """Ask the customer once for each resolution, by `tags` or `fields` on which the helpdesk sends its survey.

    Due `after_hours` after the resolution, moved into the daytime of the customer's zone (`zone` where that is not
    known), and never later than `before_hours` after it. Daytime is in seconds after local midnight, half-open. One
    person is asked at most once in `every_days`, over all sources; 0 sets no such limit.
    """

    after_hours: int = 24
    before_hours: int = 48
    daytime_from_second: int = 9 * 3600
    daytime_until_second: int = 19 * 3600
    zone: str = "UTC"
    tags: tuple[str, ...] = ()
    fields: dict[str, JSON] = {}
    when: Condition | None = None
    rank: int = 7
    every_days: int = 30
    page: SurveyPage | None = None
    unhappy: Unhappy | None = None

    def __post_init__(self) -> None:
        _known_zone(self.zone, "survey")
        if not 0 <= self.after_hours < self.before_hours:
            raise SettingsError("survey: it ends before it begins.", remedy="Make before_hours more than after_hours.")
        if not 0 <= self.daytime_from_second < self.daytime_until_second <= DAY_SECONDS:
            raise SettingsError("survey: the daytime is empty.", remedy='Use a stretch of one day: "09:00-19:00".')
        if not (self.tags or self.fields):
            raise SettingsError("survey: nothing tells the helpdesk to send it.", remedy="Give it tags or fields.")


class Acknowledge(msgspec.Struct, frozen=True):
    """Tell the customer once that their complaint has come, within `within_hours` of it; later, none goes any more.

    `everybody`: not only complaints, but every ticket that is not known to be something else's doing. `texts` are the
    admin's words by language (ISO 639-1), `contact` the line that says how to reach a person.
    """

    within_hours: int = 12
    everybody: bool = False
    when: Condition | None = None
    texts: dict[str, Message] = {}
    contact: str | None = None
    rank: int = 3

    def __post_init__(self) -> None:
        if self.within_hours < 1:
            raise SettingsError("acknowledge: within_hours is less than 1.", remedy="Leave the section out for none.")
        for language, message in self.texts.items():
            odd = {*_PLACEHOLDER.findall(message.subject), *_PLACEHOLDER.findall(message.text)} - PLACEHOLDERS
            if odd:
                raise SettingsError(
                    f"acknowledge: the text in {language!r} has {{{min(odd)}}}, which stands for nothing.",
                    remedy=f"There are {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))}.",
                )

    def messages(self, language: str | None) -> dict[str, Message]:
        """The admin's words that may be needed for somebody who speaks `language`: theirs, and English."""
        return {code: self.texts[code] for code in (language, "en") if code in self.texts}


class TagBack(msgspec.Struct, frozen=True):
    """Which facets are written back as tags: `prefix` + facet + "_" + value, e.g. "amends_category_delivery"."""

    facets: tuple[str, ...] = ()
    prefix: str = "amends_"
    rank: int = 9


class Policy(msgspec.Struct, frozen=True):
    """All of policy.yaml, with contacts.yaml and playbooks.yaml. `limit_per_run` is how many actions one sweep may add
    before a person has to agree; `zone` (an IANA name) is the one in which notes tell times, `language` that of the
    notes on tickets. `stages` are whom to tell when a complaint has come to one. `ack_tag` is the tag by which an agent
    takes a complaint on. Above `digest_over` notices to one contact in ten minutes, the others go in one message."""

    rules: tuple[Rule, ...] = ()
    survey: Survey | None = None
    tag_back: TagBack | None = None
    limit_per_run: int = 50
    zone: str = "UTC"
    corrections: tuple[Correction, ...] = ()
    acknowledge: Acknowledge | None = None
    language: str = "en"
    ladders: dict[str, Ladder] = {}
    stages: dict[Stage, tuple[str, ...]] = {}
    ack_tag: str = TAG
    digest_over: int = 20
    contacts: Contacts = Contacts()
    playbooks: Playbooks = Playbooks()
    phrasings: dict[str, Phrasing] = {}
    wordings: dict[str, Wordings] = {}

    def __post_init__(self) -> None:
        _known_zone(self.zone, "policy")
        ids = [*(rule.id for rule in self.rules), *(one.id for one in self.corrections)]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise SettingsError(f"two rules are called {twice[0]!r}.", remedy="Give each rule an id of its own.")

    def rule(self, name: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == name), None)

    def ladder_of(self, rule: Rule) -> Ladder | None:
        return self.ladders.get(rule.ladder) if rule.ladder is not None else None

    def phrasing(self, *languages: str | None) -> Phrasing:
        """The words of the first of these languages that there are words of; else English."""
        return next((self.phrasings[one] for one in languages if one in self.phrasings), ENGLISH)

    def correction(self, name: str) -> Correction | None:
        return next((one for one in self.corrections if one.id == name), None)


def _known_zone(name: str, where: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            f"{where}: there is no time zone {name!r}.", remedy='Use a name such as "Europe/London".'
        ) from error
