"""The settings of a process, which ranks take over from the process that started them."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch import config
from kerastorch.base import policy


def state() -> dict[str, Any]:
    """Keras's settings, and torch's that change numbers."""
    return {
        "epsilon": config.epsilon(),
        "image_data_format": config.image_data_format(),
        "max_epochs": config.max_epochs(),
        "max_steps_per_epoch": config.max_steps_per_epoch(),
        "interactive": config.is_interactive_logging_enabled(),
        "floatx": policy.floatx(),
        "policy": policy.dtype_policy(),
        "default_dtype": torch.get_default_dtype(),
        "matmul": torch.get_float32_matmul_precision(),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
    }


def restore(known: dict[str, Any]) -> None:
    """Set what `state` gave.

    Example:
        >>> before = state()
        >>> config.set_epsilon(1e-3)
        >>> restore(before)
        >>> config.epsilon()
        1e-07
    """
    config.set_epsilon(known["epsilon"])
    config.set_image_data_format(known["image_data_format"])
    config.set_max_epochs(known["max_epochs"])
    config.set_max_steps_per_epoch(known["max_steps_per_epoch"])
    (config.enable_interactive_logging if known["interactive"] else config.disable_interactive_logging)()
    policy.set_floatx(known["floatx"])
    policy.set_dtype_policy(known["policy"])
    torch.set_default_dtype(known["default_dtype"])
    torch.set_float32_matmul_precision(known["matmul"])
    torch.use_deterministic_algorithms(known["deterministic"][0], warn_only=known["deterministic"][1])
