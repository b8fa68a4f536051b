"""Ranks that come to grief; also a script: `python -m tests.support.rank_faults FOLDER RANK AT HOW [DEVICES]`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import kerastorch as keras
from kerastorch import layers

BATCHES = 4  # in an epoch


class Mine(Exception):
    """An error of a user's own."""


class Fault(keras.callbacks.Callback):  # type: ignore[misc]
    """Let something happen to a rank after a batch; every rank leaves its process id.

    Args:
        folder: Where ranks leave what a test asks for.
        rank: The rank that it happens to.
        at: The batch, counted over all epochs; -1 for before the first.
        how: "kill", "raise", "leave", "exit", "stop", "hang", "wait", or nothing.
        pause: Seconds between batches.
    """

    def __init__(self, folder: str, rank: int, at: int, how: str, pause: float = 0.0) -> None:
        super().__init__()
        self.folder, self.rank, self.at, self.how, self.pause = folder, rank, at, how, pause
        self.seen = 0

    def on_train_begin(self, logs: Any = None) -> None:
        home = psutil.Process().cmdline()[-1]
        _write(Path(self.folder, f"{_rank()}.pid"), f"{os.getpid()} {home}")
        if self.at == -1:
            self._happen()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.seen == self.at:
            self._happen()
        self.seen += 1
        _write(Path(self.folder, f"{_rank()}.seen"), str(self.seen))
        time.sleep(self.pause)

    def _happen(self) -> None:
        if _rank() == self.rank:
            _write(Path(self.folder, "when"), repr(time.time()))
            happen(self.how)


def happen(how: str) -> None:
    """Do to this process what a fault is."""
    if how == "raise":
        raise Mine("of a rank")
    if how == "exit":
        sys.exit(3)
    if how == "leave":
        os._exit(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if how == "wait":
        time.sleep(6)


class Hangs(keras.Model):  # type: ignore[misc,name-defined]
    """A model whose own step hangs in its sixth batch on rank 1."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)
        self.steps = 0

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        self.steps += 1
        if self.steps == 6 and _rank() == 1:
            time.sleep(1000)
        return super().train_step(data)


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part" + path.suffix)
    part.write_text(text)
    part.rename(path)


def net() -> Any:
    """A small model."""
    return keras.Sequential([keras.Input((3,)), layers.Dense(2)])


def train(
    folder: str, rank: int, at: int, how: str, devices: Any = None, epochs: int = 3, model: Any = None, **more: Any
) -> Any:
    """Train for `epochs` epochs of BATCHES batches, in which a rank comes to grief."""
    model = net() if model is None else model
    model.compile("sgd", "mse", device="cpu", devices=devices)
    x = np.random.default_rng(0).normal(size=(12 * BATCHES, 3)).astype("float32")
    callbacks = [Fault(folder, rank, at, how, **more)]
    return model.fit(x, x[:, :2], batch_size=12, epochs=epochs, verbose=0, callbacks=callbacks)


def hang(folder: str) -> None:
    """Rank 0 waits in a callback for longer than a step may take; then a step of rank 1 hangs."""
    train(folder, 0, 1, "wait", model=Hangs())


if __name__ == "__main__":
    train(
        sys.argv[1],
        int(sys.argv[2]),
        int(sys.argv[3]),
        sys.argv[4],
        int(sys.argv[5]) if sys.argv[5:] else None,
        epochs=int(os.environ.get("EPOCHS", "3")),
        pause=0.01,
    )
