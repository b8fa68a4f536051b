"""The classifier of the Keras-to-Lightning article and its Keras twin, on real MNIST."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import kerastorch as keras
import kerastorch.lightning as pl
from tests.examples import running
from tests.lightning import parity

SCRIPT, TWIN = "lightning_mnist.py", "keras_mnist_twin.py"


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz")


def _told(text: str) -> dict[str, float]:
    """The test's loss and accuracy in what a script printed."""
    lines = [line for line in text.splitlines() if line.startswith("Test ")]
    return {line.split(":")[0]: float(line.split(":")[1]) for line in lines}


# -- under real Lightning -------------------------------------------------------------------------------------------

CASES = {
    "plain": ("--epochs", 2),
    "clipped and accumulated": ("--epochs", 2, "--clip", 0.5, "--accumulate", 4),
    "16 bits": ("--epochs", 1, "--precision", "bf16-mixed"),
    "truncated": ("--epochs", 1, "--truncate", 7),
    "stopped early": ("--epochs", 30, "--patience", 1, "--small", "--batch-size", 16),
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_as_under_real_lightning(options: Any, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for real in (False, True):
        folder = tmp_path / str(real)
        options = (*options, "--data", data, "--out", folder, "--accelerator", "cpu")
        cls = "RowByRow" if "--truncate" in options else "Classifier"
        names = running.run(SCRIPT, *options, real=real, module=cls)
        checkpoints = sorted(path.name for path in (folder / "checkpoints").iterdir())
        found.append((names.losses, _told(capsys.readouterr().out), checkpoints))
    assert found[0] == found[1]
    losses, told, checkpoints = found[0]
    assert checkpoints == ["best.ckpt", "last.ckpt"] and set(told) == {"Test loss", "Test accuracy"}
    running.check_equal(*(tmp_path / str(real) / "lightning_logs" / "version_0" for real in (False, True)))
    if "--patience" in options:
        assert 2 * 29 < len(losses) < 30 * 29  # an end of its own
    elif "--truncate" not in options:
        assert np.mean(losses[-8:]) < 0.5 * losses[0] and told["Test accuracy"] > 0.7


# -- the twin -------------------------------------------------------------------------------------------------------


def _twins(data: str, optimizer: Any) -> tuple[Any, Any]:
    """The running means of the training losses of both, from the same weights and in the same order."""
    lightning, twin = running.load(SCRIPT), running.load(TWIN)
    module, model = lightning.Classifier(dropout=0.0), twin.build(dropout=0.0)
    own = model.state_dict()
    model.load_state_dict(dict(zip(own, module.net.state_dict().values(), strict=True)))
    losses: list[float] = []
    running.keep_losses(type(module), losses)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(max_epochs=2, accelerator="cpu", enable_checkpointing=False, **quiet)
    train = lightning.datasets(data)[0]
    trainer.fit(module, DataLoader(train, 40))

    means: list[float] = []
    noting = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: means.append(logs["loss"]))
    model.compile(optimizer(model), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = (tensor.numpy() for tensor in train.tensors)
    model.fit(x, y, batch_size=40, epochs=2, shuffle=False, verbose=0, callbacks=[noting])
    epochs = np.array(losses).reshape(2, 50)
    return epochs.cumsum(1) / np.arange(1, 51), np.array(means).reshape(2, 50)


def test_same_weights_and_order_give_the_same_losses(data: str) -> None:
    lightning, twin = _twins(data, lambda model: torch.optim.Adam(model.parameters(), lr=1e-3))
    assert lightning[1, -1] < 0.5 * lightning[0, -1]
    np.testing.assert_allclose(twin, lightning, rtol=1e-6)


def test_keras_adam_differs_a_little(data: str) -> None:
    lightning, twin = _twins(data, lambda model: keras.optimizers.Adam(1e-3))
    np.testing.assert_allclose(twin, lightning, rtol=1e-2)  # measured: 2.4e-3
    assert np.abs(twin / lightning - 1).max() > 1e-6


def test_twin_leaves_its_files(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--epochs", 2, "--clip", 1.0, "--accumulate", 2, "--precision", "bf16-mixed", "--device", "cpu")
    running.run(TWIN, "--data", data, "--out", tmp_path, *options)
    told = _told(capsys.readouterr().out)
    model = keras.models.load_model(tmp_path / "best.keras")
    x, y = (tensor.numpy() for tensor in running.load(SCRIPT).datasets(data)[1].tensors)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert told == {"Test loss": pytest.approx(loss, abs=1e-3), "Test accuracy": pytest.approx(accuracy, abs=1e-4)}
    assert accuracy > 0.8
    figures = running.events(tmp_path / "logs" / "train")
    assert figures["epoch_loss"][1][1] < figures["epoch_loss"][0][1]


# -- checkpoints ----------------------------------------------------------------------------------------------------


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    found = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return {**found["state_dict"], "step": torch.tensor(found["global_step"])}


def _same(own: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(own) == list(other) and all(torch.equal(own[name], other[name]) for name in own)


def test_goes_on_to_the_same_weights(data: str, tmp_path: Path) -> None:
    """Also from the middle of an epoch: every update is saved, and the run is cut by an error."""
    options = ("--data", data, "--small", "--accelerator", "cpu", "--epochs", 2, "--save-every", 1)
    running.run(SCRIPT, *options, "--out", tmp_path / "whole")
    names = running.load(SCRIPT)
    steps, train = [], names.Classifier.training_step

    def failing(self: Any, batch: Any, batch_idx: int) -> Any:
        if len(steps) == 20:
            raise RuntimeError("cut")
        steps.append(batch_idx)
        return train(self, batch, batch_idx)

    names.Classifier.training_step = failing
    cut = (*options, "--out", tmp_path / "cut", "--resume")
    with running.arguments(SCRIPT, *cut), pytest.raises(RuntimeError, match="cut"):
        names.main()
    assert int(_weights(tmp_path / "cut")["step"]) == 20
    running.run(SCRIPT, *cut)
    assert _same(_weights(tmp_path / "cut"), _weights(tmp_path / "whole"))


# -- truncated backpropagation as earlier tutorials write it -----------------------------------------------------------


def test_truncated_as_it_was_written_once(data: str) -> None:
    names = running.load(SCRIPT)

    class Once(names.RowByRow):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(truncate=7)
            self.automatic_optimization = True

        def training_step(self, batch: Any, batch_idx: int, hiddens: Any) -> Any:
            x, y = batch
            logits, state = self.read(x.squeeze(1), hiddens)
            return {"loss": torch.nn.functional.cross_entropy(logits, y), "hiddens": state}

        def tbptt_split_batch(self, batch: Any, split_size: int) -> Any:
            return [(rows, batch[1]) for rows in batch[0].split(split_size, dim=2)]

    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    modules = []
    for make, flags in ((lambda: names.RowByRow(truncate=7), {}), (Once, {"truncated_bptt_steps": 7})):
        pl.seed_everything(0)
        modules.append(make())
        with parity.quiet():  # for it is called deprecated
            trainer = pl.Trainer(max_epochs=1, accelerator="cpu", enable_checkpointing=False, **quiet, **flags)
            trainer.fit(modules[-1], DataLoader(names.datasets(data, True)[0], 32, shuffle=True))
    assert _same(modules[0].state_dict(), modules[1].state_dict())
    assert trainer.global_step == 4 * 16


def test_truncated_refuses_what_it_does_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with running.arguments(SCRIPT, "--truncate", 7, "--clip", 1.0), pytest.raises(SystemExit):
        running.load(SCRIPT).parse_arguments()
    assert "leave out --clip" in capsys.readouterr().err


# -- at full size -----------------------------------------------------------------------------------------------------


ACCURACY: dict[str, float] = {}


@pytest.mark.slow
@pytest.mark.parametrize("script", [SCRIPT, TWIN])
def test_all_of_mnist(script: str, mnist_path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run(script, "--data", mnist_path, "--epochs", 2, "--out", tmp_path)
    ACCURACY[script] = _told(capsys.readouterr().out)["Test accuracy"]
    assert ACCURACY[script] >= 0.97  # measured: 0.9738 and 0.9751
    if len(ACCURACY) == 2:
        assert abs(ACCURACY[SCRIPT] - ACCURACY[TWIN]) < 0.006, ACCURACY


@pytest.mark.slow
def test_rows_on_all_of_mnist(mnist_path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run(SCRIPT, "--data", mnist_path, "--epochs", 1, "--truncate", 7, "--out", tmp_path)
    assert _told(capsys.readouterr().out)["Test accuracy"] > 0.9


@pytest.mark.slow
def test_two_ranks_as_under_real_lightning(data: str, tmp_path: Path) -> None:
    """Without dropout: here each rank draws its own, there all draw the same."""
    found = []
    changes = {"dropout: float = 0.2": "dropout: float = 0.0", "seed_everything(0)": "seed_everything(5)"}
    for real in (False, True):
        script, text = tmp_path / f"script_{real}.py", (running.EXAMPLES / SCRIPT).read_text()
        for before, after in {**changes, **({running.OURS: running.REAL} if real else {})}.items():
            assert text.count(before) == 1
            text = text.replace(before, after)
        script.write_text(text)
        paths = os.pathsep.join(map(str, (running.EXAMPLES, running.EXAMPLES.parent)))
        options = ("--devices", 2, "--accelerator", "cpu", "--data", data, "--epochs", 2, "--out", tmp_path / str(real))
        done = subprocess.run(
            [sys.executable, script, *map(str, options)], env={**os.environ, "PYTHONPATH": paths}, cwd=tmp_path,
            timeout=200, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(_told(done.stdout))
    assert found[0] == found[1] and found[0]["Test accuracy"] > 0.8
    logs = (tmp_path / str(real) / "lightning_logs" / "version_0" for real in (False, True))
    running.check_equal(*logs, tolerance=1e-5)
