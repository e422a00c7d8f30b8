"""The conformance kit: subclass `AdapterTests` and an adapter's promises are tested. Shipped; needs pytest.

Used by adapter authors, built in or not. `Backend` is what a stand-in of the helpdesk has to offer. In the author's
conftest: `pytest.register_assert_rewrite("connector.testing")`, or failing asserts show no values.
"""

from connector.testing.backend import (
    Backend,
    Failure,
    FieldBackend,
    FixedCredentials,
    LateBackend,
    NoLimit,
    OpeningBackend,
    RepairingBackend,
    plain_tools,
)
from connector.testing.failing import FailingTests
from connector.testing.reading import ReadingTests
from connector.testing.settling import OpeningTests, RepairingTests
from connector.testing.writing import CompareAndSetTests, WritingTests

__all__ = [
    "AdapterTests",
    "Backend",
    "CompareAndSetTests",
    "Failure",
    "FieldBackend",
    "FixedCredentials",
    "LateBackend",
    "NoLimit",
    "OpeningBackend",
    "OpeningTests",
    "RepairingBackend",
    "RepairingTests",
    "plain_tools",
]


class AdapterTests(ReadingTests, FailingTests, WritingTests):
    """Every promise of `connector.adapter.Adapter`. Override `make_backend` and `make_adapter` (see `Bench`)."""
