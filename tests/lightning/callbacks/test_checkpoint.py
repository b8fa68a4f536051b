"""Callbacks that save come last, and stand in the place of the default one."""

from __future__ import annotations

from pathlib import Path

import kerastorch.lightning as pl
from tests.lightning import parity


def test_its_place(tmp_path: Path) -> None:
    for lib in parity.both():

        class Mine(lib.callbacks.Checkpoint):  # type: ignore[misc,name-defined]
            pass

        with parity.quiet():
            trainer = lib.Trainer(
                default_root_dir=tmp_path, accelerator="cpu", logger=False, max_epochs=1,
                callbacks=[Mine(), lib.callbacks.Timer()],
            )  # fmt: skip
        assert type(trainer.callbacks[-1]) is Mine
        assert not any(isinstance(one, lib.callbacks.ModelCheckpoint) for one in trainer.callbacks)
        assert trainer.checkpoint_callback is trainer.callbacks[-1]
    assert issubclass(pl.callbacks.ModelCheckpoint, pl.callbacks.Checkpoint)
