"""One device: everything collective is an identity."""

from __future__ import annotations

import torch
from torch import nn

from kerastorch.runtime.strategy import SingleDevice


def test_one_device_is_a_world_of_one() -> None:
    strategy = SingleDevice(torch.device("cpu"))
    assert (strategy.rank, strategy.world_size) == (0, 1)
    module, value = nn.Linear(2, 2), torch.ones(3)
    assert strategy.wrap(module) is strategy.replicate(module) is module
    strategy.start()
    strategy.sync_gradients(True)
    strategy.reduce_gradients(list(module.parameters()))
    with strategy.manual_gradients(lambda: 0.5):
        strategy.sum_([value])
    assert value.tolist() == [1.0, 1.0, 1.0] and strategy.gather(value) == [value]
    assert strategy.agree(3) == 3 and strategy.any(None) is None and strategy.any("stop") == "stop"
    assert strategy.launch(print, 1) is None and strategy.hooks(None, True, True) == ()
    assert strategy.whole({"a": value}) == {"a": value} and strategy.figures({"loss": 1.0}, dict) == {"loss": 1.0}


def test_a_module_is_placed_with_its_buffers() -> None:
    module = nn.BatchNorm1d(2)
    SingleDevice(torch.device("meta")).place(module)
    assert {t.device.type for t in (*module.parameters(), *module.buffers())} == {"meta"}
