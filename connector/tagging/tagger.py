"""Tags for a complaint: language, and what the phrases of that language say. Compiled once, called by `sync`.

Every tag quotes the customer's words as offsets into the complaint's own field, or has no evidence at all.
"""

from __future__ import annotations

from connector.model import Complaint, Tag
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
        self._order = tuple(settings.taxonomy.facets)
        self._phrases = Phrases(settings.books)
        self._languages = frozenset(settings.languages)

    def tags(self, complaint: Complaint, told: Tag | None = None, language: Tag | None = None) -> tuple[Tag, ...]:
        """At most one tag a facet, in the taxonomy's order; any text, however long or odd, is answered.

        `told` is what the source itself states about a facet ("complaint"); it is passed on unchanged and wins.
        `language` is what was found of these very words before, which need not be guessed again.
        The first 4,000 characters of subject and text are read, lines of quoted earlier mail are not.
        """
        texts = {
            "subject": without_quotes(complaint.subject[:LONGEST_READ]),
            "text": without_quotes(complaint.text[:LONGEST_READ]),
        }
        if language is None or language.value not in self._languages or complaint.language in self._languages:
            language = self._language(complaint, texts)
        tags = self._spoken(texts, language.value)
        tags[LANGUAGE] = language
        if told is not None:
            tags[told.facet] = told
        order = self._order if told is None or told.facet in self._order else (*self._order, told.facet)
        return tuple(tags[name] for name in order if name in tags)

    def _language(self, complaint: Complaint, texts: dict[str, str]) -> Tag:
        if complaint.language in self._languages:
            return Tag(LANGUAGE, complaint.language or UNKNOWN, 1.0, "mapping")
        found = guess("\n".join((texts["text"], texts["subject"])), self._languages, complaint.complainant.language)
        return Tag(LANGUAGE, found.language, found.confidence, found.author)

    def _spoken(self, texts: dict[str, str], language: str) -> dict[str, Tag]:
        """A text in an unknown language is read with every book: too short to tell is not too short to understand."""
        book = None if language == UNKNOWN else language
        fields = []
        for name, text in texts.items():
            if text:
                folded = fold(text)
                fields.append(Field(name, text, folded, self._phrases.find(folded, book)))
        return weigh(fields, self._facets)
