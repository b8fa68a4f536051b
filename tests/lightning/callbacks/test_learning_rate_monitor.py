"""Learning rates are logged under real Lightning's names, at the same steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def optimizer(kind: str) -> Any:
    def configure(self: Any) -> Any:
        if kind == "groups":
            groups = [{"params": [p], "lr": 0.1 / (i + 1)} for i, p in enumerate(self.parameters())]
            return torch.optim.Adam(groups)
        one = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.8)
        scheduler = torch.optim.lr_scheduler.StepLR(one, 1)
        if kind == "two":
            more = {"scheduler": torch.optim.lr_scheduler.ExponentialLR(one, 0.9), "interval": "step"}
            return [one], [{"scheduler": scheduler}, more]
        return [one], [{"scheduler": scheduler, "interval": kind, "name": None if kind == "step" else "mine"}]

    return configure


@pytest.mark.parametrize("kind", ["groups", "epoch", "step", "two"])
@pytest.mark.parametrize("interval", [None, "epoch", "step"])
def test_the_same_rates(kind: str, interval: Any, tmp_path: Path) -> None:
    def make(lib: Any) -> Any:
        return type("Own", (parity.classifier(lib),), {"configure_optimizers": optimizer(kind)})

    own, real = parity.run_both(
        make, tmp_path, lambda: parity.data(24), max_epochs=2,
        callbacks=[lambda lib: lib.callbacks.LearningRateMonitor(interval, log_momentum=True)],
    )  # fmt: skip
    parity.check_equal(own, real)


def test_wrong_intervals() -> None:
    with pytest.raises(ValueError, match="logging_interval"):
        pl.callbacks.LearningRateMonitor("batch")
