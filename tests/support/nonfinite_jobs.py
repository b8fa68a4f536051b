"""What the tests of values that are not finite let ranks do."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras
from kerastorch import layers
from tests.support import jobs

SAMPLES, SIZE = 48, 8
KINDS = ("x", "y", "layer", "gradient")
SOURCES = ("arrays", "loader", "generator")


class Root(layers.Layer):  # type: ignore[misc]
    """NaN for inputs far below zero; an infinite slope for those far above."""

    def call(self, x: Any) -> Any:
        steep = torch.sqrt(torch.where(x > 1e5, x - x.detach(), 1.0))
        return x + torch.where(x < -1e5, torch.log(x), 0.0) + steep


def plan_of(seed: int) -> dict[str, Any]:
    """What a trial does."""
    random = np.random.default_rng(seed)
    return {
        "kind": KINDS[seed % len(KINDS)],
        "source": SOURCES[seed // 2 % len(SOURCES)],
        "sample": int(random.integers(SAMPLES)),
        "value": [np.nan, np.inf, -np.inf][int(random.integers(3))],
        "accumulate": int(random.integers(1, 4)),
        "shuffle": bool(random.integers(2)),
        "strategy": "fsdp" if seed % 5 == 3 else "ddp",
    }


class Note(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the state after each update."""

    def __init__(self, accumulate: int) -> None:
        super().__init__()
        self.accumulate, self.state, self.updates, self.batches = accumulate, [], 0, 0

    def take(self) -> list[Any]:
        optimizer = self.model.optimizer.state_dict()["state"]
        tensors = [*self.model.state_dict().values(), *(v for s in optimizer.values() for v in s.values())]
        local = (t.to_local() if hasattr(t, "to_local") else torch.as_tensor(t) for t in tensors)
        return [t.detach().clone() for t in local]

    def on_train_begin(self, logs: Any = None) -> None:
        self.state = self.take()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        if (batch + 1) % self.accumulate == 0:
            self.state, self.updates = self.take(), self.updates + 1


def train(seed: int) -> dict[str, Any]:
    """Train on this rank until the planted value ends it."""
    plan = plan_of(seed)
    jobs.strategy()
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(SAMPLES, 3)), random.normal(size=(SAMPLES, 1))
    planted = {"x": (x, plan["value"]), "y": (y, plan["value"]), "layer": (x, -1e6), "gradient": (x, 1e6)}
    array, value = planted[plan["kind"]]
    array[plan["sample"]] = value
    model = keras.Sequential(
        [
            keras.Input((3,)), layers.Dense(3, kernel_initializer="identity"), Root(name="root"),
            layers.Dense(4, "tanh"), layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(1),
        ]
    )  # fmt: skip
    model.compile(
        keras.optimizers.Adam(0.01), "mse", device="cpu", precision="64", strategy=plan["strategy"],
        accumulate_grad_batches=plan["accumulate"],
    )  # fmt: skip
    note = Note(plan["accumulate"])
    given: Any = (x, y)
    options: dict[str, Any] = {"batch_size": SIZE, "shuffle": plan["shuffle"]}
    if plan["source"] == "loader":
        given = (DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), SIZE, shuffle=plan["shuffle"]),)
        options = {}
    elif plan["source"] == "generator":
        given, options = (((x[i : i + SIZE], y[i : i + SIZE]) for i in range(0, SAMPLES, SIZE)),), {}
    began, told = time.monotonic(), None
    try:
        model.fit(*given, verbose=0, check_data=False, on_nonfinite="raise", callbacks=[note], **options)
    except FloatingPointError as error:
        told = str(error)
    kept = note.take()
    same = len(kept) == len(note.state) and all(map(torch.equal, kept, note.state))
    seconds = time.monotonic() - began
    return {"told": told, "same": same, "updates": note.updates, "batches": note.batches, "seconds": seconds}


def trials(seeds: list[int]) -> list[list[dict[str, Any]]]:
    """Trials one after the other: what each rank told of each."""
    return [jobs.on_all(train(seed)) for seed in seeds]
