"""The compiled training step: the same numbers as the plain one, and a visible way back."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.callbacks import LambdaCallback, LearningRateScheduler
from kerastorch.data.batch import Batch
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.compiled_step import CompiledStep
from kerastorch.engine.state import RunState
from kerastorch.engine.step import TrainStep

random = np.random.default_rng(0)
X = random.standard_normal((150, 12)).astype("float32")  # two full batches of 64, and a short one
Y = random.integers(0, 3, 150)


@pytest.fixture
def as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs run as they were recorded: everything but Inductor, which takes seconds."""
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, *args, **kwargs: graph)


def dense(*between: Any) -> Any:
    """A small classifier, more layers between its two."""
    return keras.Sequential([keras.Input((12,)), layers.Dense(16, activation="relu"), *between, layers.Dense(3)])


def trained(jit: bool, make: Any = dense, x: Any = X, y: Any = Y, fit: Any = None, **options: Any) -> tuple[Any, Any]:
    """A model after three epochs, with its history."""
    keras.utils.set_random_seed(3)
    model = make()
    chosen = options.pop("optimizer", lambda: keras.optimizers.Adam(1e-2))()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**{"optimizer": chosen, "loss": loss, "metrics": ["accuracy"], **options}, jit_compile=jit)
    return model, model.fit(x, y, **{"batch_size": 64, "epochs": 3, "verbose": 0, **(fit or {})}).history


def same(tolerated: float = 1e-5, **options: Any) -> Any:
    """Check that a compiled run gives what a plain one gives; the compiled model."""
    (plain, wanted), (compiled, history) = trained(False, **options), trained(True, **options)
    cache = compiled._program.compiled_steps
    assert (cache.refused, cache.made) == (None, 1)
    assert cache.seconds > 0
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], value, rtol=0, atol=tolerated, msg=name)
    assert {k: pytest.approx(v, abs=1e-5) for k, v in wanted.items()} == history
    _same_state(plain.optimizer, compiled.optimizer)
    return compiled


def _same_state(plain: Any, compiled: Any) -> None:
    wanted, got = plain.state_dict(), compiled.state_dict()
    assert [{**g, "lr": None} for g in wanted["param_groups"]] == [{**g, "lr": None} for g in got["param_groups"]]
    assert [g["lr"] for g in wanted["param_groups"]] == pytest.approx([g["lr"] for g in got["param_groups"]])
    for key, entries in wanted["state"].items():
        for name, value in entries.items():
            torch.testing.assert_close(got["state"][key][name], value, rtol=1e-3, atol=1e-5)


def refused(match: str, **options: Any) -> Any:
    """Check that a run says why it is not compiled, once, and gives the plain one's bits."""
    plain, wanted = trained(False, **options)
    with pytest.warns(UserWarning, match=match) as said:
        model, history = trained(True, **options)
    assert len(said) == 1
    assert history == wanted
    for name, value in plain.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    _same_state(plain.optimizer, model.optimizer)
    return model


def test_everything_at_once() -> None:
    """Dropout's masks, a schedule, decay, clipping, weights, a penalty, a short last batch: one compilation."""

    def optimizer() -> Any:
        schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 3, 0.5)
        return keras.optimizers.AdamW(schedule, weight_decay=0.1, global_clipnorm=0.5)

    def make() -> Any:
        return dense(layers.Dropout(0.3), layers.Dense(8, kernel_regularizer="l2"), layers.Dropout(0.2))

    weights = random.random(150).astype("float32")
    model = same(optimizer=optimizer, make=make, fit={"sample_weight": weights}, weighted_metrics=["accuracy"])
    assert model.optimizer.iterations == 9


@pytest.mark.usefixtures("as_recorded")
def test_a_rate_that_callbacks_change_compiles_nothing_anew() -> None:
    callback = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    model = same(fit={"callbacks": [callback]})
    assert model.optimizer.learning_rate == pytest.approx(1e-2 / 8)
    before = model.get_weights()
    model.fit(X, Y, batch_size=64, verbose=0)
    model.train_on_batch(X[:64], Y[:64])
    assert model._program.compiled_steps.made == 1
    assert not np.allclose(before[0], model.get_weights()[0])


@pytest.mark.usefixtures("as_recorded")
def test_an_optimizer_of_torch() -> None:
    same(optimizer=lambda: lambda parameters: torch.optim.Adam(parameters, lr=1e-2))


@pytest.mark.usefixtures("as_recorded")
def test_statistics_of_batches_are_kept() -> None:
    # Training compiles; with a gradient that is nothing but rounding, Adam moves the first bias as it likes.
    model = same(make=lambda: dense(layers.BatchNormalization()), optimizer=lambda: keras.optimizers.SGD(0.1))
    assert float(model.layers[1].moving_mean.abs().sum()) > 0


@pytest.mark.usefixtures("as_recorded")
def test_figures_may_be_forgotten_within_an_epoch() -> None:
    losses: dict[bool, list[float]] = {}
    for jit in (False, True):
        seen = losses.setdefault(jit, [])

        def each(batch: int, logs: Any, seen: list[float] = seen) -> None:
            seen.append(logs["loss"])

        keras.utils.set_random_seed(3)
        model = dense()
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=jit)

        def forget(batch: int, logs: Any, model: Any = model) -> None:
            if batch == 3:
                model.reset_metrics()

        data = np.concatenate([X, X]), np.concatenate([Y, Y])
        watching = [LambdaCallback(on_train_batch_end=each), LambdaCallback(on_train_batch_begin=forget)]
        model.fit(*data, batch_size=50, verbose=0, shuffle=False, callbacks=watching)
    assert losses[True] == pytest.approx(losses[False], abs=1e-5)


