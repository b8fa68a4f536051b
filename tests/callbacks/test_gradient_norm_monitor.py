from __future__ import annotations

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch.callbacks import Callback, GradientNormMonitor
from kerastorch.callbacks.gradient_norm_monitor import total_norm

X, Y = np.random.default_rng(0).normal(size=(24, 3)).astype("float32"), np.ones((24, 1), "float32")


def model_with(optimizer, **options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile(optimizer=optimizer, loss="mse", **options)
    return model


def by_hand(model, size: int) -> list[float]:
    """The norms in an epoch in which nothing changes."""
    norms = []
    for start in range(0, 24, size):
        x, y = torch.as_tensor(X[start : start + size]), torch.as_tensor(Y[start : start + size])
        grads = torch.autograd.grad((model(x) - y).square().mean(), list(model.parameters()))
        norms.append(float(torch.cat([g.flatten() for g in grads]).norm()))
    return norms


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("kind", ["ours", "torch", "scaled", "loss scale"])
def test_mean_and_largest(accumulate: int, kind: str) -> None:
    model = model_with("sgd")
    optimizer = {
        "ours": keras.optimizers.SGD(0.0),
        "torch": torch.optim.SGD(model.parameters(), 0.0),
        "scaled": keras.optimizers.SGD(0.0, loss_scale_factor=64.0),
        "loss scale": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=64.0),
    }[kind]
    model.compile(optimizer=optimizer, loss="mse", accumulate_grad_batches=accumulate)
    monitor = GradientNormMonitor()
    history = model.fit(X, Y, batch_size=4, shuffle=False, epochs=2, verbose=0, callbacks=[monitor]).history
    norms = by_hand(model, 4 * accumulate)
    assert np.allclose(history["gradient_norm"], np.mean(norms), rtol=1e-5)
    assert np.allclose(history["gradient_norm_max"], np.max(norms), rtol=1e-5)


def test_it_is_that_after_clipping() -> None:
    model = model_with(keras.optimizers.SGD(0.0), gradient_clip_val=0.01)
    history = model.fit(X, Y, verbose=0, callbacks=[GradientNormMonitor()]).history
    assert np.allclose(history["gradient_norm"], 0.01, rtol=1e-3)


def test_batches_have_the_last_one() -> None:
    seen = []

    class Reader(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["gradient_norm"])

    model = model_with(keras.optimizers.SGD(0.0))
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=[Reader(), GradientNormMonitor()])
    assert np.allclose(seen, by_hand(model, 8), rtol=1e-5)


def test_the_weights_are_the_same_and_the_hook_goes() -> None:
    weights = []
    for callbacks in ([], [GradientNormMonitor()]):
        torch.manual_seed(0)
        keras.utils.set_random_seed(0)
        model = model_with("adam")
        model.fit(X, Y, epochs=2, verbose=0, callbacks=callbacks)
        weights.append(model.get_weights())
        assert not model.optimizer._optimizer_step_pre_hooks
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_run_that_was_cut_off_leaves_one_hook_at_most() -> None:
    class Cut(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("cut")

    model, monitor = model_with("sgd"), GradientNormMonitor()
    with pytest.raises(RuntimeError, match="cut"):
        model.fit(X, Y, verbose=0, callbacks=[monitor, Cut()])
    model.fit(X, Y, verbose=0, callbacks=[monitor])
    assert not model.optimizer._optimizer_step_pre_hooks


def test_nan_is_seen() -> None:
    model = model_with(keras.optimizers.SGD(0.0))
    x = X.copy()
    x[0, 0] = np.nan
    history = model.fit(x, Y, verbose=0, callbacks=[GradientNormMonitor()], check_data=False).history
    assert np.isnan(history["gradient_norm"][0])


def test_sparse_gradients() -> None:
    table = torch.nn.Embedding(4, 2, sparse=True)
    table(torch.tensor([1, 1])).sum().backward()
    assert torch.allclose(total_norm([table.weight.grad]), torch.tensor(8.0).sqrt())


@pytest.mark.gpu
def test_nothing_waits_for_the_device() -> None:
    model, monitor = model_with("adam", device="cuda"), GradientNormMonitor()
    model.fit(X, Y, verbose=0)
    monitor.set_model(model)
    monitor.on_train_begin()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.cuda.set_sync_debug_mode("error")
    try:
        model.optimizer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert float(monitor.figures()["gradient_norm"]) == pytest.approx(21**0.5)
