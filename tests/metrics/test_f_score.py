"""F scores beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics


@pytest.mark.parametrize("weights", [(), ((7,),)])
@pytest.mark.parametrize("threshold", [None, 0.4])
@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_beside_keras(compare: Any, draw: Any, average: Any, threshold: Any, weights: Any) -> None:
    batches = [((b[0] > 0.5).float(), *b[1:]) for b in draw((7, 3), (7, 3), *weights)]
    compare("FBetaScore", {"average": average, "beta": 2.0, "threshold": threshold}, batches)
    compare("F1Score", {"average": average, "threshold": threshold}, batches)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"average": "mean"}, "`average`"),
        ({"beta": 0.0}, "`beta`"),
        ({"beta": 1}, "`beta`"),
        ({"threshold": 1.5}, "`threshold`"),
    ],
)
def test_bad_arguments(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        metrics.FBetaScore(**arguments)
    with pytest.raises(ValueError, match="two of one shape"):
        metrics.F1Score().update_state(torch.ones(3), torch.ones(3))
