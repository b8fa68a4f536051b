"""R² beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics


@pytest.mark.parametrize(
    "shapes", [((7, 3), (7, 3)), ((7, 3), (7, 3), (7,)), ((7, 3), (7, 3), (7, 3)), ((7, 1), (7, 1))]
)
@pytest.mark.parametrize("regressors", [0, 2])
@pytest.mark.parametrize("aggregation", [None, "uniform_average", "variance_weighted_average"])
def test_beside_keras(compare: Any, draw: Any, aggregation: Any, regressors: int, shapes: Any) -> None:
    compare("R2Score", {"class_aggregation": aggregation, "num_regressors": regressors}, draw(*shapes), rtol=1e-4)


def test_too_few_samples_give_the_plain_score() -> None:
    adjusted, plain = metrics.R2Score(num_regressors=5), metrics.R2Score()
    batch = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[1.5], [2.0], [3.0]])
    adjusted.update_state(*batch)
    plain.update_state(*batch)
    assert torch.equal(adjusted.result(), plain.result())
    assert float(metrics.R2Score().result()) == 0.0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"class_aggregation": "sum"}, "`class_aggregation`"), ({"num_regressors": -1}, "`num_regressors`")],
)
def test_bad_arguments(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        metrics.R2Score(**arguments)
    with pytest.raises(ValueError, match="two of one shape"):
        metrics.R2Score().update_state(torch.ones(3), torch.ones(3))
