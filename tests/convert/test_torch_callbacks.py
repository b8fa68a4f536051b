"""Callbacks do in the loop, and in the Trainer, what they do in `fit`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.convert.written import DATA, assert_equal_weights, convert, train

FIT = (
    "history = model.fit(x, y, epochs=8, batch_size=16, shuffle=False, validation_split=0.25, "
    "callbacks=[{}], verbose=0)\n"
)
COMPILE = 'model.compile(keras.optimizers.SGD({}), "mse", metrics=["mae"])\n'


@pytest.mark.parametrize(
    ("rate", "callback"),
    [
        (0.9, "keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)"),
        (0.9, "keras.callbacks.EarlyStopping('val_mae', patience=1, min_delta=0.01)"),
        (0.5, "keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.3, min_lr=0.01)"),
        (0.5, "keras.callbacks.ReduceLROnPlateau('val_mae', 0.5, 2, min_delta=0.05, cooldown=1)"),
        (0.1, "keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))"),
        (0.1, "keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.9)"),
        (0.1, "keras.callbacks.TerminateOnNaN()"),
    ],
)
def test_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, callback: str) -> None:
    monkeypatch.chdir(tmp_path)
    found = train(tmp_path, DATA + COMPILE.format(rate) + FIT.format(callback))
    assert_equal_weights(found)
    expected = found["keras"]["history"].history
    assert found["torch"]["history"]["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-4)
    assert found["lightning"]["history"].history["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-4)


@pytest.mark.parametrize("best", [True, False])
def test_checkpoints_hold_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: bool) -> None:
    monkeypatch.chdir(tmp_path)
    callback = f"keras.callbacks.ModelCheckpoint('kept/best.weights.h5', save_best_only={best}, save_weights_only=True)"
    fit = FIT.format(callback) + "model.load_weights('kept/best.weights.h5')\n"
    assert_equal_weights(train(tmp_path, DATA + COMPILE.format(0.9) + fit))


def test_files_of_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    callback = "keras.callbacks.ModelCheckpoint('m-{epoch:02d}-{val_loss:.2f}.keras')"
    train(tmp_path, DATA + COMPILE.format(0.1) + FIT.format(callback))
    of_keras = sorted(path.stem for path in tmp_path.glob("m-*.keras"))
    assert sorted(path.stem for path in tmp_path.glob("m-*.pt")) == of_keras and len(of_keras) == 8
    assert len(list(tmp_path.glob("m-*.ckpt"))) == 8  # Lightning counts from 0


def test_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    callbacks = "keras.callbacks.CSVLogger('of_keras.csv'), keras.callbacks.TensorBoard('board')"
    text = DATA + COMPILE.format(0.1) + FIT.format(callbacks)
    train(tmp_path, text)
    with open("of_keras.csv") as file:
        rows = list(csv.DictReader(file))  # the loop wrote it last
    assert len(rows) == 8 and list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert list(tmp_path.glob("of_keras/version_0/metrics.csv"))
    assert len(list(tmp_path.glob("board/**/*tfevents*"))) >= 3


@pytest.mark.parametrize("to", ["torch", "lightning"])
@pytest.mark.parametrize(
    ("callback", "what"),
    [
        ("keras.callbacks.EarlyStopping(baseline=0.5)", "EarlyStopping(baseline=0.5)"),
        ("keras.callbacks.EarlyStopping(start_from_epoch=3)", "EarlyStopping(start_from_epoch=3)"),
        ("keras.callbacks.ModelCheckpoint('a.keras', save_freq=100)", "ModelCheckpoint(save_freq=100)"),
        ("keras.callbacks.TensorBoard(histogram_freq=1)", "TensorBoard(histogram_freq=1)"),
        ("keras.callbacks.BackupAndRestore('b')", 'keras.callbacks.BackupAndRestore("b")'),
        ("keras.callbacks.EarlyStopping(monitor=name)", "keras.callbacks.EarlyStopping(monitor=name)"),
    ],
)
def test_what_is_marked(tmp_path: Path, to: str, callback: str, what: str) -> None:
    made = convert(tmp_path, DATA + COMPILE.format(0.1) + "name = 'loss'\n" + FIT.format(callback), to)
    assert [mark.what for mark in made.marks] == [what]
