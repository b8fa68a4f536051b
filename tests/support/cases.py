"""Trainings whose figures must not depend on the number of ranks; also a script for torchrun and srun.

Run as `python -m tests.support.cases FOLDER` each rank leaves its figures in `FOLDER/<rank>.pickle`.
"""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras
from kerastorch import callbacks as cb
from kerastorch import layers

rng = np.random.default_rng(0)
X = rng.normal(size=(98, 6))  # in batches of 24 the last one has 2 rows: fewer than 3 ranks
Y = rng.integers(0, 3, 98)
B = (rng.random((98, 1)) < 0.4).astype("float64")
W = rng.random(98)


class Twice(layers.Layer):  # type: ignore[misc]
    """A user's layer."""

    def call(self, x: Any) -> Any:
        return x * 2


def net(**options: Any) -> Any:
    """A classifier, compiled in float64."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "tanh", kernel_regularizer="l2"), Twice(), layers.Dense(3, "softmax")]
    )
    compile_(model, metrics=["accuracy"], **options)
    return model


def compile_(model: Any, loss: Any = "sparse_categorical_crossentropy", **options: Any) -> None:
    """Compile for float64 on the CPU."""
    model.compile(keras.optimizers.Adam(0.01), loss, device="cpu", precision="64", **options)


def batches(size: int = 24) -> Iterator[Any]:
    """The data in batches."""
    for i in range(0, len(X), size):
        yield X[i : i + size], Y[i : i + size], W[i : i + size]


class Sequence(keras.utils.PyDataset):  # type: ignore[misc]
    """The data as a PyDataset."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return list(batches())[index]


class Manual(keras.Model):  # type: ignore[misc]
    """A model with a training step of its own: two optimizer steps in one, with its own figures."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3, "softmax")
        self.seen = keras.metrics.Mean("own")

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        x, y = data
        for _ in range(2):
            self.zero_grad()
            y_pred = self(x)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
            loss.backward()
            self.optimizer.step()
        for metric in self.metrics:
            metric.update_state(loss) if metric.name in ("loss", "own") else metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def told(model: Any, history: Any, x: Any = X, y: Any = Y) -> dict[str, Any]:
    """All that a training gave."""
    slots = [torch.as_tensor(v).tolist() for state in model.optimizer.state.values() for v in state.values()]
    return {
        "history": history.history,
        "weights": model.get_weights(),
        "slots": slots,
        "evaluate": model.evaluate(x, y, batch_size=24, verbose=0),
        "evaluate one row": model.evaluate(x[:1], keras.tree.map_structure(lambda part: part[:1], y), verbose=0),
        "predict": model.predict(x, batch_size=7, verbose=0),
    }


def arrays(**options: Any) -> Any:
    """Shuffled arrays with weights, validation, schedules; a second fit goes on."""
    model = net(**options)
    rates = [cb.ReduceLROnPlateau("loss", patience=1, min_delta=10.0), cb.LearningRateScheduler(_halve)]
    given: dict[str, Any] = {"batch_size": 24, "verbose": 0, "sample_weight": W, "validation_data": (X[:25], Y[:25])}
    model.fit(X, Y, epochs=3, callbacks=rates, **given)
    return told(model, model.fit(X, Y, epochs=5, initial_epoch=3, **given))


def _halve(epoch: int, rate: float) -> float:
    return rate / 2 if epoch == 1 else rate


def windows(**options: Any) -> Any:
    """Class weights, accumulation over windows of 3 (the last of 2 batches), clipping, groups of batches."""
    model = net(accumulate_grad_batches=3, gradient_clip_val=0.05, steps_per_execution=2, **options)
    weight = {0: 1.0, 1: 0.25, 2: 3.0}
    return told(model, model.fit(X, Y, batch_size=24, epochs=2, class_weight=weight, verbose=0))


def loader(workers: int = 0, **options: Any) -> Any:
    """A DataLoader."""
    model = net(**options)
    data = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(Y), torch.tensor(W)), 24, num_workers=workers)
    return told(model, model.fit(data, epochs=2, verbose=0, validation_data=data))


def loader_with_workers(**options: Any) -> Any:
    """A DataLoader with processes of its own."""
    return loader(2, **options)


def generator(**options: Any) -> Any:
    """A generator that is read in two epochs of 3 batches, and one for validation."""
    model = net(**options)
    data = (batch for _ in range(2) for batch in batches(18))
    return told(model, model.fit(data, epochs=2, steps_per_epoch=3, verbose=0, validation_data=(X, Y)))


def sequence(**options: Any) -> Any:
    """A PyDataset; training ends early and takes back its best weights."""
    model = net(**options)
    early = cb.EarlyStopping("loss", min_delta=10.0, patience=1, restore_best_weights=True)
    found = told(model, model.fit(Sequence(), epochs=9, shuffle=False, verbose=0, callbacks=early))
    return {**found, "stopped": early.stopped_epoch}


def two_outputs(**options: Any) -> Any:
    """Two outputs, metrics of several kinds, a torchmetrics object among them."""
    import torchmetrics

    keras.utils.set_random_seed(0)
    x = keras.Input((6,))
    hidden = layers.Dense(5, "relu")(x)
    outputs = {"kind": layers.Dense(3, "softmax", name="kind")(hidden), "yes": layers.Dense(1, "sigmoid")(hidden)}
    model = keras.Model(x, outputs)
    compile_(
        model,
        {"kind": "sparse_categorical_crossentropy", "yes": "binary_crossentropy"},
        loss_weights={"kind": 1.0, "yes": 0.5},
        metrics={
            "kind": ["accuracy"],
            "yes": [keras.metrics.AUC(name="auc"), torchmetrics.MeanSquaredError().set_dtype(torch.float64)],
        },
        weighted_metrics={"yes": [keras.metrics.BinaryAccuracy(dtype="float64")]},
        **options,
    )
    y = {"kind": Y, "yes": B}
    found = model.fit(X, y, batch_size=24, epochs=2, sample_weight={"kind": W, "yes": W}, verbose=0)
    return told(model, found, X, y)


def manual(**options: Any) -> Any:
    """A training step of the model's own, which takes the mean of what the ranks tell."""
    keras.utils.set_random_seed(0)
    model = Manual()
    model.build((None, 6))
    compile_(model, metrics=["accuracy"], **options)
    x, y = X[:96], Y[:96]
    return told(model, model.fit(x, y, batch_size=24, epochs=2, verbose=0), x, y)


