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


def test_a_method_runs_as_a_call_of_its_module() -> None:
    class Calling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

        def step(self, x: torch.Tensor) -> torch.Tensor:
            return self(x) + self(x)

    module, told = Calling(), []
    module.register_forward_pre_hook(lambda module, args: told.append("gather"))
    module.register_forward_hook(lambda module, args, outputs: told.append("let go"))
    x = torch.ones(1, 2)
    step = Sharded.entered(None, module, "step")  # type: ignore[arg-type]
    assert torch.equal(step(x), 2 * module.layer(x)) and told == ["gather", "let go"]
    module(x)
    assert told == ["gather", "let go"] * 2 and "forward" not in vars(module)
