"""Lightning callbacks in `fit` see what they see in a Trainer."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch

import kerastorch as keras
import kerastorch.lightning as pl
from kerastorch.callbacks import CallbackList
from tests.lightning import parity, recording

QUIET = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
WITHIN = ("on_before_zero_grad", "on_before_backward", "on_after_backward")


def _model() -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((10,)), *layers])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _trainer(**flags: Any) -> pl.Trainer:
    return pl.Trainer(**{"accelerator": "cpu", "num_sanity_val_steps": 0, **QUIET, **flags})


def _telling(log: list[str]) -> Any:
    """A callback that tells of every hook that `fit` knows."""
    names = [name for name in recording.CALLBACK if name not in WITHIN]
    return type("Telling", (pl.Callback,), {n: recording._telling(pl.Callback, n, "it", log) for n in names})()


def test_order_is_that_of_a_trainer() -> None:
    seen: list[list[str]] = [[], []]
    _model().fit(parity.data(), epochs=2, validation_data=parity.data(20), verbose=0, callbacks=[_telling(seen[0])])
    trainer = _trainer(max_epochs=2, callbacks=[_telling(seen[1])])
    trainer.fit(_model().to_lightning(), parity.data(), parity.data(20))
    assert seen[0] == seen[1]
    assert seen[0].count("it.on_before_optimizer_step") == 12 and len(seen[0]) > 60


@pytest.mark.parametrize("method", ["test", "predict"])
def test_order_without_training(method: str) -> None:
    seen: list[list[str]] = [[], []]
    model = _model()
    (model.evaluate if method == "test" else model.predict)(parity.data(), verbose=0, callbacks=[_telling(seen[0])])
    trainer = _trainer(callbacks=[_telling(seen[1])])
    getattr(trainer, method)(model.to_lightning(), parity.data(), **({"verbose": False} if method == "test" else {}))
    assert seen[0] == seen[1] and len(seen[0]) > 12


class _Asking(pl.Callback):
    """Notes what it reads of the Trainer at each hook."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def _note(self, where: str, trainer: Any, module: Any) -> None:
        assert module.trainer is trainer
        figures = {name: round(float(value), 5) for name, value in trainer.callback_metrics.items()}
        facts = (
            trainer.current_epoch, trainer.global_step, trainer.max_epochs, trainer.should_stop, trainer.is_global_zero,
            trainer.state.fn, trainer.training, trainer.validating, trainer.sanity_checking, trainer.world_size,
            trainer.num_training_batches if trainer.state.fn == "fit" else None, trainer.fast_dev_run,
            len(trainer.loggers), trainer.log_every_n_steps, [type(one).__name__ for one in trainer.optimizers],
            len(trainer.callbacks), module.current_epoch, module.global_step, str(module.device),
        )  # fmt: skip
        self.rows.append((where, facts, figures if where not in ("start", "batch") else sorted(figures)))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._note("start", trainer, pl_module)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.current_epoch == 0:  # a Trainer has no figures of an epoch before it ends
            self.rows.append((batch_idx, trainer.current_epoch, trainer.global_step))

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.rows.append(("validated", trainer.global_step, trainer.validating, trainer.training))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._note("epoch", trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._note("end", trainer, pl_module)


def test_what_they_read_is_that_of_a_trainer() -> None:
    own, theirs = _Asking(), _Asking()
    own.monitors = theirs.monitors = True  # else the figures of the epoch are not there yet, in a Trainer
    _model().fit(parity.data(), epochs=2, validation_data=parity.data(20), verbose=0, callbacks=[own])
    _trainer(max_epochs=2, callbacks=[theirs]).fit(_model().to_lightning(), parity.data(), parity.data(20))
    assert own.rows == theirs.rows
    assert len(own.rows) == 1 + 6 + 2 + 2 + 1
    assert sorted(own.rows[-1][2]) == ["accuracy", "loss", "val_accuracy", "val_loss"]


def test_early_stopping_checkpoints_and_times(tmp_path: Any) -> None:
    found = []
    for trains in (False, True):
        stopping = pl.callbacks.EarlyStopping("val_loss", patience=1, min_delta=0.02)
        saving = pl.callbacks.ModelCheckpoint(
            tmp_path / str(trains), "{epoch}-{val_loss:.3f}", "val_loss", save_top_k=2
        )
        timer = pl.callbacks.Timer()
        callbacks = [stopping, saving, timer]
        model = _model()
        if trains:
            trainer = _trainer(max_epochs=30, callbacks=callbacks, enable_checkpointing=True)
            trainer.fit(model.to_lightning(), parity.data(), parity.data(20))
            epochs = trainer.current_epoch
        else:
            history = model.fit(parity.data(), epochs=30, validation_data=parity.data(20), verbose=0,
                                callbacks=callbacks)  # fmt: skip
            epochs = len(history.epoch)
        assert timer.time_elapsed("train") > 0
        files = sorted(os.listdir(tmp_path / str(trains)))
        found.append((epochs, stopping.stopped_epoch, os.path.basename(saving.best_model_path), files))
    assert found[0] == found[1] and 2 < found[0][0] < 30 and len(found[0][3]) == 2


def test_a_checkpoint_of_fit_goes_on_in_a_trainer(tmp_path: Any) -> None:
    whole, part, rest = _model(), _model(), _model()
    for model in (whole, part, rest):
        model.compile("adam", model.loss, metrics=["accuracy"])
    whole.fit(parity.data(), epochs=3, verbose=0)
    saving = pl.callbacks.ModelCheckpoint(tmp_path, save_last=True)
    part.fit(parity.data(), epochs=2, verbose=0, callbacks=[saving])
    trainer = _trainer(max_epochs=3)
    trainer.fit(rest.to_lightning(), parity.data(), ckpt_path=saving.last_model_path)
    assert trainer.global_step == 18
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), rest.parameters(), strict=True))


