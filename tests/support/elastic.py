"""Runs in float64 that are cut on some ranks and go on with others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

import kerastorch as keras
from tests.support import exactness
from tests.support.exactness import EPOCHS, FEATURES, Cut, Seeing

# name: (batches before the cut, saved every, batches to an update, the data, whether it shuffles)
CUTS: dict[str, tuple[int, Any, int, str, bool]] = {
    "epoch end": (10, "epoch", 1, "arrays", True),
    "mid epoch": (7, 1, 1, "arrays", True),
    "mid window": (6, 1, 3, "arrays", True),
    "in a window longer than an epoch": (7, 1, 5, "arrays", False),
    "dataset": (6, 1, 3, "dataset", True),
}
BATCH = 12  # 4 batches, the last of 8 rows: for 1 to 4 ranks


class Batches(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes the samples of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[int, int], list[int]] = {}
        self.epoch = 0

    def state_dict(self) -> dict[str, Any]:
        return {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        exactness.SEEN.clear()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found[self.epoch, batch] = [*exactness.SEEN]


def made(window: int) -> Any:
    """A compiled model without drawn numbers and statistics of a batch."""
    keras.utils.set_random_seed(7)
    layers = [keras.Input((FEATURES + 1,)), Seeing(), keras.layers.Dense(16, "tanh"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="ce")],
        accumulate_grad_batches=window,
        gradient_clip_val=0.5,
        device="cpu",
    )
    return model


def data(kind: str, shuffle: bool) -> dict[str, Any]:
    """Samples without noise."""
    x, y = exactness.arrays()
    if kind == "arrays":
        return {"x": x.double().numpy(), "y": y.numpy(), "batch_size": BATCH, "shuffle": shuffle}
    return {"x": torch.utils.data.TensorDataset(x.double(), y), "batch_size": BATCH, "shuffle": shuffle}


def run(name: str, folder: Path | None, cut: bool = False, elastic: bool = False) -> dict[str, Any]:
    """What a run comes to, or what it had done when it was cut."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    at, every, window, kind, shuffle = CUTS[name]
    model, batches = made(window), Batches()
    keep = {} if folder is None else {"checkpoint_dir": folder, "resume": "auto", "save_every": every}
    callbacks = [batches, Cut(at if cut else 0)]
    try:
        history = model.fit(
            **data(kind, shuffle), epochs=EPOCHS, verbose=0, callbacks=callbacks, elastic=elastic, **keep
        ).history
    except InterruptedError:
        history = {}
    return {"samples": batches.found, "history": history, "weights": [w.tolist() for w in model.get_weights()]}


def cut_all(folder: str) -> Any:
    """On a rank: cut every kind of run."""
    return {name: run(name, Path(folder, name), cut=True) for name in CUTS}


def go_on(folder: str, elastic: bool = True) -> Any:
    """On a rank: go on with every kind of run; what each rank came to."""
    from tests.support.jobs import on_all, strategy

    strategy()
    return {name: on_all(run(name, Path(folder, name), elastic=elastic)) for name in CUTS}


def refused(folder: str) -> list[str]:
    """On a rank: what is said on each where the number of ranks has changed."""
    from tests.support.jobs import on_all, strategy

    strategy()
    try:
        run("mid epoch", Path(folder, "mid epoch"))
    except (ValueError, RuntimeError) as error:
        return on_all(f"{type(error).__name__}: {error}")
    return on_all("")
