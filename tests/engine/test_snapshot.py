"""State that is put back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn

import kerastorch as keras
from kerastorch.engine.objective import RunningMean
from kerastorch.engine.snapshot import RandomStates, Snapshot
from kerastorch.random import SeedGenerator


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.register_buffer("repeated", torch.zeros(1).expand(4))
        self.calls, self.seen = 0, [torch.zeros(2)]
        self.seeds = SeedGenerator(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen[0].add_(1)
        self.seen.append(torch.ones(1))
        self.last = x
        self.seeds.draw()
        return self.norm(self.linear(x))


OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=torch.tensor(0.1), capturable=False, foreach=False),
    "lbfgs": lambda p: torch.optim.LBFGS(p),
    "ours": lambda p: _built(keras.optimizers.Adam(0.1, use_ema=True), p),
    "scheduled": lambda p: _built(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)), p),
    "scaled": lambda p: _built(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1)), p),
}


def _built(optimizer: Any, parameters: Any) -> Any:
    optimizer.build(list(parameters))
    return optimizer


def _train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> list[float]:
    generator, losses = torch.Generator().manual_seed(1), []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = net(torch.randn(8, 3, generator=generator)).square().mean() + net.linear.weight.square().sum()
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return losses


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("trained", [0, 2])
@pytest.mark.parametrize("place", ["cpu", None])
def test_training_goes_on_as_if_nothing_had_been(name: str, trained: int, place: str | None) -> None:
    """Bit for bit: what follows a restored trial is what would have followed without it."""
    torch.manual_seed(0)
    net = Net()
    optimizer = OPTIMIZERS[name](net.parameters())
    _train(net, optimizer, trained)
    wanted_state = {k: v.clone() for k, v in net.state_dict().items()}
    group, seeds = optimizer.param_groups[0], net.seeds.get_state()
    snapshot = Snapshot(net, optimizer, place=place)
    first = _train(net, optimizer, 4)
    snapshot.restore()
    assert all(torch.equal(value, wanted_state[key]) for key, value in net.state_dict().items())
    assert optimizer.param_groups[0] is group
    assert net.seeds.get_state() == seeds and net.calls == seeds[1] and len(net.seen) == 1 + net.calls
    assert net.seen[0].tolist() == [float(net.calls)] * 2
    assert ("last" in vars(net)) is (trained > 0)
    assert _train(net, optimizer, 4) == first


def test_state_that_did_not_exist_is_gone() -> None:
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    snapshot = Snapshot(net, optimizer)
    _train(net, optimizer, 1)
    assert optimizer.state and net.linear.weight.grad is not None
    snapshot.restore()
    assert not optimizer.state and net.linear.weight.grad is None


def test_gradients_come_back() -> None:
    net = nn.Linear(2, 1)
    net(torch.ones(1, 2)).sum().backward()
    before = net.weight.grad
    snapshot = Snapshot(net)
    net(torch.ones(1, 2)).sum().backward()
    net.bias.grad = None
    snapshot.restore()
    assert net.weight.grad is before and before.tolist() == [[1.0, 1.0]] and net.bias.grad.tolist() == [1.0]


def test_metrics_and_means() -> None:
    metric, mean, own = keras.metrics.AUC(), RunningMean("loss"), type("Own", (), {})()
    own.seen = 1
    metric.update_state([0, 1, 1], [0.3, 0.2, 0.9])
    wanted = float(metric.result())
    snapshot = Snapshot(metric, mean, own)
    metric.reset_state()
    mean.add(torch.tensor(3.0), 2)
    own.seen = 2
    snapshot.restore()
    assert float(metric.result()) == wanted and mean.total is None and mean.count == 0 and own.seen == 1


def test_tied_and_moved_weights() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    before = first.weight.detach().clone()
    snapshot = Snapshot(nn.Sequential(first, second))
    first.weight.data = torch.zeros(5, 2)
    snapshot.restore()
    assert second.weight is first.weight and torch.equal(first.weight, before)


def test_the_part_of_a_sharded_tensor() -> None:
    from torch.distributed.tensor import Shard, distribute_tensor

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        mesh = dist.init_device_mesh("cpu", (1,))
        layer = nn.Linear(2, 2)
        before = layer.weight.tolist()
        layer.weight = nn.Parameter(distribute_tensor(layer.weight.detach(), mesh, [Shard(0)]))
        snapshot = Snapshot(layer)
        with torch.no_grad():
            layer.weight.mul_(2.0)
        snapshot.restore()
        assert layer.weight.full_tensor().tolist() == before
    finally:
        dist.destroy_process_group()


def test_generators_and_random_states() -> None:
    generator = torch.Generator().manual_seed(5)
    states, snapshot = RandomStates(torch.device("cpu")), Snapshot(generator, None)

    def draw() -> tuple[float, ...]:
        return (
            random.random(), np.random.rand(), torch.rand(()).item(), torch.rand((), generator=generator).item(),
        )  # fmt: skip

    first = draw()
    states.restore()
    snapshot.restore()
    assert draw() == first


@pytest.mark.gpu
def test_a_devices_random_state_and_tensors() -> None:
    device = torch.device("cuda", 0)
    layer, states = nn.Linear(3, 3, device=device), RandomStates(device)
    snapshot, before = Snapshot(layer), layer.weight.detach().clone()
    drawn = torch.rand(4, device=device)
    nn.init.zeros_(layer.weight)
    states.restore()
    snapshot.restore()
    assert torch.equal(layer.weight, before) and torch.equal(torch.rand(4, device=device), drawn)
