from __future__ import annotations

import torch

from kerastorch.optimizers.averaging import MovingAverage


def test_the_first_update_copies_and_later_ones_average() -> None:
    value, average = torch.tensor([4.0]), torch.tensor([99.0])
    moving = MovingAverage([value], [average], momentum=0.75, overwrite_every=3)
    moving.after_update(0)
    assert average.item() == 4.0
    value.fill_(8.0)
    moving.after_update(1)
    assert (average.item(), value.item()) == (5.0, 8.0)
    moving.after_update(2)
    assert average.item() == value.item() == 5.75


def test_micro_batches_average_the_old_value() -> None:
    value, average = torch.tensor([0.0]), torch.tensor([8.0])
    moving = MovingAverage([value], [average], momentum=0.5, overwrite_every=None, micro_steps=3)
    moving.before_update(0)
    assert average.item() == 8.0
    moving.before_update(1)
    assert average.item() == 2.0
    MovingAverage([value], [average], momentum=0.5, overwrite_every=None).before_update(1)
    assert average.item() == 2.0
