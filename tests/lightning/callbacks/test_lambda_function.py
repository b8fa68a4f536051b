"""Functions as hooks; only those given are called."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.hooks import overridden
from tests.lightning import parity


def test_functions_are_hooks(tmp_path: Path) -> None:
    seen: list[int] = []
    callback = pl.callbacks.LambdaCallback(
        on_train_batch_end=lambda trainer, module, outputs, batch, index: seen.append(index), on_fit_end=None
    )
    parity.run(pl, parity.autoencoder, tmp_path, parity.data(24), max_epochs=1, callbacks=[lambda lib: callback])
    assert seen == [0, 1, 2]
    assert overridden(callback, "on_fit_end", pl.Callback) is None


def test_unknown_hooks() -> None:
    with pytest.raises(ValueError, match="on_train_batch_end"):
        pl.callbacks.LambdaCallback(on_train_batch_ends=print)
