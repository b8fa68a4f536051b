"""What every loss is put through beside its twin in Keras: reductions, weights, masks, dtypes; values and gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from kerastorch import losses

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
# Keras averages in float32 whatever the loss's dtype is, so that its float64 is no finer.
TOLERANCE = {"float64": 4e-6, "float32": 4e-6, "float16": 8e-3}

Maker = Callable[[np.random.Generator], tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def softmax(x: np.ndarray[Any, Any], axis: int = -1) -> np.ndarray[Any, Any]:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def numbers(*shape: int) -> Maker:
    return lambda rng: (rng.normal(size=shape), rng.normal(size=shape))


def positives(*shape: int) -> Maker:
    return lambda rng: (rng.uniform(0.1, 3, size=shape), rng.uniform(0.1, 3, size=shape))


def binary(*shape: int, logits: bool = False) -> Maker:
    def make(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        scores = rng.normal(size=shape) * 3
        return rng.integers(0, 2, size=shape), scores if logits else 1 / (1 + np.exp(-scores))

    return make


def one_hot(*shape: int, axis: int = -1, logits: bool = False) -> Maker:
    """Labels and scores of `shape`, the classes along `axis`."""

    def make(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        labels, scores = sparse(*shape, axis=axis, logits=logits)(rng)
        return np.moveaxis(np.eye(shape[axis])[labels], -1, axis), scores

    return make


def sparse(*shape: int, axis: int = -1, logits: bool = False) -> Maker:
    def make(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        scores = rng.normal(size=shape) * 2
        labels = rng.integers(0, shape[axis], size=np.delete(shape, axis))
        # not normalised: a loss on probabilities divides by their sum
        return labels, scores if logits else softmax(scores, axis) * 1.3

    return make


def weightings(batch: int, values_shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Pairs of sample weights and masks that fit unreduced losses of `values_shape`."""
    per_loss = rng.uniform(0.0, 2.0, size=values_shape)
    column = rng.uniform(0.0, 2.0, size=(batch, *(1,) * max(len(values_shape) - 1, 1)))
    mask = rng.integers(0, 2, size=values_shape).astype(bool)
    yield from [(None, None), (per_loss, None), (column, None), (None, mask), (per_loss, mask)]
    yield np.zeros(values_shape), None
    yield None, np.zeros(values_shape, dtype=bool)


def evaluate(loss: Any, y_true: Any, y_pred: Any, weight: Any, mask: Any, dtype: str) -> tuple[Any, Any]:
    """The loss and its gradient, float64 arrays; both libraries read the mask from the prediction."""
    kind = getattr(torch, dtype)
    scores = torch.tensor(y_pred, dtype=kind, requires_grad=True)
    passed = scores.clone()
    if mask is not None:
        passed._keras_mask = torch.tensor(mask)
    weight = None if weight is None else torch.tensor(weight, dtype=kind)
    value = loss(torch.tensor(y_true), passed, weight)
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    return value.detach().double().numpy(), gradient.double().numpy()


def difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], floor: float = 1e-3) -> float:
    """The largest difference, relative to the largest finite value; the same infinities are no difference."""
    assert a.shape == b.shape, (a.shape, b.shape)
    finite = np.isfinite(b)
    assert np.array_equal(a[~finite], b[~finite], equal_nan=True)
    a, b = a[finite], b[finite]
    return float(np.abs(a - b).max(initial=0.0) / max(np.abs(b).max(initial=0.0), floor))


def largest_differences(name: str, arguments: dict[str, Any], make: Maker, dtype: str) -> tuple[float, float]:
    """Put one loss through everything; the largest differences of values and of gradients."""
    import keras

    rng = np.random.default_rng(0)
    y_true, y_pred = make(rng)
    worst = [0.0, 0.0]
    unreduced = getattr(losses, name)(**arguments, reduction="none", dtype=dtype)(
        torch.tensor(y_true), torch.tensor(y_pred)
    )
    cases = list(weightings(len(y_pred), tuple(unreduced.shape), rng)) if unreduced.ndim else [(None, None)]
    if "ignore_class" in arguments:  # Keras cannot put a mask into weights that are broadcast
        cases = [(w, m) for w, m in cases if w is None or w.shape == unreduced.shape]
    for reduction, (weight, mask) in itertools.product(REDUCTIONS, cases):
        ours = getattr(losses, name)(**arguments, reduction=reduction, dtype=dtype)
        theirs = getattr(keras.losses, name)(**arguments, reduction=reduction, dtype=dtype)
        got = evaluate(ours, y_true, y_pred, weight, mask, dtype)
        wanted = evaluate(theirs, y_true, y_pred, weight, mask, dtype)
        where = (name, arguments, reduction, weight is not None, mask is not None)
        for kind in (0, 1):
            found = difference(got[kind], wanted[kind], floor=0.1 if dtype == "float16" else 1e-3)
            assert found <= TOLERANCE[dtype], (where, "gradient" if kind else "value", found, got[kind], wanted[kind])
            worst[kind] = max(worst[kind], found)
    return worst[0], worst[1]


def assert_config_parity(name: str, arguments: dict[str, Any]) -> None:
    """A config of Keras loads here and the reverse, and says the same."""
    import keras

    ours, theirs = getattr(losses, name)(**arguments), getattr(keras.losses, name)(**arguments)
    for key, value in theirs.get_config().items():
        assert ours.get_config()[key] == value, key
    again = losses.deserialize(keras.losses.serialize(theirs))
    assert type(again) is type(ours) and again.get_config().keys() <= ours.get_config().keys()
    assert type(keras.losses.deserialize(losses.serialize(ours))) is type(theirs)
    assert losses.deserialize(losses.serialize(ours)).get_config() == ours.get_config()


def assert_parity(name: str, arguments: dict[str, Any], make: Maker, dtype: str) -> None:
    largest_differences(name, arguments, make, dtype)
    assert_config_parity(name, arguments)
