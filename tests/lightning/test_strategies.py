"""Strategies as objects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def test_ddp_options_reach_the_ranks() -> None:
    strategy = pl.strategies.DDPStrategy(find_unused_parameters=True, bucket_cap_mb=3, timeout=timedelta(seconds=9))
    trainer = pl.Trainer(accelerator="cpu", devices=2, strategy=strategy, logger=False)
    assert trainer.world_size == 2
    assert strategy.name == "ddp" and strategy.options["timeout"] == 9.0 and strategy.options["bucket_cap_mb"] == 3


def test_fsdp_options() -> None:
    options = pl.strategies.FSDPStrategy(auto_wrap_policy={torch.nn.Linear}, cpu_offload=True).options
    assert options["units"] == (torch.nn.Linear,) and options["offload"] is True
    assert pl.strategies.FSDPStrategy().options["units"] == "size"


@pytest.mark.parametrize("kind", ["DDPStrategy", "FSDPStrategy"])
def test_unknown_options(kind: Any) -> None:
    with pytest.raises(TypeError, match="find_unused"):
        getattr(pl.strategies, kind)(find_unused=True)


def test_what_a_trainer_calls_its_strategy() -> None:
    lib, real = parity.both()
    said = []
    for one in (lib, real):
        with parity.quiet():
            here = one.Trainer(accelerator="cpu", devices=1, logger=False).strategy
        here.barrier("name")
        means = [here.reduce(torch.tensor(3.0), reduce_op=kind).item() for kind in ("mean", "sum")]
        said.append((str(here.root_device), here.global_rank, here.local_rank, here.is_global_zero,
                     here.broadcast([1]), here.reduce("text"), means))  # fmt: skip
    assert said[0] == said[1]
    here = lib.Trainer(accelerator="cpu", logger=False).strategy
    assert here.num_processes == 1 and here.world_size == 1
    with pytest.raises(ValueError, match="src"):
        here.broadcast(1, src=1)
    with pytest.raises(ValueError, match="reduce_op"):
        here.reduce(torch.tensor(1.0), reduce_op="max")