class Usual(keras.Model):  # type: ignore[misc]
    """A model whose training step is Keras's own, called by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def sums(**options: Any) -> Any:
    """Losses that are sums over the rows beside one that is a mean, in windows; a sum of torch's in an own step."""
    keras.utils.set_random_seed(0)
    x = keras.Input((6,))
    hidden = layers.Dense(5, "tanh", kernel_regularizer="l2")(x)
    outputs = [layers.Dense(3, "softmax", name="kind")(hidden), layers.Dense(1, "sigmoid", name="yes")(hidden)]
    model = keras.Model(x, outputs)
    losses = [keras.losses.SparseCategoricalCrossentropy(reduction="sum"), "mse"]
    compile_(model, losses, loss_weights=[0.1, 2.0], metrics=["accuracy", "mae"], accumulate_grad_batches=2, **options)
    fitted = model.fit(X, [Y, B], batch_size=24, epochs=2, sample_weight=[W, W], validation_split=0.3, verbose=0)
    found = told(model, fitted, X, [Y, B])
    keras.utils.set_random_seed(0)
    own = Usual()
    own.build((None, 6))
    compile_(own, torch.nn.MSELoss(reduction="sum"), **options)
    return {**found, "own step": told(own, own.fit(X[:96], B[:96], batch_size=24, epochs=2, verbose=0), y=B)}


class Late(keras.metrics.Metric):  # type: ignore[misc]
    """Makes its state when it first sees data; counts what it sees in each column."""

    seen: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if self.seen is None:
            self.seen = self.add_variable((y_pred.shape[-1],), dtype="float64", name="seen")
        self.seen.assign_add(y_pred.sum(0))

    def result(self) -> Any:
        return torch.zeros(()) if self.seen is None else self.seen.max()


class OwnFigures(keras.Sequential):  # type: ignore[misc]
    """Its own `compute_metrics` tells figures."""

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().compute_metrics(x, y, y_pred, sample_weight)


class OwnTest(keras.Sequential):  # type: ignore[misc]
    """Steps of its own."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)

    def test_step(self, data: Any) -> Any:
        return super().test_step(data)


def few_rows(**options: Any) -> Any:
    """Two rows, then 2 more than a whole batch: ranks without any. Metrics whose state is made late, or is a list."""
    import torchmetrics

    found: dict[str, Any] = {}
    for kind in (keras.Sequential, OwnFigures, OwnTest):
        for rows in (2, 26):
            keras.utils.set_random_seed(0)
            model = kind([keras.Input((6,)), layers.Dense(3, "softmax")])
            metrics = [
                "accuracy", Late(name="late"), torchmetrics.CosineSimilarity("sum"), keras.metrics.R2Score(name="r2"),
                keras.metrics.FBetaScore(average=None, name="f"), keras.metrics.AUC(multi_label=True, name="auc"),
            ]  # fmt: skip
            compile_(model, "mse", metrics=metrics, **options)
            y = np.eye(3)[Y[:rows]]
            history = model.fit(X[:rows], y, 24, 2, validation_data=(X[:1], y[:1]), verbose=0, shuffle=False)
            found[f"{kind.__name__} {rows}"] = history.history
    return found


CASES: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (arrays, windows, loader, loader_with_workers, generator, sequence, two_outputs, manual, sums, few_rows)
}


def figures(names: tuple[str, ...] = tuple(CASES)) -> dict[str, Any]:
    """The figures of all cases, in this process or, on ranks, of all: they are the same on each."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {name: CASES[name]() for name in names}
    if dist.is_initialized():
        others: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(others, found)
        for other in others:
            assert difference(found, other) == 0.0
    return found


@cache
def on_one_device(name: str) -> Any:
    """The figures of a case in this process."""
    return CASES[name]()


def agree(found: dict[str, Any]) -> None:
    """Refuse figures that are not those of one device."""
    for case, told_there in found.items():
        for part, value in told_there.items():
            assert difference(on_one_device(case)[part], value) < 1e-12, (case, part)


def difference(one: Any, other: Any) -> float:
    """The largest difference between the numbers of two structures, which are otherwise the same."""
    if isinstance(one, dict):
        assert list(one) == list(other), (list(one), list(other))
        return max((difference(one[k], other[k]) for k in one), default=0.0)
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other), (one, other)
        return max((difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    a, b = np.asarray(one, "float64"), np.asarray(other, "float64")
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.abs(a - b).max(initial=0.0))


if __name__ == "__main__":
    torch.set_num_threads(1)
    from tests.support import cases  # not `__main__`: what is pickled here is read elsewhere

    rank = int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")))
    Path(sys.argv[1], f"{rank}.pickle").write_bytes(pickle.dumps(cases.figures(tuple(sys.argv[2:]) or tuple(CASES))))
    dist.destroy_process_group()
