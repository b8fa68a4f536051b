"""The area under curves beside Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import metrics


def _binary(batches: list[Any]) -> list[Any]:
    return [((b[0] > 0.5).float(), *b[1:]) for b in batches]


@pytest.mark.parametrize("thresholds", [None, [0.8, 0.2, 0.45]])
@pytest.mark.parametrize("summation", ["interpolation", "majoring", "minoring"])
@pytest.mark.parametrize("curve", ["ROC", "PR", "PRGAIN"])
@pytest.mark.parametrize("shapes", [((40,), (40,)), ((40, 1), (40, 1), (40,))])
def test_beside_keras(compare: Any, draw: Any, curve: str, summation: str, thresholds: Any, shapes: Any) -> None:
    arguments = {"curve": curve, "summation_method": summation, "thresholds": thresholds}
    compare("AUC", arguments, _binary(draw(*shapes)), rtol=1e-5)


@pytest.mark.parametrize("more", [{}, {"num_labels": 3}])
@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_multi_label(compare: Any, draw: Any, curve: str, more: Any) -> None:
    compare("AUC", {"curve": curve, "multi_label": True, "num_thresholds": 20, **more}, _binary(draw((40, 3), (40, 3))))


def test_label_weights_and_logits(draw: Any) -> None:
    import keras

    for arguments in ({"label_weights": [0.2, 0.5, 0.3], "multi_label": True}, {"from_logits": True}):
        ours, theirs = metrics.AUC(**arguments), keras.metrics.AUC(**arguments)
        for y_true, y_pred in _binary(draw((40, 3), (40, 3))):
            ours.update_state(y_true, y_pred)
            theirs.update_state(y_true, y_pred)
        assert float(ours.result()) == pytest.approx(float(theirs.result()), rel=1e-5)
        copy = metrics.AUC.from_config(ours.get_config())
        copy.load_state_dict(ours.state_dict())
        assert torch.equal(copy.result(), ours.result())


def test_near_the_true_area() -> None:
    from sklearn.metrics import roc_auc_score

    generator = np.random.default_rng(0)
    y_true = generator.integers(0, 2, 2000)
    y_pred = np.clip(generator.normal(0.4 + 0.2 * y_true, 0.2), 0, 1).astype("float32")
    metric = metrics.AUC(num_thresholds=1000)
    metric.update_state(y_true, y_pred)
    assert float(metric.result()) == pytest.approx(roc_auc_score(y_true, y_pred), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"curve": "RCO"}, "`curve` of AUC"),
        ({"summation_method": "middle"}, "`summation_method`"),
        ({"num_thresholds": 1}, "`num_thresholds`"),
        ({"thresholds": [2.0]}, "`thresholds`"),
        ({"num_labels": 2}, "`num_labels`"),
    ],
)
def test_bad_arguments(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        metrics.AUC(**arguments)
    with pytest.raises(ValueError, match="samples, labels"):
        metrics.AUC(multi_label=True).update_state(torch.ones(3), torch.ones(3))