def test_rates_go_to_the_loggers_of_fit(tmp_path: Any) -> None:
    rates = pl.callbacks.LearningRateMonitor("epoch")
    logger = keras.loggers.CSVLogger(tmp_path)
    _model().fit(parity.data(), epochs=2, verbose=0, callbacks=[logger, rates])
    assert rates.lrs == {"lr-SGD": [0.01, 0.01]}
    with pytest.raises(ValueError, match="LearningRateMonitor"):
        _model().fit(parity.data(), verbose=0, callbacks=[pl.callbacks.LearningRateMonitor()])


def test_what_they_log_is_in_the_history() -> None:
    class Logging(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            pl_module.log("number", float(batch_idx), on_step=False, on_epoch=True)

        def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            pl_module.log("held_out", 5.0)

    history = (
        _model().fit(parity.data(), epochs=2, validation_data=parity.data(20), verbose=0, callbacks=[Logging()]).history
    )
    assert history["number"] == [2.5, 2.5] and history["held_out"] == [5.0, 5.0]


def test_should_stop_ends_training_after_the_batch() -> None:
    class Stops(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            trainer.should_stop = batch_idx == 2

    model = _model()
    assert model.fit(parity.data(), epochs=9, verbose=0, callbacks=[Stops()]).epoch == [0]
    assert int(model.optimizer.iterations) == 3 and model.stop_training


def test_what_fit_has_not_is_refused_before_training() -> None:
    model = _model()
    before = model.get_weights()
    remedy = r"Train with a Trainer: .*model.to_lightning\(\)"
    for name in WITHIN:
        wrong = type("Mine", (pl.Callback,), {name: lambda *args: None})()
        with pytest.raises(TypeError, match=f"Mine in `callbacks` of fit.*one with `{name}`. {remedy}"):
            model.fit(parity.data(), verbose=0, callbacks=[wrong])
    with pytest.raises(TypeError, match=f"GradientAccumulationScheduler in .*{remedy}"):
        model.fit(parity.data(), verbose=0, callbacks=[pl.callbacks.GradientAccumulationScheduler({0: 2})])
    with pytest.raises(ValueError, match="`monitor` of EarlyStopping"):
        model.fit(parity.data(), verbose=0, callbacks=[pl.callbacks.EarlyStopping("val_loss")])
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("look", [lambda b: b[0], len, lambda b: b.shape, list], ids=["item", "len", "shape", "list"])
def test_who_looks_at_a_batch_is_told_to_watch_a_trainer(look: Any) -> None:
    class Looks(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            look(batch)

    with pytest.raises(TypeError, match=r"`batch` in fit.*Train with a Trainer"):
        _model().fit(parity.data(), verbose=0, callbacks=[Looks()])


def test_errors_reach_them() -> None:
    told: list[Any] = []

    class Own(pl.Callback):
        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            told.append(type(exception))

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _model().fit(parity.data(), verbose=0, callbacks=[Own()])
    assert told == [ZeroDivisionError]


def test_several_are_told_by_one_and_only_of_what_they_ask() -> None:
    timers = [pl.callbacks.Timer(), pl.callbacks.Timer()]
    together = CallbackList([timers[0], keras.callbacks.History(), timers[1]])
    assert len(together.callbacks) == 2 and together.callbacks[0].callbacks == timers
    assert len(together.train_batch_end) == 1  # a Timer may end training there
    assert CallbackList([pl.callbacks.ModelSummary()]).train_batch_end == ()
    together.append(pl.callbacks.ModelSummary())
    assert len(together.callbacks) == 2 and len(together.callbacks[0].callbacks) == 3


def test_they_can_be_resumed(tmp_path: Any) -> None:
    class Counting(pl.Callback):
        count = 0

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            self.count += 1

        def state_dict(self) -> dict[str, Any]:
            return {"count": self.count}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            self.count = state_dict["count"]

    first, second = Counting(), Counting()
    _model().fit(parity.data(), epochs=2, verbose=0, callbacks=[first], checkpoint_dir=tmp_path)
    _model().fit(parity.data(), epochs=3, verbose=0, callbacks=[second], checkpoint_dir=tmp_path, resume="auto")
    assert first.count == 2 and second.count == 3
