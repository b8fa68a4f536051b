"""Losses made from functions."""

from __future__ import annotations

import copy
import cProfile
import io
import pickle
import pstats
from typing import Any

import pytest
import torch

from kerastorch import losses


def absolute(y_true: Any, y_pred: Any, factor: float = 1.0) -> Any:
    return factor * (y_true - y_pred).abs().mean(-1)


def test_a_users_function_gets_labels_in_the_losss_dtype() -> None:
    loss = losses.LossFunctionWrapper(absolute, factor=2.0)
    assert loss(torch.zeros(4, 1, dtype=torch.uint8), torch.ones(4, 1)) == 2
    assert loss(torch.zeros(4), torch.ones(4, 1)) == 2  # a vector against a column


def test_structures_are_matched_leaf_by_leaf() -> None:
    def both(y_true: Any, y_pred: Any) -> Any:
        return absolute(y_true["a"], y_pred["a"]) + absolute(y_true["b"], y_pred["b"])

    loss = losses.LossFunctionWrapper(both)
    assert loss({"a": torch.zeros(2), "b": torch.zeros(2)}, {"a": torch.ones(2, 1), "b": torch.ones(2)}) == 2


def test_config_of_a_function() -> None:
    import keras
    from keras.src.losses import LossFunctionWrapper

    ours = losses.LossFunctionWrapper(losses.huber, delta=0.5, name="h")
    theirs = LossFunctionWrapper(keras.losses.huber, delta=0.5, name="h").get_config()
    assert ours.get_config().keys() == theirs.keys()
    for config in (ours.get_config(), theirs):
        again = losses.LossFunctionWrapper.from_config(config)
        assert again.fn is losses.huber and again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy"])
def test_a_subclass_that_overrides_call_is_heard(name: str) -> None:
    class Mine(getattr(losses, name)):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return torch.full((4,), 7.0)

    assert Mine()(torch.zeros(4, 2), torch.zeros(4, 2)) == 7


@pytest.mark.parametrize(
    "name", ["mse", "mae", "huber", "bce", "categorical_crossentropy", "sparse_categorical_crossentropy"]
)
def test_the_short_way_takes_the_value_of_the_long_one(name: str) -> None:
    scores = torch.rand(6, 3, requires_grad=True)
    truth = torch.randint(0, 3, (6,)) if name.startswith("sparse") else torch.rand(6, 3)
    loss = losses.LossFunctionWrapper(losses.get(name))
    short, long = loss(truth, scores), loss(truth, scores, torch.ones(6))
    torch.testing.assert_close(short, long)
    torch.testing.assert_close(torch.autograd.grad(short, scores), torch.autograd.grad(long, scores))


def calls(function: Any) -> int:
    function()
    profile = cProfile.Profile()
    profile.enable()
    function()
    profile.disable()
    return int(pstats.Stats(profile, stream=io.StringIO()).total_calls)  # type: ignore[attr-defined]


def test_few_python_calls() -> None:
    labels, scores = torch.randint(0, 10, (128,)), torch.rand(128, 10, requires_grad=True)
    assert calls(lambda: losses.SparseCategoricalCrossentropy()) > 3  # the counter counts
    sparse, logits = losses.SparseCategoricalCrossentropy(), losses.SparseCategoricalCrossentropy(from_logits=True)
    assert calls(lambda: sparse(labels, scores)) <= 22
    assert calls(lambda: logits(labels, scores)) <= 16
    squared = losses.MeanSquaredError()
    assert calls(lambda: squared(scores, scores)) <= 24
    assert calls(lambda: sparse(labels, scores, torch.ones(128))) <= 65


def test_copies_and_pickles() -> None:
    loss = losses.Huber(delta=0.5)
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert other(torch.zeros(2, 1), torch.ones(2, 1)) == loss(torch.zeros(2, 1), torch.ones(2, 1))


def test_what_is_no_function() -> None:
    with pytest.raises(TypeError, match="`fn` of LossFunctionWrapper: expected a function, received 3"):
        losses.LossFunctionWrapper(3)
    assert "huber_loss" in repr(losses.Huber())
