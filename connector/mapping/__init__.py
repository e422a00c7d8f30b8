"""The meaning of a source's fields: a snapshot becomes a complaint, a complaint's change becomes source fields; pure.

`settings` builds a `Mapping` from the admin's YAML; `sync` calls `words`, `normalise` and `complaint_tag` for every
ticket, `policy` is handed `to_source` for what is written back, `amends check` runs `check_examples`. Source fields
are named in one syntax, that of `model.fields_of`, for reading and for writing.
"""

from connector.mapping.complaints import complaint_tag, normalise
from connector.mapping.examples import check_examples
from connector.mapping.rules import EXTRA, FIELDS, TABLED, Example, Mapping, to_source, words

__all__ = [
    "EXTRA",
    "FIELDS",
    "TABLED",
    "Example",
    "Mapping",
    "check_examples",
    "complaint_tag",
    "normalise",
    "to_source",
    "words",
]
