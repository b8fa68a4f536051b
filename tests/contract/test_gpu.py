"""Training on a GPU. What does not need one runs on the CPU too, which shows that the tests themselves are right."""

from __future__ import annotations

import math
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.callbacks import DeviceMemoryMonitor, LambdaCallback
from kerastorch.data import arrays, convert
from kerastorch.engine.captured import Captured
from kerastorch.runtime.launch import run_on_ranks
from tests.support.gpu_jobs import X, Y, difference, net, on_a_rank, trained

GPU = pytest.param("cuda", marks=pytest.mark.gpu)
EITHER = pytest.mark.parametrize("device", ["cpu", GPU])
# Sums in another order, through 40 updates; and what Adam makes of the smallest gradients.
NEAR = 1e-6
# What the compiler tells about its own choices.
pytestmark = pytest.mark.filterwarnings("ignore:.*Online softmax", "ignore:TensorFloat32 tensor cores")


# -- the captured step ----------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": lambda: keras.optimizers.AdamW(keras.optimizers.schedules.ExponentialDecay(1e-2, 5, 0.8))},
        {"optimizer": lambda: keras.optimizers.SGD(0.1, momentum=0.9), "gradient_clip_val": 0.1},
    ],
    ids=["adam", "schedule", "clipping"],
)
def test_a_captured_step_is_the_plain_one(options: Any) -> None:
    """Twenty steps and a short batch an epoch, two epochs, dropout active: losses, metrics, weights, counters."""
    models, histories = [], []
    for jit in (False, True):
        model = net(layers.Dropout(0.3))
        given = {name: value() if name == "optimizer" else value for name, value in options.items()}
        histories.append(trained(model, precision="64", device="cuda", jit_compile=jit, **given))
        models.append(model)
    cache = models[1]._program.compiled_steps
    assert (cache.refused, cache.made) == (None, 1)
    call = cache.kept[0].call
    assert isinstance(call, Captured) and call.graph is not None
    assert histories[1] == {name: pytest.approx(values, abs=NEAR) for name, values in histories[0].items()}
    assert difference(*models) < NEAR
    assert models[0].optimizer.iterations == models[1].optimizer.iterations == 42
    assert float(models[1].optimizer.learning_rate) == pytest.approx(float(models[0].optimizer.learning_rate))


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_a_captured_convnet_learns_as_the_plain_one(precision: str) -> None:
    """Statistics of batches, TensorFloat-32 and bfloat16 are allowed their rounding, not another result."""
    losses = []
    images = X[:1280, :9].reshape(-1, 3, 3, 1).astype("float32").repeat(3, axis=1).repeat(3, axis=2)
    for jit in (False, True):
        keras.utils.set_random_seed(3)
        first = [keras.Input((9, 9, 1)), layers.Conv2D(16, 3, activation="relu"), layers.BatchNormalization()]
        model = keras.Sequential([*first, layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, device="cuda", precision=precision, jit_compile=jit)
        losses.append(model.fit(images, Y[:1280], batch_size=64, epochs=3, verbose=0).history["loss"])
    assert model._program.compiled_steps.refused is None
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


@pytest.mark.gpu
@pytest.mark.parametrize("fused", [False, True])
def test_the_counters_of_torchs_adam_go_on(fused: bool) -> None:
    """They lie on the host unless Adam is fused: such a step is compiled, but must not be captured."""
    models = []
    for jit in (False, True):
        model = net()
        make = lambda parameters: torch.optim.Adam(parameters, lr=1e-2, fused=fused)  # noqa: E731
        trained(model, precision="64", device="cuda", jit_compile=jit, optimizer=make)
        models.append(model)
    cache = models[1]._program.compiled_steps
    assert cache.refused is None and isinstance(cache.kept[0].call, Captured) is fused
    assert difference(*models) < 1e-5  # torch counts in float32


# -- the host does not wait -----------------------------------------------------------------------------------------


class NoWaiting(LambdaCallback):
    """An operator that waits for the device raises, from the third batch of an epoch to its fifteenth."""

    def __init__(self) -> None:
        super().__init__(on_train_batch_begin=self.switch)
        self.watched = 0

    def switch(self, batch: int, logs: Any) -> None:
        """Called before every batch."""
        torch.cuda.set_sync_debug_mode("error" if 3 <= batch < 15 else "default")
        self.watched += torch.cuda.get_sync_debug_mode() == 2


@pytest.mark.gpu
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"jit_compile": True},
        {"precision": "bf16-mixed"},
        {"precision": "bf16-mixed", "jit_compile": True},
        {"gradient_clip_val": 1.0, "accumulate_grad_batches": 2},
        {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 50), global_clipnorm=1.0)},
        {"fit": {"sample_weight": np.ones(1300, "float32")}, "weighted_metrics": ["accuracy"]},
        {"steps_per_execution": 4},
    ],
    ids=["plain", "captured", "bf16", "captured bf16", "window", "schedule", "weights", "group"],
)
def test_a_step_in_mid_epoch_waits_for_nothing(options: Any) -> None:
    watch = NoWaiting()
    fit = {**options.get("fit", {}), "callbacks": [watch]}
    try:
        trained(net(layers.Dropout(0.3)), device="cuda", **{**options, "fit": fit})
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert watch.watched == 24 // options.get("steps_per_execution", 1)


