"""A learning rate is found amid a fit, which goes on as real Lightning's does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

import kerastorch as keras
import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.learning_rate_finder import LRFinder
from tests.lightning import parity, recording

FOUND = 0.0123


def found_by_both() -> Any:
    """Makes both libraries suggest the same rate."""
    with parity.quiet():
        from lightning.pytorch.tuner.lr_finder import _LRFinder
    both = mock.patch.object(_LRFinder, "suggestion", lambda self: FOUND)
    both_of = mock.patch.object(LRFinder, "suggestion", lambda self: FOUND)
    return both, both_of


def finder(lib: Any, epochs: tuple[int, ...] | None, plain: bool = False, **options: Any) -> Any:
    """Lightning's documented subclass, which finds at some epochs (None: when the fit begins).

    Args:
        plain: Whether the rate is set without being looked for.
    """

    class AtEpochs(lib.callbacks.LearningRateFinder):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(**{"num_training_steps": 7, **options})
            self.seen: list[float] = []

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            if epochs is None:
                self._find(trainer, pl_module)

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch in (epochs or ()):
                self._find(trainer, pl_module)

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            self.seen.append(trainer.optimizers[0].param_groups[0]["lr"])

        def _find(self, trainer: Any, pl_module: Any) -> None:
            if not plain:
                self.lr_find(trainer, pl_module)
            elif options.get("update_attr", True):
                pl_module.hparams.lr = trainer.optimizers[0].param_groups[0]["lr"] = FOUND

    return AtEpochs()


def shuffled() -> Any:
    return parity.data(shuffle=True, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("epochs", [None, (0,), (1, 2)])
@pytest.mark.parametrize("update_attr", [True, False])
def test_training_goes_on_as_if_the_rate_had_been_known(epochs: Any, update_attr: bool, tmp_path: Path) -> None:
    runs = []
    for plain in (False, True):
        made: list[Any] = []

        def make(lib: Any, plain: bool = plain, made: list[Any] = made) -> Any:
            made.append(finder(lib, epochs, plain, update_attr=update_attr))
            return made[0]

        with found_by_both()[1]:
            module, trainer, logger = parity.run(
                pl, parity.classifier, tmp_path, shuffled(), parity.data(), [make], max_epochs=3,
                accumulate_grad_batches=2,
            )  # fmt: skip
        runs.append((module.losses, logger.rows, trainer.global_step, made[0].seen, dict(module.hparams)))
        if not plain:
            assert len(made[0].optimal_lr.lr) == 7 and made[0].optimal_lr.lr[-1] == 1.0
            assert made[0].rate == (FOUND if update_attr else None)
    assert runs[0] == runs[1] and len(runs[0][0]) == 18 and (FOUND in runs[0][3]) == update_attr


def calm(lib: Any) -> Any:
    """Without dropout: real Lightning's finder draws random numbers that are not put back."""

    class Calm(parity.classifier(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net[2].p = 0.0

    return Calm


@pytest.mark.parametrize("epochs", [None, (0,)])
def test_losses_and_rates_are_lightnings(epochs: Any, tmp_path: Path) -> None:
    made: list[Any] = []

    def make(lib: Any) -> Any:
        made.append(finder(lib, epochs))
        return made[-1]

    first, second = found_by_both()
    with first, second:
        own, real = parity.run_both(calm, tmp_path, parity.data, parity.data, callbacks=[make], max_epochs=3)
    assert made[0].seen == made[1].seen and made[0].seen[0] == FOUND == own[0].hparams.lr == real[0].hparams.lr
    assert len(made[0].optimal_lr.results["lr"]) == 7 == len(made[1].optimal_lr.results["lr"])
    real[0].losses = real[0].losses[7:]  # the trial's
    parity.check_equal(own, real)


def test_the_order_of_hooks_is_lightnings(tmp_path: Path) -> None:
    logs = []
    first, second = found_by_both()
    for number, lib in enumerate(parity.both()):
        log: list[str] = []

        class Telling(recording.module(lib, log)):  # type: ignore[misc]
            lr = 0.1

        class Finding(lib.callbacks.LearningRateFinder):  # type: ignore[misc]
            def on_fit_start(self, *args: Any, log: list[str] = log) -> None:
                log.append("[")
                super().on_fit_start(*args)
                log.append("]")

        with parity.quiet(), first, second:
            watching = [recording.callback(lib, log), Finding(num_training_steps=4)]
            parity.run(lib, lambda lib: Telling, tmp_path / str(number), parity.data(), parity.data(),
                       [lambda lib, one=one: one for one in watching], max_epochs=1)  # fmt: skip
        start, stop = log.index("["), log.index("]")
        # Lightning changes the rate by a scheduler of its own, writes a checkpoint and reads it.
        within = [name for name in log[start:stop] if not name.endswith(("_checkpoint", ".lr_scheduler_step"))]
        logs.append([*log[:start], *within, *log[stop:]])
    assert logs[0] == logs[1] and logs[0].index("[") < logs[0].index("callback.on_fit_start")
    assert logs[0].index("]") - logs[0].index("[") > 40


def test_data_that_end_end_the_search(tmp_path: Path) -> None:
    rows = iter(list(parity.data()))
    for loader, count in ((rows, 6), (parity.data(0), 0)):
        search = pl.callbacks.LearningRateFinder(num_training_steps=20, update_attr=False)
        parity.run(pl, parity.classifier, tmp_path, loader, callbacks=[lambda lib, one=search: one], max_epochs=1)
        assert len(search.optimal_lr.lr) == count


def test_a_step_without_a_loss_is_made_with_the_next_batch(tmp_path: Path) -> None:
    class Leaving(parity.classifier(pl)):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return None if batch_idx == 3 else super().training_step(batch, batch_idx)

    search = pl.callbacks.LearningRateFinder(num_training_steps=9, update_attr=False, early_stop_threshold=None)
    parity.run(pl, lambda lib: Leaving, tmp_path, parity.data(), callbacks=[lambda lib: search], max_epochs=1)
    assert len(search.optimal_lr.lr) == 9


def test_what_is_wrong(tmp_path: Path) -> None:
    for wrong in ({"mode": "square"}, {"min_lr": 0.0}, {"num_training_steps": 1}):
        with pytest.raises(ValueError, match="lr_find"):
            pl.callbacks.LearningRateFinder(**wrong)
    search = pl.callbacks.LearningRateFinder(attr_name="speed")
    with pytest.raises(ValueError, match="'speed'"):
        parity.run(pl, parity.classifier, tmp_path, parity.data(), callbacks=[lambda lib: search], max_epochs=1)
    search = pl.callbacks.LearningRateFinder(update_attr=False)
    with pytest.raises(ValueError, match="automatic optimization"):
        parity.run(pl, parity.gan, tmp_path, parity.data(), callbacks=[lambda lib: search], max_epochs=1)
    trainer = pl.Trainer(
        fast_dev_run=True, accelerator="cpu", callbacks=[search], default_root_dir=tmp_path,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="fast_dev_run"):
        trainer.fit(parity.classifier(pl)(), parity.data())
    assert search.optimal_lr is None


def test_a_keras_model_whose_optimizer_is_the_same_in_every_fit(tmp_path: Path) -> None:
    found = []
    for epochs in ((), (0, 2)):
        keras.utils.set_random_seed(1)
        parts = [keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)]
        model = keras.Sequential([keras.Input((10,)), *parts, keras.layers.Dense(3)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        _, trainer, _ = parity.run(
            pl, lambda lib, model=model: model.to_lightning, tmp_path, parity.data(shuffle=True), parity.data(),
            [lambda lib, epochs=epochs: finder(lib, epochs, update_attr=False)], max_epochs=3,
        )  # fmt: skip
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        found.append((figures, [value.clone() for value in model.state_dict().values()]))
    assert found[0][0] == found[1][0]
    assert all(torch.equal(a, b) for a, b in zip(found[0][1], found[1][1], strict=True))


class Ranked(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.lr, self.net = 0.05, torch.nn.Linear(10, 3)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class Later(pl.callbacks.LearningRateFinder):
    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Not yet."""

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == 1:
            self.lr_find(trainer, pl_module)


@pytest.mark.slow
def test_two_ranks_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    def fitted(callbacks: list[Any]) -> tuple[Any, Any]:
        torch.manual_seed(3)
        module = Ranked()
        trainer = pl.Trainer(
            accelerator="cpu", devices=2, strategy="ddp", max_epochs=2, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path, callbacks=callbacks,
        )  # fmt: skip
        trainer.fit(module, parity.data(88))
        return module, trainer

    search = Later(num_training_steps=20, update_attr=False)
    (plain, trainer), (module, _) = fitted([]), fitted([search])
    assert len(search.optimal_lr.lr) == 20 and search.rate is None
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), module.parameters(), strict=True))
    found = pl.Tuner(trainer).lr_find(module, parity.data(88), num_training=40)
    assert found.suggestion() == module.lr != 0.05
