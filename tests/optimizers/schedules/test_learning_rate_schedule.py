from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.base import registry
from kerastorch.optimizers import SGD
from kerastorch.optimizers.schedules import LearningRateSchedule, deserialize, serialize


class Halving(LearningRateSchedule):
    def __init__(self, first: float) -> None:
        self.first = first

    def __call__(self, step: Any) -> Any:
        return self.first / 2**step

    def get_config(self) -> dict[str, Any]:
        return {"first": self.first}


def test_a_schedule_of_ones_own() -> None:
    w = torch.nn.Parameter(torch.zeros(1))
    optimizer = SGD(Halving(1.0))
    for expected in (-1.0, -1.5, -1.75):
        optimizer.apply([torch.ones(1)], [w])
        assert w.item() == expected
    assert optimizer.learning_rate == 0.125


def test_it_is_saved_by_its_registered_name() -> None:
    written = serialize(Halving(0.5))
    assert written["config"] == {"first": 0.5}
    with pytest.raises(ValueError, match="custom_objects"):
        deserialize(written)
    assert deserialize(written, custom_objects={"Halving": Halving})(1) == 0.25
    config = SGD(Halving(0.5)).get_config()
    with registry.scope({"Halving": Halving}):
        assert SGD.from_config(config).learning_rate == 0.5


def test_what_a_subclass_lacks_is_named() -> None:
    with pytest.raises(NotImplementedError, match="__call__"):
        LearningRateSchedule()(1)
    with pytest.raises(NotImplementedError, match="get_config"):
        LearningRateSchedule().get_config()
