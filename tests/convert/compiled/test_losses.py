"""Losses as torch expressions, beside the losses themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import losses
from kerastorch.convert import training
from tests.convert.running import value


def compiled(loss: Any, *shape: int, **options: Any) -> Any:
    """A model with outputs of a shape, compiled."""
    model = keras.Sequential([keras.Input(shape), keras.layers.Identity()])
    model.compile("sgd", loss, **options)
    return model


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def check(loss: Any, y: torch.Tensor, y_pred: torch.Tensor, plain: bool = True) -> str:
    """Compare value and gradient of the expression with those of the loss; the expression."""
    piece = training.loss(compiled(loss, *y_pred.shape[1:]))
    assert not (plain and piece.notes), piece.notes
    wanted = losses.get(loss) if isinstance(loss, str) else loss
    wanted = wanted if isinstance(wanted, losses.Loss) else losses.LossFunctionWrapper(wanted)
    results = []
    for function in (lambda y, p: value(piece, y=y, y_pred=p), wanted):
        p = y_pred.clone().requires_grad_()
        result = function(y, p)
        result.backward()
        results.append((result.detach(), p.grad))
    for one, two in zip(*results, strict=True):
        torch.testing.assert_close(one, two, atol=1e-6, rtol=2e-6)
    return piece.expression


DENSE = [
    "mse", "mae", "mape", "msle", "huber", "log_cosh", "kld", "poisson", "hinge", "squared_hinge",
    "binary_crossentropy", "categorical_crossentropy", losses.Huber(0.3),
    losses.BinaryCrossentropy(label_smoothing=0.2),
    losses.BinaryCrossentropy(from_logits=True), losses.CategoricalCrossentropy(from_logits=True),
    losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    losses.CategoricalCrossentropy(label_smoothing=0.1),
]  # fmt: skip


@pytest.mark.parametrize("loss", DENSE, ids=str)
@pytest.mark.parametrize("shape", [(6, 4), (6, 3, 4)], ids=str)
def test_dense_targets(loss: Any, shape: tuple[int, ...]) -> None:
    check(loss, numbers(*shape, seed=1), numbers(*shape))


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", losses.BinaryCrossentropy(from_logits=True)], ids=str)
def test_one_number_a_row_without_its_axis(loss: Any) -> None:
    y = (numbers(6, seed=2) > 0.5).float()
    check(loss, y, numbers(6, 1))
    check(loss, y[:, None], numbers(6, 1))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 3), (6, 3, 1)], ids=str)
def test_class_numbers(from_logits: bool, shape: tuple[int, ...]) -> None:
    y = (numbers(*shape, seed=3) * 4).to(torch.int32)
    outer = shape[:-1] if shape[-1] == 1 else shape
    expression = check(losses.SparseCategoricalCrossentropy(from_logits), y, numbers(*outer, 4))
    assert ("F.cross_entropy" in expression) == from_logits


def test_clipped_where_probabilities_are_zero() -> None:
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    for loss in ("categorical_crossentropy", "binary_crossentropy"):
        assert torch.isfinite(value(training.loss(compiled(loss, 2)), y=y, y_pred=1 - y))
    loss = training.loss(compiled("sparse_categorical_crossentropy", 2))
    assert torch.isfinite(value(loss, y=y.argmax(-1), y_pred=1 - y))


def distance(y_true: Any, y_pred: Any) -> Any:
    """A loss of the user's own."""
    return (y_true - y_pred).abs().pow(3).mean(-1)


def test_what_has_no_plain_form_is_kept_with_a_note() -> None:
    y, p = numbers(6, 4, seed=1), numbers(6, 4)
    for loss in (losses.CosineSimilarity(), losses.MeanSquaredError(reduction="sum"), losses.Dice()):
        assert "keras.losses." in check(loss, y, p, plain=False)
        assert any("is kept" in note for note in training.loss(compiled(loss, 4)).notes)
    assert check(distance, y, p) == "distance(y, y_pred).mean()"


def test_torch_losses_take_what_they_take() -> None:
    piece = training.loss(compiled(nn.SmoothL1Loss(beta=0.5), 4))
    y, p = numbers(6, 4, seed=1), numbers(6, 4)
    assert piece.expression == "nn.SmoothL1Loss(beta=0.5)(y_pred, y)"
    torch.testing.assert_close(value(piece, y=y, y_pred=p), nn.SmoothL1Loss(beta=0.5)(p, y))


def test_weights_and_several_outputs() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, {"a": keras.layers.Dense(1, name="a")(x), "b": keras.layers.Dense(2, name="b")(x)})
    model.compile("sgd", {"a": "mse", "b": "mae"}, loss_weights={"a": 0.25})
    assert training.loss(model).expression == (
        '0.25 * F.mse_loss(y_pred["a"], y["a"].view_as(y_pred["a"])) + F.l1_loss(y_pred["b"], y["b"])'
    )
    assert list(training.losses(model)) == ["a_loss", "b_loss"]


def test_a_model_without_a_loss_is_refused() -> None:
    model = compiled(None, 2)
    with pytest.raises(ValueError, match=r"a compiled loss, received None\. Compile it with a loss"):
        training.loss(model)


def test_the_known_shape_of_targets_makes_it_plainer() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(True))
    assert training.loss(model).expression == "F.cross_entropy(y_pred, y.flatten().long())"
    model.fit(np.zeros((4, 4), "float32"), np.zeros(4, "int64"), verbose=0)
    assert training.loss(model).expression == "F.cross_entropy(y_pred, y.long())"
