"""The table of parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.model_summary import table
from tests.lightning import parity


def test_depths_and_counts() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Linear(3, 2), nn.Dropout()))
    module[0].requires_grad_(False)
    assert "1.0" not in table(module, 1) and "1.0" in table(module, -1)
    assert table(module, 1).endswith("8 trainable, 15 frozen, 23 parameters in all")


def test_it_is_shown_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parity.run(pl, parity.autoencoder, tmp_path, parity.data(8), max_epochs=1, enable_model_summary=True)
    assert "encoder" in capsys.readouterr().out
