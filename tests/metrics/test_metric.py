"""The base of metrics: variables, state, devices, stateless use, Keras-style subclasses."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

from kerastorch import metrics


class Peak(metrics.Metric):
    """The largest value and the number of batches, the latter in a metric of its own."""

    def __init__(self, name: str = "peak", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.top = self.add_weight(shape=(2,), initializer="zeros", name="top")
        self.batches = [metrics.Sum()]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.top.assign(torch.maximum(self.top, y_pred.amax(0)))
        self.batches[0].update_state(1.0)

    def result(self) -> Any:
        return self.top.max()


def test_a_subclass_finds_its_variables_and_those_of_metrics_inside() -> None:
    metric = Peak()
    assert [v.path for v in metric.variables] == ["peak/top", "sum/total"]
    assert float(metric(None, torch.tensor([[1.0, 5.0]]))) == 5.0
    assert float(metric.batches[0].result()) == 1.0
    metric.reset_state()
    assert all(float(v.abs().sum()) == 0 for v in metric.variables)


def test_gradients_are_not_kept() -> None:
    scale = torch.ones(2, requires_grad=True)
    metric, mean = Peak(), metrics.Mean()
    metric.update_state(None, scale * torch.ones(3, 2))
    mean.update_state(scale * 2)
    wrapped = metrics.MeanMetricWrapper(lambda y_true, y_pred: y_pred * scale)
    wrapped.update_state(torch.ones(2), scale)
    assert not any(v.requires_grad for m in (metric, mean, wrapped) for v in m.variables)


def test_a_model_that_holds_a_metric_keeps_its_state_dict() -> None:
    model = nn.Linear(1, 1)
    model.metric = metrics.Mean()
    assert sorted(model.state_dict()) == ["bias", "weight"]


def test_state_dict_round_trip() -> None:
    metric, other = metrics.Mean(), metrics.Mean()
    metric.update_state([1.0, 2.0, 6.0])
    state = metric.state_dict()
    assert {k: float(v) for k, v in state.items()} == {"total": 9.0, "count": 3.0}
    other.load_state_dict(state)
    other.update_state([7.0])
    assert float(other.result()) == 4.0
    assert float(metric.result()) == 3.0
    assert float(state["total"]) == 9.0
    with pytest.raises(ValueError, match="State of metric 'mean'"):
        other.load_state_dict({"total": torch.zeros(())})


def test_loading_forgets_what_was_counted_on_the_host() -> None:
    metric = metrics.Mean()
    state = metric.state_dict()
    metric.update_state([5.0])
    metric.load_state_dict(state)
    metric.update_state([1.0, 3.0])
    assert float(metric.result()) == 2.0


def test_copies_are_independent() -> None:
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state(torch.tensor([0]), torch.eye(1, 3))
    for other in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        other.update_state(torch.tensor([1]), torch.eye(1, 3))
        assert float(other.result()) == 0.5
    assert float(metric.result()) == 1.0


def test_stateless_use_leaves_the_state() -> None:
    metric = metrics.Mean()
    metric.update_state([4.0])
    after = metric.stateless_update_state([torch.tensor(1.0), torch.tensor(1.0)], [3.0])
    assert [float(v) for v in after] == [4.0, 2.0]
    assert float(metric.stateless_result(after)) == 2.0
    assert [float(v) for v in metric.stateless_reset_state()] == [0.0, 0.0]
    assert float(metric.result()) == 4.0
    with pytest.raises(ValueError, match="2 values"):
        metric.stateless_result([1.0])


def test_names_dtypes_and_configs() -> None:
    assert Peak().name == "peak"
    first, second = metrics.MeanIoU(2), metrics.MeanIoU(2)
    assert (first.name, second.name) == ("mean_io_u", "mean_io_u_1")
    assert metrics.Mean(dtype="float64").result().dtype is torch.float64
    assert metrics.Mean(dtype="mixed_bfloat16").dtype == "bfloat16"
    assert metrics.Mean().total.dtype is torch.float64
    assert metrics.Mean.from_config({"name": "m", "dtype": "float32"}).get_config() == {"name": "m", "dtype": "float32"}
    with pytest.raises(TypeError, match="`name` of Mean"):
        metrics.Mean(name=3)


def test_what_a_subclass_forgot_is_named() -> None:
    class Bare(metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable(name="total")

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Bare()
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state()
    with pytest.raises(NotImplementedError, match="result"):
        metrics.Metric().result()


@pytest.mark.gpu
def test_state_follows_the_data_and_nothing_waits_for_the_device() -> None:
    y_true, y_pred = torch.tensor([0, 1], device="cuda"), torch.eye(2, device="cuda")
    for metric in (metrics.SparseCategoricalAccuracy(), metrics.SparseCategoricalCrossentropy(), metrics.Mean()):
        total = metric.variables[0]
        batch = (y_pred,) if type(metric) is metrics.Mean else (y_true, y_pred)
        metric.update_state(*batch)
        torch.cuda.set_sync_debug_mode("error")
        try:
            metric.update_state(*batch)
            metric.update_state(*batch, sample_weight=torch.ones(2, device="cuda"))
            result = metric.result()
            metric.reset_state()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert result.device.type == "cuda"
        assert metric.variables[0] is total
        assert metric.to("cpu").result().device.type == "cpu"
