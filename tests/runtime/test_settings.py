"""The settings of a process, taken and set elsewhere."""

from __future__ import annotations

import pickle

import torch

from kerastorch import config
from kerastorch.base import policy
from kerastorch.runtime import settings


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
    torch.use_deterministic_algorithms(True, warn_only=True)
    changed = settings.state()
    assert all(plain[name] != changed[name] for name in plain)
    sent = pickle.loads(pickle.dumps(changed))
    settings.restore(plain)
    assert _told(settings.state()) == _told(plain)
    settings.restore(sent)
    assert _told(settings.state()) == _told(changed)
    settings.restore(plain)


def _told(state: dict[str, object]) -> dict[str, object]:
    return {**state, "policy": state["policy"].name}  # type: ignore[attr-defined]
