from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas
import pytest

from kerastorch.callbacks import LambdaCallback
from kerastorch.loggers import CSVLogger
from tests.loggers.support import fit, small_model


def test_a_run(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, log_every_n_steps=3)
    history = fit(small_model(), logger)
    table = pandas.read_csv(logger.path)
    assert list(table) == ["epoch", "step", "loss", "loss_step", "mae", "mae_step", "val_loss", "val_mae"]
    epochs = table.dropna(subset="epoch")
    assert epochs["epoch"].tolist() == [0, 1]
    assert epochs["step"].tolist() == [4, 8]
    assert np.array_equal(epochs["val_loss"], history.history["val_loss"])
    assert table.dropna(subset="loss_step")["step"].tolist() == [3, 6]
    settings = json.loads((tmp_path / "version_0" / "hparams.json").read_text())
    assert settings["optimizer"] == "SGD"


def test_new_columns_keep_the_old_rows(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    logger.log_metrics({"b": 1.0}, 0)
    logger.save()
    logger.log_metrics({"a": 2.0, "b": 3.0}, 1)
    logger.save()
    again = CSVLogger(tmp_path, version=0)
    again.log_metrics({"b": 4.0}, 2)
    again.finalize()
    with open(logger.path, newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["epoch", "step", "b", "a"], ["", "0", "1.0", ""], ["", "1", "3.0", "2.0"], ["", "2", "4.0", ""]]
    assert [p.name for p in (tmp_path / "version_0").iterdir()] == ["metrics.csv"]


def test_what_was_logged_is_kept_when_a_run_is_cut_off(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, log_every_n_steps=0)

    def stop(epoch, logs):
        raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        fit(small_model(), logger, LambdaCallback(on_epoch_end=stop))
    assert pandas.read_csv(logger.path)["epoch"].tolist() == [0]


def test_settings_with_figures(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    logger.log_hyperparams({"a": [1]}, {"score": 0.5})
    assert logger.experiment == [{"score": 0.5, "epoch": None, "step": 0}]
    assert json.loads((tmp_path / "version_0" / "hparams.json").read_text()) == {"a": "[1]"}
