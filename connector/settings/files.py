"""Which shape each kind of file in the admin's folder has. Read by `checking`, `schemas` and `start`."""

from __future__ import annotations

from connector.settings.people_shapes import ContactsFile, NotesFile, PlaybooksFile, WordingsFile
from connector.settings.shapes import (
    AmendsFile,
    CalendarsFile,
    LettersFile,
    MappingFile,
    PeopleFile,
    PhrasesFile,
    PolicyFile,
    PromisesFile,
    RegulationFile,
    Shape,
    SlaFile,
    SurveyWordsFile,
    TaxonomyFile,
    ThanksFile,
    TrendsFile,
)

FILES: dict[str, type[Shape]] = {
    "amends": AmendsFile,
    "mapping": MappingFile,
    "taxonomy": TaxonomyFile,
    "phrases": PhrasesFile,
    "calendars": CalendarsFile,
    "sla": SlaFile,
    "regulation": RegulationFile,
    "promises": PromisesFile,
    "thanks": ThanksFile,
    "policy": PolicyFile,
    "trends": TrendsFile,
    "letters": LettersFile,
    "people": PeopleFile,
    "survey": SurveyWordsFile,
    "contacts": ContactsFile,
    "playbooks": PlaybooksFile,
    "wordings": WordingsFile,
    "notes": NotesFile,
}
