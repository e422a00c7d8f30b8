"""A tag that an agent corrects in the helpdesk: our next word about the ticket, and what the next model learns from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.commands import tag_train
from connector.commands.place import Place
from connector.settings.models import model_files, read_models
from connector.store import labels
from connector.tagging import Tagger
from connector.tagging.reading import Message
from sandbox.zendesk import content
from tests.end_to_end.town import Shop, Town, shipped, town

# Each its own: the same text again would be learnt from once.
WHEN = (
    "as soon as the kitchen light is on", "through the whole night", "louder than a bee", "although nobody touched it",
    "whenever grandfather coughs", "since the painters left", "in two voices", "while the bath fills",
    "and the cat has run away", "for the third week now", "behind the sofa", "if you look at it", "every Sunday",
    "when trains go by", "instead of glowing", "in the cellar too", "like an old fridge", "but only at noon",
    "under water as well", "as if it were winter", "without any reason", "on both sides", "before it rains",
    "to itself",
)  # fmt: skip


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def corrected(here: Town, shop: Shop, count: int) -> list[int]:
    """Tickets about something new, to each of which an agent gives another category."""
    tickets = [shop.opens("Zorblatt", f"My zorblatt hums {words}.") for words in WHEN[:count]]
    here.clock.advance(61)
    shop.pull()
    for ticket in tickets:
        shop.account.agent_sets(ticket, by=content.ANA, add_tags=["amends_category_account"])
        here.clock.advance(2)
    here.clock.advance(61)
    shop.pull()
    return tickets


def test_an_agents_tag_is_the_last_word_and_kept_as_a_label(here: Town) -> None:
    shop = here.opened()
    [ticket] = corrected(here, shop, 1)
    said = {tag.facet: tag for tag in shop.stored(ticket).doc.tags}
    assert (said["category"].value, said["category"].author) == ("account", "agent")
    with here.store.read() as connection:
        [label] = labels.of_facet(connection, "category")
    assert (label.id, label.values) == (f"shop/{ticket}", ("account",))
    shop.account.customer_writes(ticket, "It was delivered late as well, the courier lost the parcel.")
    here.clock.advance(61)
    shop.pull()
    assert {tag.facet: tag.value for tag in shop.stored(ticket).doc.tags}["category"] == "account"


def test_what_agents_correct_changes_the_next_model(here: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = here.opened()
    corrected(here, shop, 24)
    home = here.folder
    (home / "amends.yaml").write_text("sources: {}\n")
    every = tag_train.shipped_examples()
    monkeypatch.setattr(tag_train, "shipped_examples", lambda: every[::100])  # all of them take longer than a test may
    place = Place(home, now=here.now, wall=here.now)
    told = tag_train.train(place, [], "category", model=None, dry_run=False, complain=pytest.fail)
    assert told.own_examples == 24
    assert told.own is not None
    assert told.was is not None
    assert told.own.macro_f1 > told.was.macro_f1
    assert told.live and not told.refused
    assert said_of(home, "Your zorblatt hums") == "account"


def said_of(home: Path, text: str) -> str | None:
    tagger = Tagger(shipped().tagging, read_models(model_files(home)), late=True)
    return tagger.best([Message("", text, "en")], "category")[0].value
