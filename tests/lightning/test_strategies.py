"""Strategies as objects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl


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
