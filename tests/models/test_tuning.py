"""`lr_find`, `auto_scale_batch_size`, `fit(on_oom="split")`: found on a state that is put back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras
from kerastorch import layers
from kerastorch.models.tuning import BatchSizeResult

X = np.random.default_rng(0).normal(size=(96, 4))
Y = X.sum(1, keepdims=True) + 0.1 * X[:, :1] ** 2
WEIGHT = np.random.default_rng(1).random(96)


class Room:
    """Runs out of memory above some rows."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.error: BaseException = torch.OutOfMemoryError("CUDA out of memory.")

    def __call__(self, module: torch.nn.Module, args: tuple[torch.Tensor]) -> None:
        if len(args[0]) > self.limit:
            raise self.error


def exact(limit: float = np.inf, **options: Any) -> Any:
    """A model in float64 without randomness."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, "tanh", kernel_regularizer="l2"), layers.Dense(1)])
    model.room = Room(limit)
    model.layers[0].register_forward_pre_hook(model.room)
    model.compile("adam", "mse", metrics=["mae"], weighted_metrics=["mse"], precision="64", device="cpu", **options)
    return model


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adam": lambda: "adam",
    "schedule": lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 50), momentum=0.9),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
    "ema": lambda: keras.optimizers.AdamW(0.01, use_ema=True, gradient_accumulation_steps=2),
    "torch": lambda: torch.optim.AdamW,
}


def noisy(optimizer: str) -> Any:
    """A model with all kinds of state."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.5, seed=4), layers.Dense(1)]
    )
    model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae"], device="cpu")
    return model


def random_states() -> Any:
    return random.getstate()[1], np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def state_of(model: Any) -> list[Any]:
    weights = [value.clone() for value in model.state_dict().values()]
    slots = [v.clone() for s in model.optimizer.state.values() for v in s.values() if isinstance(v, torch.Tensor)]
    numbers = [{k: v for k, v in g.items() if k != "params"} for g in model.optimizer.param_groups]
    figures = [float(value) for value in model.get_metrics_result().values()]
    return [*weights, *slots, numbers, figures]


def assert_same(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("method", ["lr_find", "auto_scale_batch_size"])
def test_nothing_is_changed_bit_for_bit(optimizer: str, method: str) -> None:
    model, twin = noisy(optimizer), noisy(optimizer)
    for one in (model, twin):
        one.fit(X, Y, epochs=1, verbose=0)
    before, states = state_of(model), random_states()
    getattr(model, method)(X, Y, batch_size=16)
    assert_same(state_of(model), before)
    assert random_states() == states
    assert model.layers[2].training is twin.layers[2].training
    assert all(p.grad is None for p in model.parameters())
    keras.utils.set_random_seed(2)
    ours = model.fit(X, Y, epochs=2, verbose=0).history
    keras.utils.set_random_seed(2)
    assert ours == twin.fit(X, Y, epochs=2, verbose=0).history
    assert_same(state_of(model), state_of(twin))


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_nor_when_it_is_interrupted(error: BaseException) -> None:
    model = noisy("adam")
    model.fit(X, Y, epochs=1, verbose=0)
    before, states = state_of(model), random_states()
    calls = iter(range(100))

    def interrupt(*args: Any) -> None:
        if next(calls) == 5:
            raise error

    handle = model.layers[0].register_forward_hook(interrupt)
    with pytest.raises(type(error)):
        model.lr_find(X, Y, batch_size=16)
    handle.remove()
    assert_same(state_of(model), before)
    assert random_states() == states


def test_gradients_of_the_user_stay() -> None:
    model = noisy("adam")
    model.fit(X, Y, epochs=1, verbose=0)
    model(torch.from_numpy(X).float()).sum().backward()
    before = [p.grad.clone() for p in model.parameters()]
    model.lr_find(X, Y, num_training=5)
    assert all(torch.equal(p.grad, b) for p, b in zip(model.parameters(), before, strict=True))


def test_the_losses_are_those_of_training_with_these_rates() -> None:
    model, twin = exact(), exact()
    options = {"min_lr": 1e-3, "max_lr": 1e-1, "num_training": 6, "mode": "linear", "early_stop_threshold": None}
    result = model.lr_find(X, Y, 96, sample_weight=WEIGHT, **options)
    np.testing.assert_allclose(result.lr, np.linspace(1e-3, 1e-1, 6), rtol=1e-12)
    losses = []
    for rate in result.lr:
        twin.optimizer.learning_rate = rate
        losses += twin.fit(X, Y, 96, shuffle=False, sample_weight=WEIGHT, verbose=0).history["loss"]
    weights = 0.98 ** np.arange(5, -1, -1.0)
    wanted = [np.average(losses[: i + 1], weights=weights[5 - i :]) for i in range(6)]
    np.testing.assert_allclose(result.loss, wanted, rtol=1e-9)


def test_the_suggestion_trains() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", device="cpu")
    result = model.lr_find(X, Y, batch_size=32)
    rate = result.suggestion()
    assert rate is not None and 1e-3 < rate < 1.0
    assert result.loss[-1] > 4 * result.loss.min() or len(result.lr) == 100
    model.optimizer.learning_rate = rate
    history = model.fit(X, Y, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]


def test_a_model_that_is_not_built_and_a_loader_with_its_own_generator() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", device="cpu")
    generator = torch.Generator().manual_seed(9)
    data = TensorDataset(torch.from_numpy(X).float(), torch.from_numpy(Y).float())
    loader, before = DataLoader(data, batch_size=16, shuffle=True, generator=generator), generator.get_state()
    assert len(model.lr_find(loader, num_training=20).lr) == 20
    assert model.built and torch.equal(generator.get_state(), before)


def test_a_training_step_of_ones_own() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    model = Own()
    model.compile("sgd", "mse", device="cpu")
    assert len(model.lr_find(X, Y, num_training=12, early_stop_threshold=None).loss) == 12
    with pytest.raises(ValueError, match="own `train_step`"):
        model.fit(X, Y, on_oom="split", verbose=0)


@pytest.mark.parametrize(
    "options", [{"min_lr": 0.0}, {"max_lr": 1e-9}, {"num_training": 1}, {"mode": "exp"}, {"early_stop_threshold": 0.5}]
)
def test_wrong_arguments_of_lr_find(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lr_find"):
        exact().lr_find(X, Y, **options)
    model = keras.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match="compile"):
        model.lr_find(X, Y)


# -- auto_scale_batch_size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "mode", "wanted"),
    [(96, "power", (96, 1)), (50, "power", (48, 2)), (40, "power", (24, 4)), (40, "binsearch", (32, 3))],
)
def test_the_largest_that_fits_and_what_keeps_the_batch(limit: int, mode: str, wanted: tuple[int, int]) -> None:
    found = exact(limit).auto_scale_batch_size(X, Y, batch_size=96, mode=mode)
    assert (found.micro_batch_size, found.accumulate_grad_batches) == wanted
    assert found.tried[96] is (limit >= 96) and found.tried[wanted[0]]


