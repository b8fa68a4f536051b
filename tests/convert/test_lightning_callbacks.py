"""What callbacks become in a Trainer; that they do the same is compared in test_torch_callbacks.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.convert.written import MODEL, convert


@pytest.mark.parametrize(
    ("callback", "written"),
    [
        ("EarlyStopping('val_mae', 0.1, 3)", 'EarlyStopping(monitor="val_mae", mode="min", patience=3, min_delta=0.1)'),
        (
            "ModelCheckpoint('d/b.keras', 'val_mae', mode='max', save_best_only=True)",
            'ModelCheckpoint(\n            dirpath="d",\n            filename="b",\n'
            '            monitor="val_mae",\n            mode="max",\n'
            "            enable_version_counter=False,\n        )",
        ),
        ("TensorBoard('runs')", 'logger=[pl.loggers.TensorBoardLogger("runs")]'),
        ("CSVLogger('out/log.csv')", 'logger=[pl.loggers.CSVLogger("out", name="log")]'),
        ("LearningRateScheduler(lambda e: 0.1)", "LearningRateScheduler(lambda epoch, rate: (lambda e: 0.1)(epoch))"),
        ("ReduceLROnPlateau(patience=4)", "patience=3,\n"),
    ],
)
def test_counterparts(tmp_path: Path, callback: str, written: str) -> None:
    fit = f"model.fit(x, y, validation_split=0.5, callbacks=[keras.callbacks.{callback}])\n"
    made = convert(tmp_path, MODEL + fit, "lightning")
    assert not made.marks and written in made.text


@pytest.mark.parametrize("callback", ["ModelCheckpoint", "CSVLogger"])
def test_a_path_that_is_not_written_out_is_marked(tmp_path: Path, callback: str) -> None:
    fit = f"p = 'a' + 'b'\nmodel.fit(x, y, callbacks=[keras.callbacks.{callback}(p)])\n"
    (mark,) = convert(tmp_path, MODEL + fit, "lightning").marks
    assert "path is not written out" in mark.why


@pytest.mark.parametrize("to", ["torch", "lightning"])
@pytest.mark.parametrize("figure", ["val_acc", "val_loss"])
def test_what_fit_does_not_report_cannot_be_watched(tmp_path: Path, figure: str, to: str) -> None:
    fit = f"model.fit(x, y, callbacks=[keras.callbacks.EarlyStopping('{figure}')])\n"
    (mark,) = convert(tmp_path, MODEL + fit, to).marks
    assert mark.why == f"It watches '{figure}', and this fit reports loss, mae: in Keras it does nothing."
