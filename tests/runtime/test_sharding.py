"""What sharding strategies share: whole states, gradients that come back weighed, what a shard knows."""

from __future__ import annotations

import torch
from torch import nn

from kerastorch.nn.variable import Layout, Variable
from kerastorch.runtime.sharding import Sharded, carry_over, scale_gradients
from kerastorch.runtime.world import World

STRATEGY = Sharded(torch.device("cpu"), World(0, 2, 0, 2, ("127.0.0.1", 0)))


def test_a_state_without_shards_stays_as_it_is() -> None:
    value = torch.ones(2)
    state = {"a": [1, (value, None)], 3: "x"}
    assert STRATEGY.whole(state) == state and STRATEGY.whole(state)["a"][1][0] is value


def test_gradients_of_all_outputs_are_scaled() -> None:
    x = torch.ones(2, requires_grad=True)
    outputs = {"a": x * 2, "b": [x * 3, torch.ones(1)]}
    scale_gradients(outputs, 0.5)
    (outputs["a"].sum() + outputs["b"][0].sum()).backward()
    assert x.grad is not None and x.grad.tolist() == [2.5, 2.5]


def test_nothing_happens_around_steps_of_a_module_that_is_not_cut() -> None:
    with STRATEGY.manual_gradients(lambda: 0.5):
        assert STRATEGY.wrap(nn.ReLU()).training
    assert not STRATEGY.whole_graph


def test_a_shard_knows_what_its_variable_knew() -> None:
    layout, after = Layout(1, 0), nn.Parameter(torch.ones(2, 2))
    before = Variable.wrap(torch.ones(2, 2), trainable=True, name="kernel", layout=layout, regularizer=abs)
    before.path = "dense/kernel"
    carry_over(before, after)
    assert (after.keras_layout, after.regularizer, after.path) == (layout, abs, "dense/kernel")
    assert after.variable_name == "kernel" and not after.is_buffer
