"""A limit on the memory that a config may ask for, so that a small hostile file cannot fill the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kerastorch.base import errors

_SPARE_BYTES = 1 << 28
_FACTORY_NAMES = ("empty", "zeros", "ones", "full", "rand", "randn", "randint", "arange", "eye", "linspace", "randperm")


class AllocationLimit(TorchDispatchMode):
    """Inside, no tensor may be made that is much larger than a model's whole file.

    Args:
        file_bytes: The size of the file with the weights.
        subject: What to call it in the error.

    Raises:
        ValueError: A layer asks for more.

    Example:
        >>> with AllocationLimit(1000, "A file"):
        ...     torch.zeros(10).shape
        torch.Size([10])
    """

    def __init__(self, file_bytes: int, subject: str) -> None:
        super().__init__()
        self.one = 4 * file_bytes + _SPARE_BYTES
        self.left = 64 * file_bytes + 8 * _SPARE_BYTES
        self.subject = subject

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.overloadpacket.__name__ in _FACTORY_NAMES and str(kwargs.get("device")) != "meta":
            self._count(args, kwargs)
        return func(*args, **kwargs)

    def _count(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        asked = _elements(args) * (kwargs.get("dtype") or torch.get_default_dtype()).itemsize
        self.left -= asked
        if asked > self.one or self.left < 0:
            raise errors.value_error(
                self.subject,
                expected=f"layers that need at most {self.one} bytes in a tensor, as its weights file suggests",
                received=errors.Said(f"a config that asks for {asked} bytes"),
                remedy="If you trust it, make the model in code and use `model.load_weights(path)`.",
            )


def _elements(args: Sequence[Any]) -> int:
    """The elements a factory is asked for: the product of a shape, or the largest number."""
    sizes = next((arg for arg in args if isinstance(arg, (list, tuple))), None)
    if sizes is None:
        return max((abs(int(arg)) for arg in args if isinstance(arg, (int, float))), default=0)
    total = 1
    for size in sizes:
        total *= int(size)
    return total
