"""Which shape each kind of file in the admin's folder has. Read by `schemas` and `start`."""

from __future__ import annotations

from connector.settings.shapes.amends import AmendsFile
from connector.settings.shapes.books import PhrasesFile, PromisesFile, ThanksFile
from connector.settings.shapes.clocks import CalendarsFile, RegulationFile, SlaFile
from connector.settings.shapes.customers import LettersFile, PeopleFile, SurveyWordsFile
from connector.settings.shapes.mapping import MappingFile
from connector.settings.shapes.policy import PolicyFile, TrendsFile
from connector.settings.shapes.shape import Shape
from connector.settings.shapes.taxonomy import TaxonomyFile
from connector.settings.shapes.telling import ContactsFile, NotesFile, PlaybooksFile, WordingsFile

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
