"""What a Trainer does for others."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def test_printing_and_clipping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, trainer, _ = parity.run(pl, parity.autoencoder, tmp_path, parity.data(8), max_epochs=1)
    module.print("from the module")
    trainer.print("from the trainer")
    assert "from the module\nfrom the trainer\n" in capsys.readouterr().out
    for parameter in module.parameters():
        parameter.grad = parameter.detach() * 0 + 5.0
    module.clip_gradients(trainer.optimizers[0], 0.5, "value")
    assert all(float(parameter.grad.max()) == 0.5 for parameter in module.parameters())
