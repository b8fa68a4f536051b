"""Errors of regression and cosine similarity beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics

NAMES = ["MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError"]
NAMES += ["MeanSquaredLogarithmicError", "LogCoshError", "CosineSimilarity"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "shapes",
    [
        ((6, 3), (6, 3)),
        ((6, 3), (6, 3), (6,)),
        ((6,), (6, 1)),
        ((6, 4, 3), (6, 4, 3), (6, 4)),
        ((6, 1), (6, 1), (6, 1)),
    ],
)
def test_beside_keras(compare: Any, draw: Any, name: str, shapes: Any) -> None:
    compare(name, {}, draw(*shapes))


def test_cosine_along_another_axis(draw: Any) -> None:
    import keras

    ours, theirs = metrics.CosineSimilarity(axis=1), keras.metrics.CosineSimilarity(axis=1)
    for batch in draw((6, 4, 3), (6, 4, 3)):
        ours.update_state(*batch)
        theirs.update_state(*batch)
    assert float(ours.result()) == pytest.approx(float(theirs.result()), rel=1e-6)
    assert metrics.CosineSimilarity.from_config(ours.get_config())._fn_kwargs == {"axis": 1}


@pytest.mark.parametrize("name", [n for n in NAMES if n != "CosineSimilarity"])
def test_nothing_is_broadcast(name: str) -> None:
    with pytest.raises(ValueError, match="expected the shape of `y_pred`"):
        getattr(metrics, name)().update_state(torch.ones(4, 3), torch.ones(4, 1))
