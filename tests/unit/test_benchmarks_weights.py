"""What the build of the shipped model leaves out, so that it fits the memory promised."""

from __future__ import annotations

import numpy as np

from benchmarks.weights import MOST_FEATURES, lighter
from connector.settings.models import WEIGHTS, read_model
from connector.tagging.heads import Arrays, Model

NUMBER = np.zeros(1, dtype=np.float32)
MODEL = Model(
    "new",
    (),
    (),
    Arrays(
        np.array([7, 20, 31, 44], dtype=np.int32),
        np.array([3, 1, 2, 2], dtype=np.float32),
        np.array([[70], [20], [31], [44]], dtype=np.int8),
        NUMBER,
        NUMBER[:, None],
        NUMBER,
    ),
)


def test_the_rarest_features_go_and_of_equals_the_later() -> None:
    left = lighter(MODEL, 2).arrays
    assert left.buckets.tolist() == [20, 31]
    assert left.idf.tolist() == [1, 2]
    assert left.weights.tolist() == [[20], [31]]


def test_a_model_that_is_light_enough_stays_as_it_is() -> None:
    left = lighter(MODEL, 4).arrays
    assert left.buckets.tolist() == MODEL.arrays.buckets.tolist()
    assert left.weights.tolist() == MODEL.arrays.weights.tolist()


def test_the_shipped_model_is_as_light_as_the_build_says() -> None:
    assert len(read_model(WEIGHTS).arrays.buckets) <= MOST_FEATURES
