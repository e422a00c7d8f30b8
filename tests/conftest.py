"""Shared by all tests: asserts inside the conformance kit show their values, as those of a test file do."""

import pytest

pytest.register_assert_rewrite("connector.testing")
