"""Automatic names, beside Keras's."""

from __future__ import annotations

import pytest

from kerastorch.base import naming


@pytest.mark.parametrize(
    "name",
    [
        "Dense",
        "Conv2D",
        "BatchNormalization",
        "ReLU",
        "PReLU",
        "GRUCell",
        "MyHTTPLayer",
        "SeparableConv1D",
        "A",
        "_Hidden",
        "X2Y",
    ],
)
def test_snake_case_like_keras(name: str) -> None:
    from keras.src.utils.naming import to_snake_case

    assert naming.to_snake_case(name) == to_snake_case(name)


def test_counting() -> None:
    assert [naming.auto_name("dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert naming.get_uid("dense") == 4
    naming.reset_names()
    assert naming.auto_name("dense") == "dense"


def test_unique_within() -> None:
    assert naming.unique_within("a", {"b"}) == "a"
    assert naming.unique_within("a", {"a", "a_1"}) == "a_2"
    assert naming.unique_within("a", {"a": 0}) == "a_1"
