"""From zero to hero on real MNIST: both ways to ask for the search, and the training as under real Lightning."""

from __future__ import annotations

import csv
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.examples import running
from tests.lightning import parity

SCRIPT = "lightning_zero_to_hero.py"


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz", 2400, 1000)


def said(text: str) -> list[str]:
    return re.findall(r"^(?:Batch size|Test|val_loss).*$", text, re.MULTILINE)


def test_both_ways_to_ask_find_the_same(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for name, options in (("today", ()), ("old", ("--old",))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            running.run(SCRIPT, "--data", data, "--out", tmp_path / name, *options)
        told.append(([str(one.message) for one in caught], said(capsys.readouterr().out)))
    assert told[0][1] == told[1][1] and told[0][0] == []
    assert told[1][0] == [
        f"`Trainer({flag}=...)`: write `Tuner(trainer).{method}(module)` before `trainer.fit(module)` today."
        for flag, method in (("auto_scale_batch_size", "scale_batch_size"), ("auto_lr_find", "lr_find"))
    ]
    sizes, why, _, accuracy = told[0][1]
    assert sizes.startswith("Batch size: 256; ") and 1e-4 < float(sizes.split()[-1]) < 0.1
    assert why.startswith("val_loss did not improve in 2 checks") and float(accuracy.split()[-1]) > 0.85
    check_files(tmp_path / "today")
    running.check_equal(*(tmp_path / name / "tensorboard" / "version_0" for name in ("today", "old")))


def check_files(folder: Path) -> None:
    figures = running.events(folder / "tensorboard" / "version_0")
    with (folder / "table" / "version_0" / "metrics.csv").open() as file:
        rows = [float(row["val_loss"]) for row in csv.DictReader(file) if row["val_loss"]]
    assert rows == pytest.approx([value for _, value in figures["val_loss"]], rel=1e-6)
    assert len(rows) == len(figures["train_loss"]) and min(rows) == rows[-3]  # it ended two epochs after the best
    weights = torch.load(folder / "net.pt", weights_only=True)
    saved = torch.load(folder / "hero.ckpt", weights_only=True)
    assert saved["hyper_parameters"]["batch_size"] == 256 and saved["epoch"] == len(rows) - 3
    assert all(torch.equal(weight, saved["state_dict"][f"net.{name}"]) for name, weight in weights.items())
    for name in ("learning_rate.png", "losses.png"):
        with Image.open(folder / name) as image:
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 10


def test_as_under_real_lightning(data: str, tmp_path: Path) -> None:
    found: list[Any] = []
    for real in (False, True):
        names, losses = running.load(SCRIPT, real), []  # type: Any, list[float]
        running.keep_losses(names.Hero, losses)
        folder = tmp_path / str(real)
        with parity.quiet():
            names.pl.seed_everything(42)
            model = names.Hero(data, lr=4e-3, batch_size=100)
            stopping = names.pl.callbacks.EarlyStopping("val_loss", patience=2)
            best = names.pl.callbacks.ModelCheckpoint(folder, "hero", monitor="val_loss")
            trainer = names.pl.Trainer(
                max_epochs=12, callbacks=[stopping, best], logger=names.pl.loggers.TensorBoardLogger(folder, "log"),
                enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=1,
            )  # fmt: skip
            trainer.fit(model)
            ended = trainer.global_step, stopping.stopped_epoch
            figures = trainer.test(ckpt_path="best", verbose=False)[0]
        found.append((losses, *ended, float(best.best_model_score), figures))
    assert found[0][:3] == found[1][:3] and len(found[0][0]) == found[0][1] == 22 * (found[0][2] + 1)
    assert found[0][3] == pytest.approx(found[1][3], rel=1e-6)
    assert found[0][4] == pytest.approx(found[1][4], rel=1e-6)
    running.check_equal(tmp_path / "False" / "log" / "version_0", tmp_path / "True" / "log" / "version_0")


def test_the_search_under_real_lightning(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for real in (False, True):
        names = running.load(SCRIPT, real)
        with parity.quiet():
            names.pl.seed_everything(42)
            model = names.Hero(data)
            trainer = names.pl.Trainer(
                max_epochs=20, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            )  # fmt: skip
            tuner = names.pl.tuner.Tuner(trainer)
            size = tuner.scale_batch_size(model, init_val=8, max_trials=6)
            assert model.hparams.batch_size == size
            model.hparams.batch_size = 256
            found.append((size, tuner.lr_find(model).suggestion()))
    (size, rate), (real_size, real_rate) = found
    assert size == real_size == 256
    assert 1 / 4 < rate / real_rate < 4  # the slope is fitted over neighbours here, and taken of two rates there


def test_without_matplotlib(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    running.run(SCRIPT, "--data", data, "--small", "--epochs", 1, "--out", tmp_path)
    text = capsys.readouterr().out
    assert "No charts: " in text and "val_loss still fell after 1 epochs." in text
    assert not list(tmp_path.glob("*.png")) and (tmp_path / "net.pt").is_file()


@pytest.mark.slow
def test_learns_mnist(mnist_path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run(SCRIPT, "--data", mnist_path, "--out", tmp_path)
    _, why, _, accuracy = said(capsys.readouterr().out)
    assert why.startswith("val_loss did not improve") and float(accuracy.split()[-1]) > 0.965
    check_files(tmp_path)
