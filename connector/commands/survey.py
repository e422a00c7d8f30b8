"""`amends survey …`: what customers were asked and what they said, links by hand, and the page itself."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from connector.assessment.understood import understood_again
from connector.commands.cases import find
from connector.commands.keeping import Done
from connector.commands.place import Place, prove_source
from connector.display import moment, paragraphs, table
from connector.errors import AmendsError, SettingsError
from connector.mapping import words
from connector.model import ActionKind
from connector.policy.answers import told
from connector.policy.keys import action_key, marker
from connector.policy.rules import SURVEY, SurveyPage
from connector.policy.survey import Resolution, resolution
from connector.store import Transaction, people, sources, surveys
from connector.store.complaints import Stored
from connector.store.surveys import Asked
from connector.survey_key import SurveyLinks, key_file

PERSON = ("mail:", "tel:")


class Link(msgspec.Struct, frozen=True):
    """Where the customer of a complaint can answer, until when."""

    id: str
    episode: str
    link: str
    dry_run: bool = False


def listing(place: Place, *, source: str | None, most: int) -> list[Asked]:
    """The newest first: what is decided and not sent yet before what was."""
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        return surveys.listing(connection, source_name=source, most=most)


def listing_lines(rows: list[Asked], columns: int) -> list[str]:
    if not rows:
        return ["No survey is due, sent or answered."]
    cells = [
        (
            f"{one.source}/{one.ticket}",
            one.episode,
            _standing(one),
            moment(one.delivered_at or one.asked_at),
            moment(one.answer.at) if one.answer else "-",
            told(one.answer) if one.answer else one.why or "-",
        )
        for one in rows
    ]
    return table(("ID", "AFTER", "STATE", "SENT", "ANSWERED", "ANSWER"), cells, columns)


def _standing(one: Asked) -> str:
    if one.answer is not None:
        return "answered" if one.answer.via == "page" else "rated there"
    return (one.state or "link given").replace("_", " ")


def show(place: Place, name: str) -> list[Asked]:
    """Everything that was asked and said about one complaint."""
    with place.store() as store, store.read() as connection:
        stored = find(connection, name)
        rows = surveys.listing(connection, source_name=stored.source)
        return [one for one in rows if one.ticket == stored.ticket]


def show_lines(rows: list[Asked], columns: int) -> list[str]:
    lines = listing_lines(rows, columns)
    for one in rows:
        if one.answer is not None and one.answer.comment:
            lines += ["", f"{one.episode}:", *paragraphs(one.answer.comment, columns, "  ")]
    return lines


# -- links -----------------------------------------------------------------------------------------------------------


def link(place: Place, name: str, *, dry_run: bool) -> Link:
    """The link for a complaint's standing resolution, to be given to its customer by hand: the one that a survey sent
    by Amends has too. Raises AmendsError where the complaint is not resolved."""
    page = page_of(place)
    now = place.now()
    with place.store() as store:
        links = SurveyLinks(page, key_file(store.file, place.home))
        with store.read() as connection:
            stored = find(connection, name)
            ended = _ended(place, stored)
            mark = _marker(connection, stored, ended)
            known = surveys.by_marker(connection, mark)
        if known is not None and known.answer is not None and known.answer.via == "page":
            raise AmendsError("this survey was answered already.", remedy=f"See `amends survey show {name}`.")
        policy = place.settings.policy.survey
        assert policy is not None, "there is a page, so there is a section"
        last = max(ended.at + timedelta(hours=policy.before_hours), now)
        told_at = "" if dry_run else links.link_to(mark, last)
        if not dry_run:
            with store.write("survey: link given") as connection:
                surveys.handed_out(connection, stored, ended.episode, mark, _language(stored), now)
                detail = {"episode": ended.episode}
                sources.log(
                    connection,
                    now,
                    place.who,
                    "survey: link given",
                    source=stored.source,
                    ticket=stored.ticket,
                    detail=detail,
                )
    return Link(f"{stored.source}/{stored.ticket}", ended.episode, told_at, dry_run)


def link_lines(told_: Link, _columns: int) -> list[str]:
    return [f"Would make a link for {told_.id}, {told_.episode}." if told_.dry_run else told_.link]


def page_of(place: Place) -> SurveyPage:
    survey = place.settings.policy.survey
    if survey is None or survey.page is None:
        raise SettingsError(
            "policy.yaml does not say where the page of questions is.",
            remedy="Write `page: {url: https://…}` under `survey`.",
        )
    return survey.page


def _ended(place: Place, stored: Stored) -> Resolution:
    source = place.settings.sources.get(stored.source)
    if source is None:
        raise SettingsError(f"the source {stored.source!r} is not in amends.yaml any more.", remedy="Put it back.")
    doc = stored.doc
    this = understood_again(doc.complaint, doc.entries, doc.tags, words(source.mapping))
    ended = resolution(this.folded.history)
    if ended is None:
        raise AmendsError(
            f"{stored.source}/{stored.ticket} is not resolved, so there is nothing to ask yet.",
            remedy="Ask when it is.",
        )
    return ended


def _marker(connection: Transaction, stored: Stored, ended: Resolution) -> str:
    salt = sources.salt(connection).encode()
    return marker(action_key(salt, stored.source, stored.ticket, SURVEY, ended.episode, ActionKind.SURVEY))


def _language(stored: Stored) -> str | None:
    found = next((tag.value for tag in stored.doc.tags if tag.facet == "language"), stored.doc.complaint.language)
    return stored.doc.complaint.complainant.language or found


# -- who wants none --------------------------------------------------------------------------------------------------


def stop(place: Place, who: str, *, ask_again: bool, dry_run: bool) -> Done:
    """Ask this person (an address, or whoever complained in ID) no more; or ask them again."""
    with place.store() as store:
        with store.read() as connection:
            person = _person(connection, who)
            standing = surveys.opted_out(connection, person)
        if ask_again == (standing is None):
            return Done(f"{who} is asked anyhow." if ask_again else f"{who} is not asked: {standing}.", dry_run)
        said = "will be asked again" if ask_again else "will get no more surveys"
        if dry_run:
            return Done(f"{who}: {said}.", True)
        with store.write("survey: opt out") as connection:
            if ask_again:
                surveys.opt_in(connection, person)
            else:
                surveys.opt_out_of(connection, person, f"noted by {place.who}", place.now())
            what = "survey: may be asked" if ask_again else "survey: wants no more"
            sources.log(connection, place.now(), place.who, what)
    return Done(f"{who} {said}.")


def _person(connection: Transaction, who: str) -> set[str]:
    if who.startswith(PERSON) or ("@" in who and "/" not in who):
        key = who if who.startswith(PERSON) else f"mail:{who.strip().lower()}"
        known = people.find(connection, key.removeprefix("mail:"), ())
        return {key}.union(*(surveys.keys_of(connection, one) for one in known))
    return surveys.keys_of(connection, find(connection, who).complainant_id)


# -- the page --------------------------------------------------------------------------------------------------------
