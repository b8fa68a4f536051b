"""Trainings that are compared between a CPU and a GPU, one device and several, plain and compiled steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.runtime.ddp import DataParallel
from kerastorch.runtime.fsdp import FullyShard
from kerastorch.runtime.world import World

random = np.random.default_rng(0)
X = random.standard_normal((1300, 12))  # 20 full batches of 64, and a short one
Y = random.integers(0, 3, 1300)
KINDS = {"ddp": DataParallel, "fsdp": FullyShard}


def net(*between: Any) -> Any:
    """A small classifier, more layers between its two; its weights are those of a seed."""
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((12,)), layers.Dense(32, activation="tanh"), *between, layers.Dense(3)])


def trained(model: Any, *, epochs: int = 2, fit: Any = None, **options: Any) -> Any:
    """The history of a model that is compiled and trained on `X` and `Y`."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    keras.utils.set_random_seed(4)
    model.compile(**{"optimizer": keras.optimizers.Adam(1e-2), "loss": loss, "metrics": ["accuracy"], **options})
    return model.fit(X, Y, **{"batch_size": 64, "epochs": epochs, "verbose": 0, **(fit or {})}).history


def difference(one: Any, other: Any) -> float:
    """The largest difference between the weights of two models."""
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def on_a_rank(kind: str, device: str) -> dict[str, Any]:
    """On a rank: training under a strategy and without one, in float64."""
    import torch.distributed as dist

    world = World.here()
    assert world is not None
    place = torch.device(device, world.local_rank) if device == "cuda" else torch.device(device)
    strategy = KINDS[kind](place, world)
    several, alone = net(), net()
    strategy.start()
    history = trained(several, precision="64", strategy=strategy)
    whole = {name: value.cpu() for name, value in strategy.whole(several.state_dict()).items()}
    expected = trained(alone, precision="64", device=str(place))
    off = max(float((whole[name] - value.cpu()).abs().max()) for name, value in alone.state_dict().items())
    predicted = float(np.abs(several.predict(X, verbose=0) - alone.predict(X, verbose=0)).max())
    return {
        "history": history, "expected": expected, "off": max(off, predicted), "size": dist.get_world_size(),
        "backend": dist.get_backend_config(), "device": {p.device.type for p in several.parameters()},
    }  # fmt: skip
