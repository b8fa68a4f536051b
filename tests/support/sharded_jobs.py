"""What tests of sharded weights let ranks do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

import kerastorch as keras
from kerastorch.base import naming
from kerastorch.base.sharded import has_shards
from kerastorch.runtime.strategies import StrategyOptions

FSDP = StrategyOptions("fsdp", {"min_size": 20})
_random = np.random.default_rng(0)
X, Y, WEIGHT = _random.normal(size=(53, 6)), _random.integers(0, 3, 53), _random.random(53)
OPTIMIZERS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "accumulated": (lambda: keras.optimizers.Adam(0.01), {"accumulate_grad_batches": 2}),
    "clipped": (lambda: keras.optimizers.SGD(0.1, momentum=0.9), {"gradient_clip_val": 0.05}),
    "each clipped": (
        lambda: keras.optimizers.RMSprop(0.01, clipnorm=0.03, use_ema=True),
        {"gradient_clip_val": 0.5, "gradient_clip_algorithm": "value"},
    ),
    "excluded": (lambda: _excluding_biases(), {}),
    "scaled": (lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)), {}),
    **{
        name: (lambda name=name: getattr(keras.optimizers, name)(0.01, global_clipnorm=0.05), {})
        for name in ("Adadelta", "Adafactor", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion", "Nadam")
    },
}


def _excluding_biases() -> Any:
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def make(optimizer: Any = "adam", **options: Any) -> Any:
    """A small model with a penalty and a constraint, in float64."""
    keras.utils.set_random_seed(0)
    first = keras.layers.Dense(9, activation="tanh", kernel_regularizer="l2", kernel_constraint="max_norm")
    layers = [keras.Input((6,)), first, keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], device="cpu", precision="64", **options
    )
    return model


def train(model: Any, **options: Any) -> dict[str, Any]:
    """Train and tell everything that came of it."""
    options = {"batch_size": 24, "epochs": 2, "validation_data": (X[:7], Y[:7]), **options}
    history = model.fit(X, Y, sample_weight=WEIGHT, verbose=0, **options).history
    state: dict[str, Any] = {}
    model.optimizer.save_own_variables(state)
    return {
        "history": history,
        "weights": model.get_weights(),
        "state": list(state.values()),
        "loss": model.evaluate(X, Y, verbose=0),
        "outputs": model.predict(X, batch_size=10, verbose=0),
    }


def difference(a: Any, b: Any) -> float:
    """The largest difference of two structures of numbers."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return max(difference(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        return max((difference(p, q) for p, q in zip(a, b, strict=True)), default=0.0)
    assert np.shape(a) == np.shape(b)
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).max(initial=0.0))


def alone(run: Callable[[], Any]) -> Any:
    """What a process of its own would find."""
    kept = {name: os.environ.pop(name) for name in ("RANK", "WORLD_SIZE")}
    try:
        return run()
    finally:
        os.environ.update(kept)


class OwnStep(keras.Sequential):
    """A step of the user's own."""

    def train_step(self, data: Any) -> Any:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        loss = self.compute_loss(x, y, self(x, training=True), weight)
        self.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {}


def _own_step(**options: Any) -> Any:
    keras.utils.set_random_seed(0)
    first = keras.layers.Dense(9, activation="tanh", kernel_regularizer="l2")
    model = OwnStep([keras.Input((6,)), first, keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", device="cpu", precision="64", **options)
    return model


def optimizers_on_ranks() -> dict[str, float]:
    """How far each optimizer's run on shards is from one on one device."""
    found = {}
    for name, (optimizer, options) in OPTIMIZERS.items():
        expected = alone(lambda o=optimizer, k=options: train(make(o(), **k)))
        found[name] = difference(train(make(optimizer(), strategy=FSDP, **options)), expected)
    own = alone(lambda: train(_own_step()))
    found["own step"] = difference(train(_own_step(strategy=FSDP)), own)
    return found


def torch_optimizer_on_ranks() -> dict[str, Any]:
    """A torch module, a torch optimizer made before the weights were cut, frozen weights and statistics."""

    def run(**options: Any) -> tuple[Any, Any]:
        keras.utils.set_random_seed(0)
        net = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 3))
        net[3].requires_grad_(False)
        model = keras.Model(net)
        optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=0.01)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, device="cpu", precision="64", **options)
        model.fit(X, Y, batch_size=24, verbose=0)
        return model, {"weights": model.get_weights()}

    expected = alone(lambda: run()[1])
    model, found = run(strategy=FSDP)
    keys = list(model.state_dict())
    shard = model.state_dict()[keys[0]]
    return {"difference": difference(found, expected), "keys": keys, "local": tuple(shard.to_local().shape)}


def files_on_ranks(folder: str) -> dict[str, Any]:
    """Checkpoints, whole files, and going on from them."""
    home = Path(folder)
    model = make(strategy=FSDP)
    checkpoint = keras.callbacks.ModelCheckpoint
    callbacks = [
        checkpoint(home / "{epoch}.weights.h5", "loss", save_weights_only=True),
        checkpoint(home / "best.keras", "loss", save_best_only=True),
        keras.callbacks.EarlyStopping("loss", restore_best_weights=True),
    ]
    train(model, callbacks=callbacks)
    model.save(home / "model.keras")
    model.save_weights(home / "model.weights.h5")
    dist.barrier()
    saved = model.get_weights()
    files = sorted(path.name for path in home.iterdir())
    lines: list[str] = []
    model.summary(print_fn=lambda line, **options: lines.append(line))
    train(model, epochs=1)
    changed = difference(model.get_weights(), saved)
    model.load_weights(home / "model.weights.h5")
    other = keras.models.load_model(home / "model.keras")
    loaded = max(difference(m.get_weights(), saved) for m in (model, other))
    other.compile(other.optimizer, other.loss, metrics=["accuracy"], device="cpu", precision="64", strategy=FSDP)
    resumed = difference(train(model, shuffle=False), train(other, shuffle=False))
    model.set_weights(saved)
    model.optimizer.load_state_dict(alone(lambda: _whole_state(saved)))
    return {
        "files": files, "changed": changed, "loaded": loaded, "resumed": resumed, "saved": saved,
        "sharded": has_shards(model), "set": difference(model.get_weights(), saved),
        "summary": "\n".join(lines), "layer": type(model.layers[0]).__name__,
    }  # fmt: skip


