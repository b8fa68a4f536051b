"""The settings of a process, which ranks take over from the process that started them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kerastorch import config
from kerastorch.base import policy

# Where torch keeps how float32 is multiplied: "ieee", "tf32", "bf16", or "none" for what the wider setting says.
# The wider ones come first.
_BACKENDS: Any = torch.backends  # its modules stand behind attributes that types do not tell of
_FLOAT32: dict[str, Any] = {
    "all": _BACKENDS,
    "cudnn": _BACKENDS.cudnn,
    "cuda.matmul": _BACKENDS.cuda.matmul,
    "cudnn.conv": _BACKENDS.cudnn.conv,
    "cudnn.rnn": _BACKENDS.cudnn.rnn,
    "mkldnn.matmul": _BACKENDS.mkldnn.matmul,
    "mkldnn.conv": _BACKENDS.mkldnn.conv,
    "mkldnn.rnn": _BACKENDS.mkldnn.rnn,
}
_PRODUCTS = {"cuda": ("cuda.matmul", "cudnn.conv"), "cpu": ("mkldnn.matmul", "mkldnn.conv")}


def float32() -> dict[str, str]:
    """How float32 is multiplied: torch's name of the operators -> "ieee", "tf32", "bf16" or "none".

    Example:
        >>> float32()["cudnn.conv"]
        'tf32'
    """
    return {name: place.fp32_precision for name, place in _FLOAT32.items()}


def rounds_products(device: torch.device) -> bool:
    """Whether a device may multiply float32 with fewer bits than float32 has.

    Args:
        device: The device.

    Example:
        >>> rounds_products(torch.device("cpu"))
        False
    """
    return any(_FLOAT32[name].fp32_precision in ("tf32", "bf16") for name in _PRODUCTS.get(device.type, ()))


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
        "tf32": (_asked(torch.get_float32_matmul_precision), _asked(lambda: torch.backends.cudnn.allow_tf32)),
        "float32": float32(),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
    }


def _asked(setting: Callable[[], Any]) -> Any:
    """One of torch's older settings; None where it cannot be asked for, since `fp32_precision` says something else."""
    try:
        return setting()
    except RuntimeError:
        return None


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
    _restore_float32(known["tf32"], known["float32"])
    torch.use_deterministic_algorithms(known["deterministic"][0], warn_only=known["deterministic"][1])


def _restore_float32(older: tuple[str | None, bool | None], precisions: dict[str, str]) -> None:
    matmul, convolutions = older
    # The older settings first: torch refuses to tell them again where the two kinds differ.
    if matmul is not None:
        torch.set_float32_matmul_precision(matmul)
    if convolutions is not None:
        torch.backends.cudnn.allow_tf32 = convolutions
    for name, precision in precisions.items():
        if _FLOAT32[name].fp32_precision != precision:
            _FLOAT32[name].fp32_precision = precision
