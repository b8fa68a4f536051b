"""One device: everything collective is an identity."""

from __future__ import annotations

import torch
from torch import nn

from kerastorch.runtime.strategy import SingleDevice


def test_one_device_is_a_world_of_one() -> None:
    strategy = SingleDevice(torch.device("cpu"))
    assert (strategy.rank, strategy.world_size) == (0, 1)
    module, value = nn.Linear(2, 2), torch.ones(3)
    assert strategy.wrap(module) is module
    assert strategy.sum(value) is value
    for last in (True, False):
        with strategy.sync_gradients(last):
            pass
    strategy.barrier()


def test_a_module_is_placed_with_its_buffers() -> None:
    module = nn.BatchNorm1d(2)
    SingleDevice(torch.device("meta")).place(module)
    assert {t.device.type for t in (*module.parameters(), *module.buffers())} == {"meta"}
