"""Counts of decisions, precision and recall beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics

COUNTS = ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"]
SHAPES = [((7,), (7,)), ((7, 1), (7, 1), (7,)), ((7,), (7, 1), (7,)), ((7, 3), (7, 3)), ((7, 3), (7, 3), (7,))]
THRESHOLDS = [None, 0.3, [0.7, 0.2], [0.0, 0.5, 1.0], [0.9, 0.5, 0.1]]


def _binary(batches: list[Any]) -> list[Any]:
    return [((b[0] > 0.5).float(), *b[1:]) for b in batches]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("thresholds", THRESHOLDS)
@pytest.mark.parametrize("name", [*COUNTS, "Precision", "Recall"])
def test_beside_keras(compare: Any, draw: Any, name: str, thresholds: Any, shapes: Any) -> None:
    compare(name, {"thresholds": thresholds}, _binary(draw(*shapes)))


@pytest.mark.parametrize(
    "arguments", [{"top_k": 2}, {"class_id": 1}, {"top_k": 1, "class_id": 2}, {"top_k": 2, "thresholds": 0.5}]
)
@pytest.mark.parametrize("name", ["Precision", "Recall"])
@pytest.mark.parametrize("weights", [(), ((7,),)])
def test_top_k_and_class(compare: Any, draw: Any, name: str, arguments: Any, weights: Any) -> None:
    compare(name, arguments, _binary(draw((7, 4), (7, 4), *weights)))


def test_scores_on_a_threshold_do_not_count() -> None:
    metric = metrics.TruePositives(thresholds=[0.0, 0.5, 1.0])
    metric.update_state(torch.ones(3), torch.tensor([0.0, 0.5, 1.0]))
    assert metric.result().tolist() == [2.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"thresholds": [0.5, 2.0]}, "`thresholds` of Precision"),
        ({"thresholds": "0.5"}, "`thresholds`"),
        ({"top_k": 0}, "`top_k`"),
        ({"class_id": -1}, "`class_id`"),
    ],
)
def test_bad_arguments(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        metrics.Precision(**arguments)