def _whole_state(weights: Any) -> Any:
    model = make()
    model.fit(X, Y, verbose=0)
    return model.optimizer.state_dict()


def on_ranks(folder: str) -> dict[str, Any]:
    """All of the above."""
    return {
        "optimizers": optimizers_on_ranks(), "torch": torch_optimizer_on_ranks(), "files": files_on_ranks(folder),
    }  # fmt: skip


def model_parallel_on_ranks() -> dict[str, Any]:
    """Meshes of four processes; a layer that cannot be cut; a tensor that is laid out by hand."""
    parts = keras.distribution
    meshes = {"two by two": (2, 2), "across": (1, 4)}
    found: dict[str, Any] = {}
    for name, shape in meshes.items():
        naming.reset_names()
        expected = alone(lambda: train(make(accumulate_grad_batches=2)))
        naming.reset_names()
        mesh = parts.DeviceMesh(shape, ["batch", "model"], [f"cpu:{index}" for index in range(4)])
        layouts = parts.LayoutMap(mesh)
        layouts["dense/kernel"] = (None, "model")
        layouts["dense/bias"] = ("model",)
        layouts["dense_1/kernel"] = ("model", None)
        with parts.ModelParallel(layout_map=layouts).scope():
            model = make(accumulate_grad_batches=2)
            found[name] = difference(train(model), expected)
            if "local" not in found:
                found["local"] = _on_all(tuple(model.layers[0]._parameters["weight"].to_local().shape))
                found["refused"] = _refused()
                value = parts.distribute_tensor(torch.ones(4, 2), parts.TensorLayout((None, "model"), mesh))
                found["gathered"] = type(value).__name__
    return found


TOKENS = _random.integers(0, 10, (40, 6))


def _block() -> dict[str, Any]:
    """A block as transformers have it, without attention; dropout where weights are whole, cut, and summed."""
    keras.utils.set_random_seed(0)
    naming.reset_names()
    tokens = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(10, 8, name="embed")(tokens)
    h = keras.layers.Dropout(0.3)(keras.layers.LayerNormalization()(x))
    h = keras.layers.Dense(9, "relu", name="up")(h)  # 5 and 4 columns: the processes would draw differently much
    h = keras.layers.SpatialDropout1D(0.2)(keras.layers.Dropout(0.3, seed=5)(h))
    h = keras.layers.GaussianNoise(0.1)(keras.layers.Dense(8, name="down")(h))
    h = keras.layers.LayerNormalization()(keras.layers.Add()([x, keras.layers.Dropout(0.3)(h)]))
    model = keras.Model(tokens, keras.layers.Dense(3, "softmax")(keras.layers.GlobalAveragePooling1D()(h)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], device="cpu", precision="64")
    history = model.fit(TOKENS, Y[:40], batch_size=16, epochs=2, verbose=0).history
    return {"history": history, "weights": model.get_weights(), "loss": model.evaluate(TOKENS, Y[:40], verbose=0)}


def block_on_ranks() -> dict[str, Any]:
    """The block cut over two processes: how far it is from one device, and the processes from each other."""
    expected = alone(_block)
    mesh = keras.distribution.DeviceMesh((1, 2), ["batch", "model"], ["cpu:0", "cpu:1"])
    layouts = keras.distribution.LayoutMap(mesh)
    layouts.update({"up/kernel": (None, "model"), "up/bias": ("model",), "down/kernel": ("model", None)})
    layouts["embed/embeddings"] = (None, "model")
    with keras.distribution.ModelParallel(layout_map=layouts).scope():
        found = _block()
        told = [difference(other, expected) for other in _on_all(found)]
        torch.manual_seed(dist.get_rank())
        drawing = keras.Sequential([keras.Input((6,)), keras.layers.Dropout(0.5), keras.layers.Dense(3)])
        drawing.compile("sgd", "mse", device="cpu")
        try:
            drawing.fit(X, X[:, :3], verbose=0)
        except ValueError as error:
            return {"told": told, "refused": str(error)}
    return {"told": told, "refused": ""}


def _on_all(value: Any) -> list[Any]:
    held: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(held, value)
    return held


def _refused() -> str:
    model = keras.Sequential([keras.Input((6,)), keras.layers.BatchNormalization(), keras.layers.Dense(3)])
    model.compile("sgd", "mse", device="cpu")
    try:
        model.fit(X, X[:, :3], verbose=0)
    except ValueError as error:
        return str(error)
    return ""


def kept_model_parallel(folder: str) -> list[str]:
    """What is said, on each rank, of checkpoints of a run whose ranks share rows."""
    mesh = keras.distribution.DeviceMesh((1, 2), ["batch", "model"], ["cpu:0", "cpu:1"])
    layouts = keras.distribution.LayoutMap(mesh)
    layouts["up/kernel"] = (None, "model")
    with keras.distribution.ModelParallel(layout_map=layouts).scope():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, name="up"), keras.layers.Dense(3)])
        model.compile("sgd", "mse", device="cpu")
        try:
            model.fit(X, X[:, :3], verbose=0, checkpoint_dir=folder)
        except ValueError as error:
            return _on_all(str(error))
    return _on_all("")