@pytest.mark.gpu
def test_batches_of_a_loader_that_pins_are_not_waited_for() -> None:
    data = torch.utils.data.TensorDataset(torch.from_numpy(X).float(), torch.from_numpy(Y))
    loader, watch = torch.utils.data.DataLoader(data, batch_size=64, pin_memory=True), NoWaiting()
    model = net()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), device="cuda")
    try:
        model.fit(loader, verbose=0, callbacks=[watch])
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert watch.watched == 12


# -- precision ------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "near"), [("bf16-mixed", 0.05), ("16-mixed", 0.1)])
def test_mixed_precision_learns_what_float32_does(precision: str, near: float) -> None:
    model = net()
    found, expected = trained(model, device="cuda", precision=precision), trained(net(), device="cuda")
    assert found["loss"] == pytest.approx(expected["loss"], rel=near)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@EITHER
def test_skipped_updates_do_not_advance_the_schedule(device: str) -> None:
    """The loss times 2**40 does not fit into float16: updates are skipped, each halves the scale, until it does."""
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 1, 0.9)
    model = net()
    optimizer = keras.optimizers.Adam(schedule)
    name = "mixed_float16" if device == "cpu" else "16-mixed"  # a CPU without float16 units takes Keras's name only
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, device=device, precision=name)
    scaler = torch.amp.GradScaler(device, init_scale=2.0**40)
    model._compiled.plan.precision.scaler = scaler
    before = model.get_weights()
    model.fit(X, Y, batch_size=26, verbose=0)
    skipped = 40 - math.log2(scaler.get_scale())
    assert 0 < skipped < 50
    assert optimizer.iterations == 50 - skipped
    assert float(optimizer.learning_rate) == pytest.approx(schedule(optimizer.iterations), rel=0.12)  # this or the last
    assert np.isfinite(model.get_weights()[0]).all() and not np.array_equal(before[0], model.get_weights()[0])


# -- several ranks --------------------------------------------------------------------------------------------------


@EITHER
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_one_rank_is_one_device(kind: str, device: str) -> None:
    found = run_on_ranks(1, on_a_rank, kind, device)
    assert found["size"] == 1 and found["device"] == {device}
    assert "nccl" in found["backend"] or device == "cpu"
    assert found["off"] < 1e-10
    assert found["history"] == {name: pytest.approx(v, abs=1e-10) for name, v in found["expected"].items()}


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_gpus_are_one_device(kind: str) -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    alone, both = net(), net()
    expected = trained(alone, precision="64", device="cuda:0")
    for _ in range(2):  # the second run begins with the state of the first
        found = trained(both, precision="64", devices=2, strategy=kind)
        assert found == {name: pytest.approx(values, abs=1e-9) for name, values in expected.items()}
        expected = trained(alone, precision="64", device="cuda:0")


