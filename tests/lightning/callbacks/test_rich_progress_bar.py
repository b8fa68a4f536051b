"""The bar shows what was logged for it, in the colours that a theme gives."""

from __future__ import annotations

import dataclasses
import io
import pickle
from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def console(**more: Any) -> tuple[io.StringIO, dict[str, Any]]:
    file = io.StringIO()
    return file, {"file": file, "width": 160, "color_system": None, **more}


@pytest.mark.parametrize("leave", [True, False])
def test_the_bars(leave: bool, tmp_path: Path) -> None:
    file, given = console()
    bar = pl.callbacks.RichProgressBar(leave=leave, console_kwargs=given, theme={"metrics_format": ".2f"})
    module, trainer, _ = parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=3, enable_progress_bar=True,
        callbacks=[lambda lib: bar],
    )  # fmt: skip
    shown = file.getvalue()
    loss = f"{float(trainer.progress_bar_metrics['loss_epoch']):.2f}"
    assert "Epoch 2" in shown and "3/3" in shown and "it/s" in shown and f"loss_epoch: {loss}" in shown
    assert "accuracy" not in shown and "v_num: 0" in shown
    assert ("Epoch 0" in shown) == leave
    file.truncate(0)
    trainer.validate(module, parity.data(8), verbose=False)
    trainer.test(module, parity.data(8), verbose=False)
    trainer.predict(module, parity.data(8))
    assert all(text in file.getvalue() for text in ("Validation", "Testing", "Predicting", "1/1"))
    bar.print("told")
    assert "told" in file.getvalue() and bar.progress is None
    assert pickle.loads(pickle.dumps(pl.callbacks.RichProgressBar())).refresh_rate == 100


def test_on_a_terminal(tmp_path: Path) -> None:
    file, given = console(force_terminal=True, color_system="truecolor")
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(24), parity.data(8), max_epochs=1, enable_progress_bar=True,
        callbacks=[lambda lib: lib.callbacks.RichProgressBar(theme={"progress_bar_finished": "#010203"},
                                                             console_kwargs=given)],
    )  # fmt: skip
    shown = file.getvalue()
    assert "38;2;1;2;3m" in shown and "Validation" in shown and "Sanity Checking" in shown


def test_no_bar_and_a_module_that_brings_one(tmp_path: Path) -> None:
    file, given = console()

    class Bringing(parity.classifier(pl)):  # type: ignore[misc]
        def configure_callbacks(self) -> Any:
            return pl.callbacks.RichProgressBar(refresh_rate=0, console_kwargs=given)

    _, trainer, _ = parity.run(
        pl, lambda lib: Bringing, tmp_path, parity.data(24), parity.data(8), max_epochs=1, enable_progress_bar=True,
        callbacks=[lambda lib: lib.callbacks.RichProgressBar(console_kwargs=given)],
    )  # fmt: skip
    assert not file.getvalue()
    assert sum(isinstance(one, pl.callbacks.ProgressBar) for one in trainer.callbacks) == 1


def test_the_theme() -> None:
    with parity.quiet():
        from lightning.pytorch.callbacks.progress.rich_progress import RichProgressBarTheme
    assert dataclasses.asdict(pl.callbacks.RichProgressBarTheme()) == dataclasses.asdict(RichProgressBarTheme())
    with pytest.raises(TypeError, match="colour"):
        pl.callbacks.RichProgressBar(theme={"colour": "red"})
