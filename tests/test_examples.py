"""Every script in `examples` runs, small."""

from __future__ import annotations

import csv
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image

from kerastorch import datasets

EXAMPLES = Path(__file__).parents[1] / "examples"
LOAD_DATA = datasets.mnist.load_data
SCRIPTS = sorted(EXAMPLES.glob("*.py"))

# script -> what it must say; the others tell loss and accuracy.
SAYS = {
    "lightning_2019.py": ("Validation accuracy: ",),
    "lightning_autoencoder.py": ("Test loss: ", "TorchScript: ", "Embeddings: (16, 1, 28, 28) to (16, 16)"),
    "lightning_gan.py": ("Pictures: ",),
    "lightning_hooks.py": ("module.training_step(batch, batch_idx)", "# trainer.predict"),
    "mnist_data.py": ("512 training images", "360 test images"),
}
OLD = ("lightning_2019.py",)  # shows what is deprecated


def _unreachable(*args: Any, **kwargs: Any) -> NoReturn:
    raise OSError("no network")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to run in, and no MNIST."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))  # as for `python examples/script.py`
    monkeypatch.setattr(datasets.mnist, "load_data", _unreachable)


def _run(script: str, *options: str) -> None:
    before = sys.argv
    sys.argv = [script, *options]
    try:
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    finally:
        sys.argv = before


def _mnist_like(path: Path, samples: int) -> str:
    generator = np.random.default_rng(0)
    arrays = {f"x_{part}": generator.integers(0, 256, (samples, 28, 28), "uint8") for part in ("train", "test")}
    arrays |= {f"y_{part}": np.arange(samples, dtype="uint8") % 10 for part in ("train", "test")}
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize("script", [s.name for s in SCRIPTS])
def test_runs_small_and_tells_how_it_went(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (EXAMPLES / script).read_text()
    options = [("--small",), ("--epochs", "2")]
    with warnings.catch_warnings():
        if script in OLD:
            warnings.simplefilter("ignore", DeprecationWarning)
        _run(script, *(word for option in options if f'"{option[0]}"' in text for word in option))
    said = capsys.readouterr().out
    for line in SAYS.get(script, ("Test loss: ", "Test accuracy: ")):
        assert line in said


def test_convnet_writes_its_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("mnist_convnet.py", "--small", "--epochs", "2", "--out", "here", "--precision", "32", "--device", "cpu")
    with (tmp_path / "here" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(rows[0])
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    with Image.open(tmp_path / "here" / "history.png") as image:
        assert len(image.getcolors(1 << 20) or []) > 2
    assert capsys.readouterr().out.count("bundled 8x8 digits") == 1


def test_convnet_plots_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    _run("mnist_convnet.py", "--small", "--epochs", "1")
    with Image.open(tmp_path / "runs" / "mnist_convnet" / "history.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    assert {(0, 0, 255), (255, 165, 0)} <= colours  # training, validation: dots even of one epoch


def test_convnet_reads_an_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(datasets.mnist, "load_data", LOAD_DATA)
    _mnist_like(tmp_path / "own.npz", 60)
    _run("mnist_convnet.py", "--data", "own.npz", "--epochs", "1", "--batch-size", "20")
    said = capsys.readouterr().out
    assert "60 training and 60 test images" in said and "bundled" not in said


def test_convnet_does_not_hide_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.mnist, "load_data", LOAD_DATA)
    with pytest.raises(ValueError, match=r"missing\.npz"):
        _run("mnist_convnet.py", "--data", "/nowhere/missing.npz")
