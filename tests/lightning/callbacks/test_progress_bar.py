"""The bar shows what was logged for it, and nothing where it is off."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def test_the_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, trainer, _ = parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=2, enable_progress_bar=True
    )
    trainer.test(module, parity.data(8), verbose=False)
    trainer.predict(module, parity.data(8))
    shown = capsys.readouterr().out
    for text in ("Sanity check", "Epoch 0", "Epoch 1", "Validation", "3/3", "loss_epoch=", "loss_step=", "Testing"):
        assert text in shown, text
    assert "accuracy" not in shown
    assert trainer.progress_bar_callback.get_metrics(trainer, module)["v_num"] == 0


def test_no_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), max_epochs=1, enable_progress_bar=True,
        callbacks=[lambda lib: lib.callbacks.TQDMProgressBar(refresh_rate=0)],
    )  # fmt: skip
    assert "Epoch" not in capsys.readouterr().out
