"""Keras callbacks in a Trainer see what they see in `fit`."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import kerastorch as keras
import kerastorch.lightning as pl
from kerastorch import callbacks as kc
from kerastorch.callbacks.callback import HOOKS
from kerastorch.lightning.callbacks.keras_callbacks import gathered
from tests.lightning import parity

QUIET = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)


def _trainer(*callbacks: Any, **flags: Any) -> pl.Trainer:
    return pl.Trainer(**{"max_epochs": 6, "accelerator": "cpu", **QUIET, **flags, "callbacks": list(callbacks)})


def _model() -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((10,)), *layers])
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _writing_down(base: type, rows: list[Any]) -> Any:
    def noting(name: str) -> Any:
        def hook(self: Any, *args: Any, logs: Any = None) -> None:
            *numbers, logs = (*args, logs) if not args or isinstance(args[-1], int) else args
            rows.append((name, numbers, dict(logs or {})))

        return hook

    names = [name for name in HOOKS if name not in ("exception", "batch_begin", "batch_end")]
    return type("Writing", (base,), {f"on_{name}": noting(name) for name in names})()


def _run(trains: bool, callbacks: list[Any], epochs: int = 6) -> Any:
    model = _model()
    torch.manual_seed(1)
    train, val = parity.data(), parity.data(20, seed=5)
    if trains:
        _trainer(*callbacks, max_epochs=epochs).fit(model.to_lightning(), train, val)
    else:
        model.fit(train, epochs=epochs, validation_data=val, verbose=0, callbacks=callbacks)
    return model


def test_hooks_and_logs_are_those_of_fit() -> None:
    seen: list[list[Any]] = [[], []]
    for trains in (False, True):
        _run(trains, [_writing_down(kc.Callback, seen[trains])], epochs=2)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 2 + 2 * (2 + 2 * 6 + 2 + 2 * 3)


def test_what_ours_do_is_what_they_do_in_fit(tmp_path: Any) -> None:
    found = []
    for trains in (False, True):
        folder = tmp_path / str(trains)
        folder.mkdir()
        history = kc.History()
        callbacks = [
            kc.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            kc.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.1),
            kc.EarlyStopping("val_loss", patience=1, min_delta=0.06, restore_best_weights=True),
            kc.ModelCheckpoint(folder / "{epoch}-{val_loss:.3f}.weights.h5", "val_loss", save_weights_only=True,
                               save_best_only=True),
            kc.ModelCheckpoint(folder / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=4),
            kc.CSVLogger(folder / "log.csv"), kc.LearningRateMonitor(), kc.GradientNormMonitor(),
            kc.SwapEMAWeights(), kc.TerminateOnNaN(), history,
        ]  # fmt: skip
        keras.utils.set_random_seed(0)
        model = _model()
        model.compile(keras.optimizers.SGD(0.5, use_ema=True), model.loss, metrics=["accuracy"])
        torch.manual_seed(1)
        train, val = parity.data(), parity.data(20, seed=5)
        if trains:
            _trainer(*callbacks).fit(model.to_lightning(), train, val)
        else:
            model.fit(train, epochs=6, validation_data=val, verbose=0, callbacks=callbacks)
        found.append((history.history, history.epoch, model.get_weights(), sorted(os.listdir(folder)),
                      (folder / "log.csv").read_text()))  # fmt: skip
    assert found[0][:2] == found[1][:2] and found[0][3:] == found[1][3:]
    assert 1 < len(found[0][1]) < 6 and len(found[0][3]) > 3
    assert len(set(found[0][0]["learning_rate"])) > 1
    assert all((a == b).all() for a, b in zip(found[0][2], found[1][2], strict=True))


def test_real_keras_callbacks() -> None:
    import keras as real

    seen: list[list[Any]] = [[], []]
    epochs = []
    for trains in (False, True):
        stopping = real.callbacks.EarlyStopping("val_loss", patience=0, min_delta=1.0, restore_best_weights=True)
        _run(trains, [_writing_down(real.callbacks.Callback, seen[trains]), stopping])
        epochs.append(stopping.stopped_epoch)
    assert seen[0] == seen[1] and epochs == [1, 1]


class _Module(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))
        self.mine = 7

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("train_loss", loss)
        self.log("mean", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", functional.cross_entropy(self.net(batch[0]), batch[1]))

    test_step = validation_step

    def predict_step(self, batch: Any, batch_idx: int) -> Any:
        return self.net(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


def test_a_lightning_module_has_what_callbacks_ask_of_a_model(tmp_path: Any) -> None:
    seen: list[Any] = []

    class Own(kc.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((self.model.mine, self.model.optimizer.param_groups[0]["lr"], sorted(logs), self.params))
            self.model.stop_training = epoch == 1

    history = kc.History()
    saving = kc.ModelCheckpoint(tmp_path / "{epoch}-{val_loss:.1f}.weights.h5", save_weights_only=True)
    module = _Module()
    trainer = _trainer(Own(), kc.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), saving, history)
    trainer.fit(module, parity.data(), parity.data(20))
    names = ["mean", "train_loss", "val_loss"]
    params = {"verbose": "auto", "epochs": 6, "steps": 6}
    assert seen == [(7, 0.1, names, params), (7, 0.05, names, params)]
    assert trainer.current_epoch == 2 and sorted(history.history) == ["learning_rate", *names]
    assert history.history["mean"][1] == pytest.approx(float(trainer.callback_metrics["mean"]))
    assert history.history["val_loss"][1] == float(trainer.callback_metrics["val_loss"])
    assert len(os.listdir(tmp_path)) == 2


def test_passes_without_training() -> None:
    rows: list[Any] = []
    module = _Module()
    for run in ("validate", "test", "predict"):
        getattr(_trainer(_writing_down(kc.Callback, rows)), run)(module, parity.data(20), **(
            {} if run == "predict" else {"verbose": False}
        ))  # fmt: skip
    kinds = [name for name, _, _ in rows]
    batches = ["test_batch_begin", "test_batch_end"] * 3
    assert kinds[:8] == kinds[8:16] == ["test_begin", *batches, "test_end"]
    assert kinds[16:] == [name.replace("test", "predict") for name in kinds[:8]]
    assert rows[7][2] == rows[15][2] and list(rows[7][2]) == ["loss"]
    assert rows[18][2]["outputs"].shape == (8, 3)


def test_logs_of_batches_are_figures_so_far() -> None:
    found = []

    class Own(kc.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            found.append((logs["train_loss"], logs["mean"]))

    _trainer(Own(), max_epochs=1).fit(_Module(), parity.data(40))
    for number in range(5):
        assert found[number][1] == pytest.approx(sum(step for step, _ in found[: number + 1]) / (number + 1))


def test_state_is_in_checkpoints(tmp_path: Any) -> None:
    waiting = [kc.EarlyStopping("val_loss", patience=9, min_delta=5.0) for _ in range(2)]
    saving = pl.callbacks.ModelCheckpoint(tmp_path, save_last=True)
    _trainer(waiting[0], saving, max_epochs=3, enable_checkpointing=True).fit(_Module(), parity.data(), parity.data(20))
    fit = _trainer(waiting[1], max_epochs=3)
    fit.fit(_Module(), parity.data(), parity.data(20), ckpt_path=saving.last_model_path)
    assert waiting[1].wait == waiting[0].wait == 2 and waiting[1].best == waiting[0].best


def test_wrong_monitors_are_refused_before_training() -> None:
    module = _Module()
    before = [p.clone() for p in module.parameters()]
    with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
        _trainer(kc.EarlyStopping("val_los")).fit(module, parity.data(), parity.data(20))
    with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
        _trainer(kc.ModelCheckpoint("{epoch}-{vall_loss}.weights.h5", save_weights_only=True)).fit(
            module, parity.data(), parity.data(20)
        )
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_what_needs_fit_is_refused_by_name(tmp_path: Any) -> None:
    for wrong, remedy in (
        (kc.BackupAndRestore(tmp_path), "ckpt_path"),
        (kc.Checkpointing(tmp_path), "ckpt_path"),
        (kc.ModelCheckpoint(tmp_path / "run.ckpt"), "ckpt_path"),
        (kc.Profiler(), "torch.profiler"),
        (keras.loggers.CSVLogger(tmp_path), r"Trainer\(logger="),
    ):
        with pytest.raises(TypeError, match=f"{type(wrong).__name__} in `callbacks` of Trainer.*{remedy}"):
            _trainer(wrong).fit(_Module(), parity.data())


def test_a_module_without_config_is_not_saved_whole(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="Use `save_weights_only=True`"):
        _trainer(kc.ModelCheckpoint(tmp_path / "x.keras")).fit(_Module(), parity.data())
    assert not os.listdir(tmp_path)


def test_errors_reach_them() -> None:
    told: list[Any] = []

    class Own(kc.Callback):
        def on_exception(self, exception: BaseException) -> None:
            told.append(exception)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _trainer(Own()).fit(_Module(), parity.data())
    assert [type(one) for one in told] == [ZeroDivisionError]


def test_only_hooks_that_are_there_are_called() -> None:
    quiet, loud = gathered([kc.History()])[0], gathered([kc.TerminateOnNaN()])[0]
    for one, listens in ((quiet, False), (loud, True)):
        _trainer(one, max_epochs=1).fit(_Module(), parity.data())
        assert ("on_train_batch_end" in vars(one)) is listens and "on_train_batch_start" not in vars(one)