@pytest.mark.usefixtures("as_recorded")
def test_a_hyperparameter_that_changes_is_noticed() -> None:
    models = []
    for jit in (False, True):
        model, _ = trained(jit, optimizer=lambda: keras.optimizers.SGD(0.1, momentum=0.9))
        model.optimizer.momentum = 0.1
        model.fit(X, Y, batch_size=64, epochs=2, verbose=0)
        models.append(model)
    np.testing.assert_allclose(models[0].get_weights()[0], models[1].get_weights()[0], atol=1e-5)
    assert models[1]._program.compiled_steps.made == 2


class Deciding(layers.Layer):
    """A layer that looks at values."""

    def call(self, x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x * 3

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Hiding(layers.Layer):
    """A layer with a state that nobody sees."""

    def __init__(self) -> None:
        super().__init__()
        self.box = [torch.zeros(())]

    def call(self, x: Any) -> Any:
        self.box[0].add_(1.0)
        return x * 1.0


class Slowing(layers.Layer):
    """A layer that computes with a number that Python counts."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def call(self, x: Any) -> Any:
        self.calls += 1
        return x * 0.9**self.calls


@pytest.mark.usefixtures("as_recorded")
@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Deciding, "trying to get value out of a tracing tensor"),
        (Hiding, "Register the tensor with `register_buffer`"),
    ],
)
def test_a_model_that_cannot_be_compiled_goes_on_as_it_is(layer: Any, reason: str) -> None:
    refused(reason, make=lambda: dense(layer()))


@pytest.mark.usefixtures("as_recorded")
def test_what_a_graph_would_freeze_is_found_out() -> None:
    refused("differently than the plain one", make=lambda: dense(Slowing()))


def test_accumulation_is_refused() -> None:
    refused("expected one update a batch, received accumulate_grad_batches=2", accumulate_grad_batches=2)


def test_a_scaled_loss_is_refused() -> None:
    refused("expected updates that are never skipped, received float16", precision="mixed_float16")


@pytest.mark.parametrize(
    "optimizer",
    [lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_overwrite_frequency=2), lambda: keras.optimizers.Adafactor()],
    ids=["periodic", "least of two rates"],
)
def test_an_update_that_decides_by_numbers_is_refused(optimizer: Any) -> None:
    refused("decision by their values", optimizer=optimizer)


def test_a_compiler_that_fails_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError("no g++ here\nand more")

    monkeypatch.setattr(torch._inductor, "compile", broken)
    model = refused("OSError: no g\\+\\+ here$")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y, batch_size=64, verbose=0)  # said once


def test_a_wrong_graph_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, *args, **kwargs: lambda *inputs: ())
    refused("differently than the plain one")


def test_the_plan_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, *args, **kwargs: graph)
    said: list[str] = []
    for jit, kind in ((False, TrainStep), (True, CompiledStep)):
        model, _ = trained(jit, fit={"epochs": 0} if jit else None)
        step = train_step_for(model._program, model._program.plan, RunState(), said.append)
        assert type(step) is kind
        with step.session():
            for _ in range(3):
                step(Batch(torch.from_numpy(X), torch.from_numpy(Y), None, 150))
    assert len(said) == 1 and said[0].startswith("jit_compile: the training step was compiled in")


BROAD: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": lambda name=name: keras.optimizers.get(name)} for name in (
        "sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion", "lamb"
    )},
    **{f"torch.{name}": {"optimizer": lambda name=name: lambda p: getattr(torch.optim, name)(p, lr=1e-2)} for name in (
        "SGD", "Adam", "AdamW", "RMSprop", "Adagrad"
    )},
    "nesterov": {"optimizer": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3)},
    "amsgrad": {"optimizer": lambda: keras.optimizers.Adam(1e-2, amsgrad=True, clipnorm=0.1)},
    "average": {"optimizer": lambda: keras.optimizers.Adam(1e-2, use_ema=True)},
    "centered": {"optimizer": lambda: keras.optimizers.RMSprop(1e-2, momentum=0.5, centered=True, clipvalue=0.1)},
    "clipping": {"gradient_clip_val": 0.1},
    "bf16-mixed": {"precision": "bf16-mixed", "tolerated": 1e-3},
    "float64": {"precision": "64", "x": X.astype("float64"), "tolerated": 1e-12},
    "noise": {"make": lambda: dense(layers.GaussianNoise(0.5))},
    "penalties": {"make": lambda: dense(layers.Dense(8, kernel_constraint="max_norm"),
                                        layers.ActivityRegularization(1e-3))},
}  # fmt: skip


@pytest.mark.usefixtures("as_recorded")
@pytest.mark.parametrize("name", BROAD)
def test_what_is_recorded(name: str) -> None:
    same(**BROAD[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", BROAD)
def test_the_broad_matrix(name: str) -> None:
    same(**BROAD[name])


@pytest.mark.gpu
def test_a_captured_step_on_a_gpu() -> None:
    make = lambda: dense(layers.Dense(8))  # noqa: E731
    same(make=make, device="cuda", precision="64", x=X.astype("float64"), tolerated=1e-8)
