"""What a bar of one's own can know, and the figures beside one."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import kerastorch.lightning as pl
from tests.lightning import parity


def test_a_bar_of_ones_own(tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):
        told: list[Any] = []

        class Mine(lib.callbacks.ProgressBar):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.on = True

            def disable(self) -> None:
                self.on = False

            def on_train_batch_end(self, *args: Any, told: Any = told) -> None:
                super().on_train_batch_end(*args)
                told.append((args[-1], self.total_train_batches, self.total_val_batches, self.on))
                told.append(sorted(self.get_metrics(*args[:2])))

        _, trainer, _ = parity.run(
            lib, parity.classifier, tmp_path / str(number), parity.data(24), parity.data(16), max_epochs=1,
            enable_progress_bar=True, callbacks=[lambda lib, kind=Mine: kind()],
        )  # fmt: skip
        found.append((told, sum(isinstance(one, lib.callbacks.ProgressBar) for one in trainer.callbacks)))
    assert found[0] == found[1]
    assert found[0][0][0] == (0, 3, 2, True)


class Versioned(pl.loggers.Logger):
    experiment = None

    def log_metrics(self, metrics: Any, step: Any = None) -> None: ...


def test_the_versions_of_several_loggers(tmp_path: Path) -> None:
    bar = pl.callbacks.ProgressBar()
    for versions, wanted in (([3], 3), (["longversion"], "sion"), ([3, 3], 3), ([3, "a"], "3_a"), ([], None)):
        loggers = [Versioned(tmp_path, "n", version) for version in versions]
        trainer = pl.Trainer(max_epochs=1, logger=loggers or False, enable_checkpointing=False, callbacks=bar)
        assert bar.get_metrics(trainer, None).get("v_num") == wanted
    bar.setup(trainer, None, "fit")
    assert pickle.loads(pickle.dumps(bar)).trainer is None
    bar.disable()
    assert bar.is_disabled
    bar.enable()
    assert bar.is_enabled
