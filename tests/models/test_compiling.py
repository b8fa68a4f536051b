"""From what `compile` was told to what a run needs: names looked up, optimizers bound, configs written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers, optimizers
from kerastorch.models import compiling
from tests.parity.fits import X, Y, difference, fit_both, quietly


def build(**options: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    if options:
        model.compile(**options)
    return model


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"loss": "mean_square_error"}, ValueError, "mean_squared_error"),
    ({"loss": ["mse", "mea"]}, ValueError, "'mea'"),
    ({"loss": {"a": "mse", "b": "hube"}}, ValueError, "Did you mean 'huber'"),
    ({"metrics": ["acuracy"]}, ValueError, "'acuracy'.*Did you mean"),
    ({"metrics": {"a": [["mea"]]}}, ValueError, "'mea'"),
    ({"weighted_metrics": ["maee"]}, ValueError, "'maee'"),
    ({"metrics": [3]}, TypeError, "`metrics` of compile: expected names, functions or metrics, received 3"),
    ({"optimizer": "addam"}, ValueError, "'addam'.*Did you mean 'adam'"),
    ({"accumulate_grad_batches": 3, "optimizer": optimizers.SGD(gradient_accumulation_steps=2)}, ValueError,
     "gradient_accumulation_steps=2, or nothing, received 3"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "says"), WRONG)
def test_compile_refuses_at_once_and_leaves_the_model_as_it_was(
    options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    model = build(optimizer="sgd", loss="mse")
    before = model.optimizer
    with pytest.raises(kind, match=says):
        model.compile(**options)
    assert model.optimizer is before
    assert model.loss == "mse"


def test_names_by_shape_and_nothing_at_all_are_let_through() -> None:
    compiling.check_names("CE", ["acc", "Accuracy", None, "crossentropy"], None)
    compiling.check_names({"a": None, "b": ["mse"]}, [[keras.metrics.Mean()], print], {"a": "mae"})


@pytest.mark.parametrize(("own", "asked", "wanted"), [(None, 1, 1), (None, 4, 4), (2, 1, 2), (2, 2, 2)])
def test_accumulation_has_two_places(own: int | None, asked: int, wanted: int) -> None:
    assert compiling.accumulation(optimizers.SGD(gradient_accumulation_steps=own), asked) == wanted


def test_accumulation_by_the_optimizer_is_keras_s() -> None:
    def options(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1, gradient_accumulation_steps=2), "loss": "mse"}

    def make(k: Any) -> Any:
        return k.Sequential([k.Input((4,)), k.layers.Dense(1)])

    ours, theirs, worst = fit_both(make, X, Y, options, epochs=2, batch_size=10)
    assert worst < 1e-5
    assert max(difference(a, b) for a, b in zip(ours.get_weights(), quietly(theirs.get_weights), strict=True)) < 1e-6


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1, loss_scale_factor=1024.0),
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=512.0),
    ],
)
def test_a_scaled_loss_trains_as_an_unscaled_one(make: Any) -> None:
    plain, scaled = build(optimizer=optimizers.SGD(0.1), loss="mse"), build(optimizer=make(), loss="mse")
    scaled.set_weights(plain.get_weights())
    for model in (plain, scaled):
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    assert isinstance(scaled._program.plan.precision, compiling.OptimizerScaled)
    assert not isinstance(plain._program.plan.precision, compiling.OptimizerScaled)
    for a, b in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_what_was_unfrozen_since_is_trained_too() -> None:
    model = build()
    model.get_layer("a").trainable = False
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    optimizer, before = model.optimizer, model.get_weights()
    model.get_layer("a").trainable = True
    model.fit(X, Y, verbose=0)
    assert model.optimizer is optimizer
    assert len([p for group in optimizer.param_groups for p in group["params"]]) == 4
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_model_without_weights_is_evaluated() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Rescaling(2.0)])
    model.compile("adam", "mse")
    assert model.evaluate(X, X * 2, verbose=0) == 0.0
    assert compiling.bound_optimizer(model, "anything") == "anything"


def test_metrics_of_a_model_and_its_layers_are_found_once() -> None:
    class Counts(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mean = keras.metrics.Mean(name="a")
            self.more = [self.mean, {"x": keras.metrics.Mean(name="b")}]

        def call(self, x: Any) -> Any:
            return x

    inner = Counts()
    model = keras.Sequential([keras.Input((4,)), inner, keras.Sequential([inner])])
    model.extra = keras.metrics.Sum(name="c")
    assert sorted(m.name for m in compiling.own_metrics(model)) == ["a", "b", "c"]
    assert compiling.own_metrics(build()) == []


def test_building_by_a_first_batch_changes_neither_chance_nor_modes_nor_state() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 1))
    net[2].eval()
    model = keras.Model(net)
    model.compile("sgd", "mse")
    modes, chance = [m.training for m in net.modules()], torch.get_rng_state()
    batch = keras.Model(net)._batch((X, Y))
    outputs = compiling.outputs_for(net, model._compiled.plan, batch)
    assert outputs.shape == (40, 1)
    assert [m.training for m in net.modules()] == modes
    assert torch.equal(torch.get_rng_state(), chance)
    assert int(net[1].num_batches_tracked) == 0


def test_outputs_of_a_recorded_model_are_not_computed() -> None:
    model = build(optimizer="sgd", loss="mse")
    assert compiling.outputs_for(model, model._compiled.plan, model._batch((X, Y))) is model.output


def test_the_config_is_keras_s() -> None:
    def compiled(k: Any) -> Any:
        model = k.Sequential([k.Input((4,)), k.layers.Dense(1)])
        optimizer = k.optimizers.SGD(0.25, momentum=0.5, name="plain")
        loss = k.losses.BinaryCrossentropy(label_smoothing=0.5)
        model.compile(optimizer, loss, metrics=["mae"], loss_weights=[2.0], steps_per_execution=3)
        return model.get_compile_config()

    import keras as real

    mine, wanted = compiled(keras), quietly(lambda: compiled(real))
    assert sorted(mine) == sorted(wanted)
    assert {n: mine[n] for n in wanted if n not in ("optimizer", "loss", "jit_compile")} == {
        n: wanted[n] for n in wanted if n not in ("optimizer", "loss", "jit_compile")
    }
    assert mine["optimizer"]["config"] == wanted["optimizer"]["config"]
    assert mine["loss"]["config"] == wanted["loss"]["config"]
    model = real.Sequential([real.Input((4,)), real.layers.Dense(1)])
    quietly(lambda: model.compile_from_config(mine))
    assert quietly(model.get_compile_config)["loss"]["config"] == mine["loss"]["config"]
    again = build()
    again.compile_from_config(wanted)
    assert float(again.optimizer.learning_rate) == 0.25
    assert again.get_compile_config()["loss"]["config"] == wanted["loss"]["config"]


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1), "loss": "mse"},
        {"optimizer": "sgd", "loss": nn.MSELoss()},
    ],
)
def test_what_cannot_be_written_gives_no_config(options: dict[str, Any]) -> None:
    model = build()
    assert model.get_compile_config() is None
    model.compile(**options)
    assert model.compiled
    assert model.get_compile_config() is None


def test_an_optimizers_state_follows_its_parameters() -> None:
    """Of ranks that were sent it on the host, or after `model.to(device)`; counters without a shape stay."""
    weight = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight])
    weight.grad = torch.ones(3)
    optimizer.step()
    moved = nn.Parameter(torch.ones(3, device="meta"))
    compiling.follow(optimizer, [(weight, moved)])
    entries = optimizer.state[moved]
    assert {name: value.device.type for name, value in entries.items()} == {
        "step": "cpu", "exp_avg": "meta", "exp_avg_sq": "meta",
    }  # fmt: skip
