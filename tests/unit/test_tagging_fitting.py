"""The sums that learning is made of: rows of few features, however long or short, times weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connector.tagging.fitting import GATHERED, PIECE, Floats, Sparse, transposed

WIDTH = 7


def rows_of(lengths: list[int]) -> Sparse:
    """Rows of so many features each, with values that add up to the digit."""
    chance = np.random.Generator(np.random.PCG64(1))
    count = sum(lengths)
    begins = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Sparse(
        begins, chance.integers(0, WIDTH, count), chance.integers(-3, 4, count).astype(np.float32), width=WIDTH
    )


def plainly(rows: Sparse, weights: Floats) -> Floats:
    out = np.zeros((rows.size, weights.shape[1]), dtype=np.float32)
    for row in range(rows.size):
        for at in range(rows.begins[row], rows.begins[row + 1]):
            out[row] += rows.values[at] * weights[rows.columns[at]]
    return out


LENGTHS = st.lists(st.one_of(st.integers(0, 5), st.sampled_from([PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])), max_size=9)


@given(LENGTHS)
def test_rows_of_any_lengths_are_multiplied_as_one_by_one(lengths: list[int]) -> None:
    rows = rows_of(lengths)
    weights = np.arange(WIDTH * 3, dtype=np.float32).reshape(WIDTH, 3)
    assert np.array_equal(rows.times(weights), plainly(rows, weights))


def test_more_rows_than_are_gathered_at_once_are_all_multiplied() -> None:
    rows = rows_of([1, 2, 0, 3] * GATHERED)
    weights = np.arange(WIDTH * 2, dtype=np.float32).reshape(WIDTH, 2)
    told = rows.times(weights)
    some = np.arange(0, rows.size, 997)
    assert np.array_equal(told[some], plainly(rows.rows(some), weights))


@given(LENGTHS)
def test_a_matrix_that_is_turned_twice_says_the_same(lengths: list[int]) -> None:
    rows = rows_of(lengths)
    weights = np.arange(WIDTH * 2, dtype=np.float32).reshape(WIDTH, 2)
    assert np.array_equal(transposed(transposed(rows)).times(weights), rows.times(weights))
