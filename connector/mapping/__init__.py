"""The meaning of a source's fields: a snapshot becomes a complaint, a complaint's change becomes source fields; pure.

`settings` builds a `Mapping` from the admin's YAML; `sync` calls `words`, `normalise` and `complaint_tag` for every
ticket, `policy` is handed `to_source` and `placed` for what is written back, `amends check` runs `check_examples`.
Source fields are named in one syntax, that of `model.fields_of`, for reading and for writing. What helps an admin to
write a mapping is here, too: `profiles` (how fields are used), `suggesting`, `fitting` (what does not fit).
"""

from connector.mapping.complaints import complaint_tag, normalise
from connector.mapping.examples import check_examples
from connector.mapping.products import Product, Products
from connector.mapping.rules import (
    EXTRA,
    FIELDS,
    TABLED,
    TYPES,
    UNMAPPED,
    Example,
    Mapping,
    placed,
    source_fields,
    to_source,
    words,
)

__all__ = [
    "EXTRA",
    "FIELDS",
    "TABLED",
    "TYPES",
    "UNMAPPED",
    "Example",
    "Mapping",
    "Product",
    "Products",
    "check_examples",
    "complaint_tag",
    "normalise",
    "placed",
    "source_fields",
    "to_source",
    "words",
]
