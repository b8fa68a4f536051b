"""torchmetrics objects and torch losses as metrics."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchmetrics
from torch import nn

from kerastorch import metrics
from kerastorch.metrics.adapters import TorchLossMetric

BATCHES = [(torch.tensor([[0], [2], [1]]), torch.eye(3)), (torch.tensor([[1]]), torch.tensor([[0.1, 0.8, 0.1]]))]


def test_a_torchmetric_agrees_with_ours() -> None:
    adapter = metrics.metric_for(
        torchmetrics.classification.MulticlassAccuracy(3, average="micro"), (None, 1), (None, 3)
    )
    ours = metrics.SparseCategoricalAccuracy()
    for batch in BATCHES:
        adapter.update_state(*batch)
        ours.update_state(*batch)
    assert adapter.name == "multiclass_accuracy"
    assert float(adapter.result()) == float(ours.result()) == 0.5
    adapter.reset_state()
    adapter.update_state(*BATCHES[1])
    assert float(adapter.result()) == 1.0


@pytest.mark.parametrize("collection", [False, True])
def test_state_of_a_torchmetric(collection: bool) -> None:
    def make() -> Any:
        one: Any = torchmetrics.classification.MulticlassAccuracy(3, average="micro")
        return metrics.TorchMetricsAdapter(torchmetrics.MetricCollection({"a": one}) if collection else one)

    first, second = make(), make()
    first.update_state(*BATCHES[0])
    second.load_state_dict(first.state_dict())
    for metric in (first, second):
        metric.update_state(*BATCHES[1])
    results = [m.result()["a"] if collection else m.result() for m in (first, second)]
    assert float(results[0]) == float(results[1]) == 0.5


def test_weights_and_configs_of_a_torchmetric_are_refused() -> None:
    adapter = metrics.TorchMetricsAdapter(torchmetrics.MeanSquaredError())
    with pytest.raises(ValueError, match="no sample weights"):
        adapter.update_state(torch.ones(2), torch.ones(2), sample_weight=torch.ones(2))
    with pytest.raises(NotImplementedError, match="Compile the loaded model again"):
        adapter.get_config()
    with pytest.raises(TypeError, match="`metric` of TorchMetricsAdapter"):
        metrics.TorchMetricsAdapter(nn.ReLU())


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), nn.functional.cross_entropy, nn.CrossEntropyLoss(reduction="none")]
)
def test_torch_losses_are_exact_under_any_split(loss: Any) -> None:
    split, whole = (metrics.metric_for(loss, (None, 1), (None, 3)) for _ in range(2))
    assert isinstance(split, TorchLossMetric)
    assert split.name in ("cross_entropy_loss", "cross_entropy")
    for batch in BATCHES:
        split.update_state(*batch)
    whole.update_state(*(torch.cat(t) for t in zip(*BATCHES, strict=True)))
    assert float(split.result()) == pytest.approx(float(whole.result()), rel=1e-6)
    torch_value = nn.functional.cross_entropy(
        torch.cat([b[1] for b in BATCHES]), torch.cat([b[0][:, 0] for b in BATCHES])
    )
    assert float(split.result()) == pytest.approx(float(torch_value), rel=1e-6)


def test_weights_of_torch_losses() -> None:
    each = TorchLossMetric(nn.MSELoss(reduction="none"), name="mse")
    each.update_state(torch.zeros(2), torch.tensor([1.0, 3.0]), sample_weight=torch.tensor([1.0, 0.0]))
    assert float(each.result()) == 1.0
    with pytest.raises(ValueError, match='reduction="none"'):
        TorchLossMetric(nn.MSELoss(), name="mse").update_state(
            torch.zeros(2), torch.ones(2), sample_weight=torch.ones(2)
        )