def test_training_with_what_was_found_is_training_with_the_whole_batch() -> None:
    whole = exact(accumulate_grad_batches=2)
    expected = whole.fit(X, Y, 24, epochs=3, shuffle=False, verbose=0).history
    found = exact(10, accumulate_grad_batches=2).auto_scale_batch_size(X, Y, batch_size=24)
    assert found == BatchSizeResult(6, 8, {24: False, 12: False, 6: True})
    model = exact(10, accumulate_grad_batches=found.accumulate_grad_batches)
    history = model.fit(X, Y, found.micro_batch_size, epochs=3, shuffle=False, verbose=0).history
    assert history == {key: pytest.approx(values, rel=1e-10) for key, values in expected.items()}


def test_nothing_fits() -> None:
    model = exact(0)
    before = [w.clone() for w in model.state_dict().values()]
    with pytest.raises(torch.OutOfMemoryError, match=r"none that does among \[8, 4, 2, 1\] rows"):
        model.auto_scale_batch_size(X, Y, batch_size=8)
    assert all(torch.equal(a.double(), b.double()) for a, b in zip(before, model.state_dict().values(), strict=True))


def test_several_devices_are_refused() -> None:
    model = exact(devices=2)
    with pytest.raises(ValueError, match=r"with 2 devices: .* batch_size=16"):
        model.auto_scale_batch_size(X, Y)


def test_other_errors_and_wrong_arguments() -> None:
    model = exact(8)
    model.room.error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="mat1"):
        model.auto_scale_batch_size(X, Y)
    for options in ({"mode": "halve"}, {"max_trials": 0}):
        with pytest.raises(ValueError, match="auto_scale_batch_size"):
            exact().auto_scale_batch_size(X, Y, **options)


# -- on_oom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5}])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_split_batches_train_alike(options: dict[str, Any], weight: Any) -> None:
    def fit(model: Any, **more: Any) -> dict[str, list[float]]:
        data = {"sample_weight": weight, "validation_data": (X[:7], Y[:7])}
        return model.fit(X, Y, 20, epochs=3, shuffle=True, verbose=0, **data, **more).history  # type: ignore[no-any-return]

    whole, split = exact(**options), exact(7, **options)
    expected = fit(whole)
    with pytest.warns(UserWarning, match="Out of memory with 20 rows") as caught:
        history = fit(split, on_oom="split")
    assert len(caught) == 1
    assert history == {key: pytest.approx(values, rel=1e-12) for key, values in expected.items()}
    for ours, theirs in zip(split.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)


def test_it_is_raised_unless_asked_for() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        exact(7).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="Did you mean 'split'"):
        exact().fit(X, Y, on_oom="spilt", verbose=0)


@pytest.mark.parametrize("loss", [keras.losses.MeanSquaredError(reduction="sum"), torch.nn.MSELoss(reduction="sum")])
def test_losses_that_are_sums_are_refused(loss: Any) -> None:
    model = exact()
    model.compile("sgd", loss, device="cpu")
    model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="`on_oom` of fit beside the loss (MeanSquaredError|MSELoss)"):
        model.fit(X, Y, on_oom="split", verbose=0)
