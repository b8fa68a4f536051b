"""Dtype policies: in which dtype a layer keeps its weights and in which it computes."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from kerastorch.base import dtypes, errors, registry


@registry.register("dtype_policies")
class DTypePolicy:
    """The pair (variable dtype, compute dtype) of a layer.

    Args:
        name: A float dtype for both ("float32", "bfloat16", "float16", "float64"), or "mixed_float16" /
            "mixed_bfloat16" for float32 weights with 16-bit computation. Lightning's spellings ("32", "bf16-mixed",
            "16-mixed", "bf16-true") are understood too.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> policy = DTypePolicy("mixed_bfloat16")
        >>> policy.variable_dtype, policy.compute_dtype
        ('float32', 'bfloat16')
    """

    _LIGHTNING: ClassVar[dict[str, str]] = {
        "32": "float32",
        "32-true": "float32",
        "64": "float64",
        "64-true": "float64",
        "bf16-mixed": "mixed_bfloat16",
        "16-mixed": "mixed_float16",
        "bf16-true": "bfloat16",
        "16-true": "float16",
    }
    KNOWN = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")

    def __init__(self, name: str = "float32") -> None:
        written = self._LIGHTNING.get(str(name), str(name))
        if not isinstance(name, str) or (written not in self.KNOWN and written not in dtypes.NAMES):
            raise errors.unknown_name("dtype policy", name, self.KNOWN)
        self.name = written
        mixed = written.startswith("mixed_")
        self.compute_dtype = written.removeprefix("mixed_")
        self.variable_dtype = "float32" if mixed else written

    @property
    def is_mixed(self) -> bool:
        """Whether weights and computation have different dtypes."""
        return self.variable_dtype != self.compute_dtype

    @property
    def torch_compute_dtype(self) -> torch.dtype:
        """`compute_dtype` as torch's."""
        return dtypes.NAMES[self.compute_dtype]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Make a policy from `get_config`'s result."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


_current: dict[str, DTypePolicy | None] = {"policy": None}
_floatx = {"name": "float32"}


def floatx() -> str:
    """The default float dtype's name.

    Example:
        >>> floatx()
        'float32'
    """
    return _floatx["name"]


def set_floatx(value: str) -> None:
    """Set the default float dtype.

    Args:
        value: "float16", "bfloat16", "float32" or "float64".

    Raises:
        ValueError: Any other value.
    """
    if value not in ("float16", "bfloat16", "float32", "float64"):
        raise errors.unknown_name("floatx", value, ("float16", "bfloat16", "float32", "float64"))
    _floatx["name"] = value


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without one."""
    return _current["policy"] or DTypePolicy(_floatx["name"])


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Set the policy of layers that are made without one (`keras.mixed_precision.set_global_policy`)."""
    _current["policy"] = get(policy)


def reset_dtype_policy() -> None:
    """Go back to the policy that `floatx()` says."""
    _current["policy"] = None


def get(identifier: Any) -> DTypePolicy:
    """A policy from a name, a dtype, a policy, its config or None (the global one).

    Example:
        >>> get(torch.float64).name
        'float64'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy.from_config(identifier.get("config", identifier))
    return DTypePolicy(identifier if isinstance(identifier, str) else dtypes.dtype_name(identifier))
