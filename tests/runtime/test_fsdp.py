"""Weights in parts on the ranks: the same figures, whole files, the same model afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch.base.sharded import has_shards
from kerastorch.runtime.fsdp import FullyShard, find_units
from kerastorch.runtime.launch import run_on_ranks
from kerastorch.runtime.world import World
from tests.support import sharded_jobs as jobs

WORLD = World(0, 2, 0, 2, ("127.0.0.1", 0))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two ranks found, in one go, for each has to be started; and the folder with their files."""
    folder = tmp_path_factory.mktemp("files")
    return {**run_on_ranks(2, jobs.on_ranks, str(folder)), "folder": folder}


def test_every_optimizer_computes_on_shards_what_it_does_on_whole_weights(told: dict[str, Any]) -> None:
    found = told["optimizers"]
    assert set(found) == {*jobs.OPTIMIZERS, "own step"}
    assert max(found.values()) < 1e-12, found


def test_a_torch_module_and_a_torch_optimizer_are_cut_together(told: dict[str, Any]) -> None:
    found = told["torch"]
    assert found["difference"] < 1e-12 and found["local"] == (4, 6)
    assert found["keys"][:2] == ["0.weight", "0.bias"]


def test_files_are_whole_and_written_once(told: dict[str, Any]) -> None:
    found = told["files"]
    assert found["files"] == ["1.weights.h5", "2.weights.h5", "best.keras", "model.keras", "model.weights.h5"]
    assert found["sharded"] and found["layer"] == "Dense" and "63" in found["summary"]
    assert found["changed"] > 1e-6 and found["loaded"] == found["resumed"] == found["set"] == 0.0
    model = keras.models.load_model(told["folder"] / "model.keras")
    assert not has_shards(model) and jobs.difference(model.get_weights(), found["saved"]) == 0.0


def test_a_launched_run_brings_back_whole_weights_and_optimizer_state() -> None:
    expected, model = jobs.make(), jobs.make(devices=2, strategy="fsdp")
    for _ in range(2):  # the second run begins with the state of the first
        found = jobs.train(model)
        assert jobs.difference(found, jobs.train(expected)) < 1e-12
    assert not has_shards(model)
    assert all(type(v) is torch.Tensor for s in model.optimizer.state.values() for v in s.values())


def test_units_are_modules_that_are_called() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2)
            self.parts = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 1)])
            self.tied = nn.Linear(8, 8)
            self.tied.weight = self.parts[0].weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    block = Block()
    everything: Any = lambda module, size: True  # noqa: E731
    assert find_units(nn.Sequential(block), everything) == [block.attention, block.parts[1], block]
    large = find_units(nn.Sequential(block, nn.Linear(2, 2)), lambda module, size: size > 60)
    assert large == [block.attention, block]
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model = keras.Sequential([inner, keras.layers.Dense(1)])
    assert find_units(model, lambda m, s: isinstance(m, keras.layers.Dense)) == [inner.layers[0], model.layers[1]]


@pytest.mark.parametrize("units", ["all", (1,), (int,), nn.Linear, 3])
def test_units_are_checked_before_anything_starts(units: Any) -> None:
    with pytest.raises(ValueError, match="`units` of strategy fsdp: expected .*module -> bool"):
        FullyShard(torch.device("cpu"), WORLD, units=units)


def test_a_chosen_unit_may_be_a_class_or_a_function() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    for units in ((nn.Linear,), lambda module: isinstance(module, nn.Linear)):
        strategy = FullyShard(torch.device("cpu"), WORLD, units=units, param_dtype="bfloat16")
        assert find_units(net, strategy._is_unit()) == [net[0]]
        assert strategy.param_dtype is torch.bfloat16 and strategy.reduce_dtype is None


def test_a_module_without_weights_is_left_alone() -> None:
    strategy = FullyShard(torch.device("cpu"), WORLD)
    assert strategy.distribute(nn.ReLU()) == [] and strategy.wrap(nn.ReLU()).training
    strategy.sync_gradients(False)
    strategy.reduce_gradients([])
    state = {"a": [1, (np.ones(2), None)]}
    assert strategy.whole(state)["a"][1][1] is None
