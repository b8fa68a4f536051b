"""Sums over ranks: an identity on one, values and gradients over two."""

from __future__ import annotations

import torch

from kerastorch.runtime.collective import several_ranks, sum_over_ranks
from kerastorch.runtime.launch import run_on_ranks


def _on_a_rank() -> tuple[bool, list[float], list[float]]:
    import torch.distributed as dist

    from kerastorch.runtime.ddp import join
    from kerastorch.runtime.world import World

    world = World.here()
    assert world is not None
    join(world, torch.device("cpu"), 60.0)
    value = torch.tensor([1.0, 2.0], requires_grad=True)
    summed = sum_over_ranks(value * (dist.get_rank() + 1))
    (summed * torch.tensor([1.0, 10.0]) * (dist.get_rank() + 1)).sum().backward()
    return several_ranks(), summed.tolist(), value.grad.tolist()


def test_one_process_sums_nothing() -> None:
    value = torch.ones(2)
    assert sum_over_ranks(value) is value and not several_ranks()


def test_two_ranks_sum_values_and_gradients() -> None:
    several, summed, gradient = run_on_ranks(2, _on_a_rank)
    assert several and summed == [3.0, 6.0]
    assert gradient == [3.0, 30.0]  # rank 0's value enters both losses, of weights 1 and 2
