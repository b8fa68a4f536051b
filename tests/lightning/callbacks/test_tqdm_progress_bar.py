"""The bar shows what was logged for it, and nothing where it is off."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.tqdm_progress_bar import Tqdm
from tests.lightning import parity


def test_the_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, trainer, _ = parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=2, enable_progress_bar=True
    )
    trainer.test(module, parity.data(8), verbose=False)
    trainer.predict(module, parity.data(8))
    shown = capsys.readouterr().out
    for text in ("Sanity Check", "Epoch 0", "Epoch 1", "Validation", "3/3", "loss_epoch=", "loss_step=", "Testing"):
        assert text in shown, text
    assert "accuracy" not in shown
    module.print("told", 1, sep="-")
    assert "told-1" in capsys.readouterr().out


@pytest.mark.parametrize("leave", [True, False])
def test_bars_of_past_epochs(leave: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), max_epochs=3, enable_progress_bar=True,
        callbacks=[lambda lib: lib.callbacks.TQDMProgressBar(leave=leave)],
    )  # fmt: skip
    lines = [line.rsplit("\r", 1)[-1] for line in capsys.readouterr().out.split("\n") if line]
    assert [line[:7] for line in lines] == (["Epoch 0", "Epoch 1", "Epoch 2"] if leave else ["Epoch 2"])


def test_no_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=1, enable_progress_bar=True,
        callbacks=[lambda lib: lib.callbacks.TQDMProgressBar(refresh_rate=0)],
    )  # fmt: skip
    assert "Epoch" not in capsys.readouterr().out


def test_bars_of_the_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for lib in parity.both():

        class Own(lib.callbacks.TQDMProgressBar):  # type: ignore[misc]
            def init_train_tqdm(self) -> Any:
                return Tqdm(desc="mine", disable=self.is_disabled, file=sys.stdout)

            def init_validation_tqdm(self) -> Any:
                bar = super().init_validation_tqdm()
                bar.disable = True
                return bar

            def init_sanity_tqdm(self) -> Any:
                return Tqdm(disable=True)

        with parity.quiet():
            parity.run(
                lib, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=2,
                enable_progress_bar=True, callbacks=[lambda lib, kind=Own: kind()],
            )  # fmt: skip
        shown = capsys.readouterr().out
        assert "Epoch 1" in shown and "3/3" in shown and "Sanity" not in shown, lib
        assert "1/1" not in shown, lib
