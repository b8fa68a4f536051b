"""The settings of a process, taken and set elsewhere; and that training leaves them as they are."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import config
from kerastorch.base import policy
from kerastorch.runtime import settings
from kerastorch.runtime.launch import run_on_ranks


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Torch's settings are those of the whole process."""
    plain = settings.state()
    yield
    settings.restore(plain)


def test_what_was_set_is_set_again() -> None:
    plain = settings.state()
    config.set_epsilon(1e-3)
    config.set_image_data_format("channels_first")
    config.set_max_epochs(3)
    config.set_max_steps_per_epoch(5)
    config.disable_interactive_logging()
    policy.set_floatx("float64")
    policy.set_dtype_policy("mixed_bfloat16")
    torch.set_default_dtype(torch.float64)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    changed = settings.state()
    assert all(plain[name] != changed[name] for name in plain)
    sent = pickle.loads(pickle.dumps(changed))
    settings.restore(plain)
    assert _told(settings.state()) == _told(plain)
    settings.restore(sent)
    assert _told(settings.state()) == _told(changed)


def _told(state: dict[str, object]) -> dict[str, object]:
    return {**state, "policy": state["policy"].name}  # type: ignore[attr-defined]


def _by_matmul() -> None:
    torch.backends.cuda.matmul.fp32_precision = "tf32"


def _by_backend() -> None:
    torch.backends.fp32_precision = "tf32"


def _by_convolution() -> None:
    torch.backends.cudnn.conv.fp32_precision = "ieee"


@pytest.mark.parametrize("switch", [_by_matmul, _by_backend, _by_convolution])
def test_torchs_newer_switches_travel_too(switch: Callable[[], None]) -> None:
    plain = settings.state()
    switch()
    changed = settings.state()  # though torch refuses to tell the older setting then
    assert None in changed["tf32"] and changed["float32"] != plain["float32"]
    settings.restore(plain)
    assert settings.state() == plain
    settings.restore(changed)
    assert settings.state() == changed


def test_which_devices_round_products() -> None:
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert (settings.rounds_products(cpu), settings.rounds_products(cuda)) == (False, True)  # cuDNN's convolutions
    torch.backends.cudnn.allow_tf32 = False
    assert not settings.rounds_products(cuda)
    torch.set_float32_matmul_precision("medium")
    assert settings.rounds_products(cpu) and settings.rounds_products(cuda)
    assert not settings.rounds_products(torch.device("meta"))


def test_training_leaves_float32_as_the_user_set_it() -> None:
    torch.set_float32_matmul_precision("high")
    before = settings.state()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    for precision in ("32", "bf16-mixed"):
        model.compile("adam", "mse", device="cpu", precision=precision)
        x, y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")
        model.fit(x, y, verbose=0)
        model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)
    assert settings.state() == before and torch.get_float32_matmul_precision() == "high"


def test_ranks_multiply_float32_as_their_starter_does() -> None:
    torch.set_float32_matmul_precision("high")
    told = run_on_ranks(1, settings.state)
    assert (told["tf32"], told["float32"]) == (("high", True), settings.float32())
