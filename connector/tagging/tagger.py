"""Tags for a complaint: language, and what the phrases of that language say. Compiled once, called by `sync`.

Every tag quotes the customer's words as offsets into the complaint's own field, or has no evidence at all.
"""

from __future__ import annotations

from connector.model import Complaint, Span, Tag
from connector.tagging.book import LANGUAGE, UNKNOWN, TaggingSettings
from connector.tagging.fold import fold, without_quotes
from connector.tagging.language import guess
from connector.tagging.match import Phrases
from connector.tagging.weigh import Field, weigh

LONGEST_READ = 4_000


class Tagger:
    """Immutable after construction; safe to share between threads."""

    def __init__(self, settings: TaggingSettings) -> None:
        """Raises SettingsError where a line of words cannot be looked up."""
        self._facets = {name: facet for name, facet in settings.taxonomy.facets.items() if name != LANGUAGE}
        self._order = {name: place for place, name in enumerate(settings.taxonomy.facets)}
        self._phrases = Phrases(settings.books)
        self._languages = frozenset(settings.languages)

    def tags(self, complaint: Complaint, told: Tag | None = None) -> tuple[Tag, ...]:
        """At most one tag a facet, in the taxonomy's order; any text, however long or odd, is answered.

        `told` is what the source itself states about a facet ("complaint"); it is passed on unchanged and wins.
        The first 4,000 characters of subject and text are read, lines of quoted earlier mail are not.
        """
        texts = [
            (name, without_quotes(text[:LONGEST_READ]))
            for name, text in (("subject", complaint.subject), ("text", complaint.text))
        ]
        language = self._language(complaint, texts[1][1] + "\n" + texts[0][1])
        tags = self._spoken(texts, language.value)
        tags[LANGUAGE] = language
        if told is not None:
            tags[told.facet] = told
        return tuple(sorted(tags.values(), key=lambda tag: self._order.get(tag.facet, len(self._order))))

    def _language(self, complaint: Complaint, text: str) -> Tag:
        if complaint.language in self._languages:
            return Tag(LANGUAGE, complaint.language or UNKNOWN, 1.0, "mapping")
        found = guess(text, self._languages, complaint.complainant.language)
        return Tag(LANGUAGE, found.language, found.confidence, found.author)

    def _spoken(self, texts: list[tuple[str, str]], language: str) -> dict[str, Tag]:
        """A text in an unknown language is read with every book: too short to tell is not too short to understand."""
        book = None if language == UNKNOWN else language
        fields = []
        for name, text in texts:
            folded = fold(text)
            fields.append(Field(name, text, folded, self._phrases.find(folded, book)))
        return weigh(fields, self._facets)