# -- memory ---------------------------------------------------------------------------------------------------------


def wide() -> Any:
    """A model whose activations for 32768 rows take some 256 MiB each, and its weights 16."""
    keras.utils.set_random_seed(3)
    hidden = [layers.Dense(2048, activation="tanh"), layers.Dense(2048, activation="tanh")]
    model = keras.Sequential([keras.Input((12,)), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse", device="cuda")
    return model


@pytest.mark.gpu
def test_a_batch_that_does_not_fit_is_split() -> None:
    x = np.random.default_rng(0).standard_normal((32768, 12)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    whole, split = wide(), wide()
    split.fit(x[:8], y[:8], batch_size=8, verbose=0)  # weights and workspaces are there before memory is counted
    whole.fit(x[:8], y[:8], batch_size=8, verbose=0)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_reserved()
    expected = whole.fit(x, y, batch_size=32768, epochs=2, verbose=0, shuffle=False).history["loss"]
    needed = torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
    torch.cuda.empty_cache()
    room = max(held, torch.cuda.memory_reserved()) + 0.75 * needed
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        with pytest.warns(UserWarning, match="Out of memory with 32768 rows"):
            history = split.fit(x, y, batch_size=32768, epochs=2, verbose=0, shuffle=False, on_oom="split")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert history.history["loss"] == pytest.approx(expected, rel=1e-4)
    assert difference(whole, split) < 1e-4


@pytest.mark.gpu
def test_the_monitor_tells_what_torch_counts() -> None:
    held = torch.zeros(2**26, device="cuda")  # 256 MiB
    history = trained(net(), device="cuda", fit={"callbacks": [DeviceMemoryMonitor()]})
    now, peak = history["memory_gib"][-1], history["memory_peak_gib"][-1]
    assert 0.25 <= now <= peak
    assert 0 <= torch.cuda.max_memory_allocated() / 2**30 - peak < 0.01
    del held


@pytest.mark.gpu
def test_arrays_are_moved_once() -> None:
    with mock.patch.object(convert.Rows, "moved", autospec=True, side_effect=convert.Rows.moved) as moved:
        trained(net(), device="cuda", epochs=3)
    assert moved.call_count == 2  # x and y
    source = arrays.ArraySource(X, Y, batch_size=64, device="cuda")
    places = [{b.x.untyped_storage().data_ptr() for b in source.batches(epoch)} for epoch in range(2)]
    assert len(places[0]) == 1 and places[0] == places[1]  # in order, batches are views of what was moved


@pytest.mark.gpu
def test_arrays_that_do_not_fit_come_in_pinned_blocks() -> None:
    given = {"batch_size": 64, "shuffle": True, "seed": 1, "device": "cuda"}
    whole = [(b.x, b.y) for b in arrays.ArraySource(X, Y, **given).batches(0)]
    with mock.patch.object(arrays, "RESIDENT_SHARE", 0.0), mock.patch.object(arrays, "DEVICE_BLOCK_BYTES", 1 << 14):
        pieces = [(b.x, b.y) for b in arrays.ArraySource(X, Y, **given).batches(0)]
    assert len(pieces) == len(whole) == 21
    for (x, y), (a, b) in zip(pieces, whole, strict=True):
        assert x.device.type == "cuda" and torch.equal(x, a) and torch.equal(y, b)


@pytest.mark.gpu
def test_every_kind_of_run() -> None:
    model = net()
    assert "val_loss" in trained(model, device="cuda", fit={"validation_split": 0.2})
    loss = model.evaluate(X, Y, verbose=0)[0]
    assert model.test_on_batch(X, Y)[0] == pytest.approx(loss, rel=1e-4)
    assert model.predict(X, verbose=0).shape == (1300, 3)
    assert np.isfinite(model.train_on_batch(X[:64], Y[:64])).all()
