"""The written file, imported and trained under real Lightning and ours, beside `fit`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import kerastorch as keras
import kerastorch.lightning as ours
from kerastorch.convert import lightning_code
from tests.convert.models import BATCH, MODELS

EPOCHS = 3
HELD_OUT = 32


class Rows(Dataset):  # type: ignore[type-arg]
    """Rows of nested arrays, in order."""

    def __init__(self, x: Any, y: Any) -> None:
        self.data = keras.tree.map_structure(torch.as_tensor, (x, y))

    def __len__(self) -> int:
        return len(keras.tree.flatten(self.data)[0])

    def __getitem__(self, index: int) -> Any:
        return keras.tree.map_structure(lambda array: array[index], self.data)


def loader(x: Any, y: Any) -> Any:
    """Batches as `fit` makes them; the loader draws its seed elsewhere, so that dropout sees the same numbers."""
    return DataLoader(Rows(x, y), batch_size=BATCH, generator=torch.Generator())


def held_out(data: Any) -> Any:
    return keras.tree.map_structure(lambda array: array[:HELD_OUT], data)


def fitted(model: Any, x: Any, y: Any) -> tuple[list[float], dict[str, list[float]]]:
    """The loss of every step and the history of `fit`."""
    losses: list[float] = []
    given = model.compute_loss

    def compute_loss(
        x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: Any = True
    ) -> Any:
        value = given(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        if training:
            losses.append(value.item())
        return value

    kind = type(model)
    model.__class__ = type(kind.__name__, (kind,), {"compute_loss": staticmethod(compute_loss)})
    torch.manual_seed(1)
    history = model.fit(
        x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, validation_data=(held_out(x), held_out(y))
    )
    return losses, history.history


def imported(source: str, folder: Any, name: str) -> Any:
    """The file as a module."""
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def trained(pl: Any, module: Any, x: Any, y: Any, folder: Any) -> tuple[list[float], dict[str, list[float]]]:
    """The loss of every step and the figures of every epoch, under one of the two Lightnings."""
    losses: list[float] = []
    history: dict[str, list[float]] = {}

    class Watch(pl.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            losses.append(float(outputs["loss"] if isinstance(outputs, dict) else outputs))

    class History(pl.Callback):  # type: ignore[misc]
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            self.keep(trainer)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            self.keep(trainer)

        def keep(self, trainer: Any) -> None:
            for name, value in trainer.callback_metrics.items():
                history.setdefault(name, []).append(float(value))

    trainer = pl.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=folder, callbacks=[Watch(), History()],
    )  # fmt: skip
    torch.manual_seed(1)
    trainer.fit(module, loader(x, y), loader(held_out(x), held_out(y)))
    return losses, history


def largest(one: Any, two: Any) -> float:
    return float(np.max(np.abs(np.asarray(one) - np.asarray(two))))


def real() -> Any:
    import lightning.pytorch as pl

    return pl


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_trains_as_fit_does(name: str, tmp_path: Any) -> None:
    keras.utils.set_random_seed(0)
    compare(name, *MODELS[name](), tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_trains_on_mnist_as_fit_does(tmp_path: Any, mnist_path: str) -> None:
    keras.utils.set_random_seed(0)
    with np.load(mnist_path) as data:
        x, y = data["x_train"][: 64 * BATCH] / np.float32(255), data["y_train"][: 64 * BATCH]
    compare("mnist", MODELS["mlp"]()[0], x, y, tmp_path)


class Own(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = keras.layers.Dense(units, activation="relu", kernel_regularizer="l2")
        self.drop, self.last = keras.layers.Dropout(0.5), keras.layers.Dense(4, activation="softmax")

    def call(self, inputs: Any) -> Any:
        return self.last(self.drop(self.first(inputs)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["subclass", "module"])
def test_models_that_are_kept_whole_train_as_fit_does(kind: str, tmp_path: Any) -> None:
    keras.utils.set_random_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4), torch.nn.Softmax(-1))
    model = Own(8) if kind == "subclass" else keras.Model(net)
    if kind == "subclass":
        model.build((None, 6))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    x, y = random.normal(size=(96, 6)).astype("float32"), random.integers(0, 4, size=96)
    compare(kind, model, x, y, tmp_path, prefix="model.")


def compare(name: str, model: Any, x: Any, y: Any, tmp_path: Any, prefix: str = "") -> None:
    """Train a model by `fit`, and its file under both Lightnings; every figure is to be the same."""
    source = lightning_code(model)
    start = {prefix + key: value.clone() for key, value in model.state_dict().items()}
    losses, history = fitted(model, x, y)
    assert len(set(losses)) == EPOCHS * (len(keras.tree.flatten(x)[0]) // BATCH)
    for number, pl in enumerate((real(), ours)):
        text = (
            source
            if pl is not ours
            else source.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl")
        )
        made = imported(text, tmp_path, f"{name}_{number}").LitModel()
        made.load_state_dict(start)
        found, figures = trained(pl, made, x, y, tmp_path)
        most = max(largest(values, history[figure]) for figure, values in figures.items() if figure in history)
        print(f"largest: {name} {pl.__name__} losses {largest(found, losses):.1e} figures {most:.1e}")
        assert largest(found, losses) < 1e-5
        assert set(figures) == set(history)
        for figure, values in figures.items():
            assert largest(values, history[figure]) < 1e-5, figure
        for key, value in model.state_dict().items():
            torch.testing.assert_close(made.state_dict()[prefix + key], value.detach(), atol=2e-5, rtol=1e-4)


def test_refusals() -> None:
    dense = keras.layers.Dense(2, name="trainer")
    model = keras.Sequential([keras.Input((3,)), dense])
    with pytest.raises(ValueError, match="expected a compiled model"):
        lightning_code(model)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="a name that a LightningModule does not use itself, received 'trainer'"):
        lightning_code(model)
    with pytest.raises(ValueError, match="a Python identifier"):
        lightning_code(model, "not a name")


def test_trainer_options_are_shown() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", accumulate_grad_batches=4, gradient_clip_val=0.5, precision="bf16-mixed")
    shown = 'pl.Trainer(max_epochs=5, accumulate_grad_batches=4, gradient_clip_val=0.5, precision="bf16-mixed")'
    assert shown in lightning_code(model)


def test_reads_as_formatters_want_it(tmp_path: Any) -> None:
    for name, made in MODELS.items():
        (tmp_path / f"{name}.py").write_text(lightning_code(made()[0]))
    options = ["--isolated", "--line-length", "120"]
    rules = ["--select", "E,F,W,I,B,UP,SIM,C901"]
    for command in (["check", *options, *rules], ["format", "--check", *options]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr
