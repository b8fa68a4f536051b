"""Runs that are cut and resumed, and what must be equal then: weights, optimizer, random numbers, history, samples."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

import kerastorch as keras
from kerastorch.base import nested

ROWS, FEATURES = 44, 6  # 6 batches of 8 rows; the last has 4
EPOCHS, BATCH = 3, 8
SEEN: list[int] = []


class Seeing(keras.layers.Layer):
    """Notes the numbers of the samples it is trained on, and hides them from the model."""

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if training:
            SEEN.extend(x[:, 0].long().tolist())
        return x[:, 1:]


class Cut(keras.callbacks.Callback):
    """Raises after so many batches."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.done = at, 0

    def state_dict(self) -> dict[str, Any]:
        return {}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.done += 1
        if self.done == self.at:
            raise InterruptedError(f"after {self.at} batches")


class Noisy(Dataset):
    """Samples with noise of the process, or worker, that makes them."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> Any:
        x = self.x[index].clone()
        x[1] += 0.1 * torch.rand(()) + 0.1 * random.random()
        return x, self.y[index]


def arrays() -> tuple[Tensor, Tensor]:
    """Inputs whose first column is the sample's number, and labels."""
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(ROWS, FEATURES + 1, generator=generator)
    y = (x[:, 1:].sum(1) > FEATURES / 2).long()
    x[:, 0] = torch.arange(ROWS)
    return x, y


def given(kind: str, shuffle: bool) -> dict[str, Any]:
    """The data for `fit`, as arrays, a Dataset, or loaders of several kinds."""
    x, y = arrays()
    if kind == "arrays":
        return {"x": x.numpy(), "y": y.numpy(), "batch_size": BATCH, "shuffle": shuffle}
    if kind == "dataset":
        return {"x": Noisy(x, y), "batch_size": BATCH, "shuffle": shuffle}
    if kind == "stateful":
        from torchdata.stateful_dataloader import StatefulDataLoader

        return {"x": StatefulDataLoader(TensorDataset(x, y), BATCH, shuffle=shuffle)}
    workers = int(kind.removeprefix("loader"))
    return {"x": DataLoader(Noisy(x, y), BATCH, shuffle=shuffle, num_workers=workers)}


def made(dropout: bool, window: int, **options: Any) -> Any:
    """A compiled model with batch statistics, drawn numbers, averaged weights and a schedule."""
    keras.utils.set_random_seed(7)
    layers = [keras.Input((FEATURES + 1,)), Seeing(), keras.layers.Dense(64, "relu"), keras.layers.BatchNormalization()]
    if dropout:
        layers += [keras.layers.Dropout(0.3), keras.layers.GaussianNoise(0.1, seed=3)]
    model = keras.Sequential([*layers, keras.layers.Dense(33, "relu"), keras.layers.Dense(2)])
    rate = keras.optimizers.schedules.CosineDecay(0.01, 40)
    model.compile(
        keras.optimizers.Adam(rate, use_ema=True, ema_overwrite_frequency=4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(1, name="top")],
        accumulate_grad_batches=window,
        device="cpu",
        **options,
    )
    return model


def digest(model: Any, history: Any) -> dict[str, str]:
    """SHA-256 of all that must be equal."""
    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    parts = {
        "weights": model.state_dict(),
        "optimizer": model.optimizer.state_dict(),
        "random": state,
        "history": (history.history, history.epoch),
        "samples": SEEN,
    }
    return {name: _hash(part) for name, part in parts.items()}


def _hash(value: Any) -> str:
    made = hashlib.sha256()
    for path, leaf in nested.flatten_with_path(value):
        made.update(repr(path).encode())
        if isinstance(leaf, Tensor):
            leaf = leaf.to_local() if hasattr(leaf, "to_local") else leaf  # of shards, this rank's own
            leaf = (
                leaf.detach().contiguous().view(torch.uint8)
                if leaf.ndim
                else leaf.detach().reshape(1).view(torch.uint8)
            )
            made.update(leaf.numpy().tobytes())
        else:
            made.update(leaf.tobytes() if isinstance(leaf, np.ndarray) else repr(leaf).encode())
    return made.hexdigest()


def whole(kind: str, shuffle: bool, dropout: bool, window: int, **options: Any) -> dict[str, str]:
    """What an uninterrupted run comes to."""
    SEEN.clear()
    model = made(dropout, window, **options)
    history = model.fit(
        **given(kind, shuffle), epochs=EPOCHS, verbose=0, validation_data=_held_out(), callbacks=[Cut(0)]
    )
    return digest(model, history)


def resumed(
    folder: Path, at: int, every: Any, kind: str, shuffle: bool, dropout: bool, window: int, **options: Any
) -> dict[str, str]:
    """What a run comes to that is cut after `at` batches, and goes on from its last checkpoint in fresh objects."""
    SEEN.clear()
    common = {"epochs": EPOCHS, "verbose": 0, "validation_data": _held_out()}
    common |= {"checkpoint_dir": folder, "save_every": every, "resume": "auto"}
    with contextlib.suppress(InterruptedError):
        made(dropout, window, **options).fit(**given(kind, shuffle), callbacks=[Cut(at)], **common)
    done = (at - 1) if every == 1 else (at // 6) * 6  # in the last checkpoint: the cut comes before it is made
    rows = [_rows_before(done)] if "RANK" not in os.environ else [_own_rows_before(done)]
    del SEEN[rows[0] :]
    model = made(dropout, window, **options)
    for scramble in (random.seed, np.random.seed, torch.manual_seed):
        scramble(99)
    history = model.fit(**given(kind, shuffle), callbacks=[Cut(0)], **common)
    return digest(model, history)


def _held_out() -> tuple[np.ndarray, np.ndarray]:
    x, y = arrays()
    return x[:10].numpy(), y[:10].numpy()


def _rows_before(batches: int) -> int:
    epochs, rest = divmod(batches, 6)
    return epochs * ROWS + min(rest * BATCH, ROWS)


def _own_rows_before(batches: int) -> int:
    from kerastorch.data.share import Share
    from kerastorch.runtime.world import World

    world = World.here()
    assert world is not None
    sizes = [BATCH] * 5 + [ROWS - 5 * BATCH]
    own = [Share.of(size, world.rank, world.size) for size in sizes]
    return sum((own[i % 6].high - own[i % 6].low) for i in range(batches))


def matrix(folder: str, cells: list[dict[str, Any]]) -> list[Any]:
    """On a rank: for each cell, the digests of the whole and of the resumed run, of all ranks."""
    from tests.support.jobs import on_all, strategy

    strategy()  # ranks that meet take different random numbers; here each run seeds them
    found = []
    for number, cell in enumerate(cells):
        options = dict(cell)
        at, every = options.pop("at"), options.pop("every")
        one = whole(**options)
        other = resumed(Path(folder, str(number)), at, every, **options)
        found.append((cell, on_all((one, other))))
    return found
