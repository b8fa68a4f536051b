"""`keras.regularizers`: penalties on weights (in Keras's layout) or on outputs, added to the loss."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.config import epsilon

Self = TypeVar("Self", bound="Regularizer")


@registry.register("regularizers", "regularizer")
class Regularizer:
    """A callable that gives a penalty. Subclass it and write `__call__(x)` and `get_config()`.

    Example:
        >>> class Largest(Regularizer):
        ...     def __call__(self, x):
        ...         return x.abs().max()
        >>> Largest()(torch.tensor([1.0, -2.0]))
        tensor(2.)
    """

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`: a scalar tensor (the base class has none: 0)."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(
            errors.message(
                f"Regularizer {type(self).__name__}",
                expected="a method `get_config(self)`",
                received=errors.Said("a class without one"),
                remedy="Return the constructor's arguments from it, so that a model can be saved.",
            )
        )

    @classmethod
    def from_config(cls: type[Self], config: dict[str, Any]) -> Self:
        """Make a regularizer from `get_config`'s result."""
        return cls(**config)


def _factor(value: Any, owner: str, name: str) -> float:
    """A factor as a plain float.

    Raises:
        ValueError: It is not a finite number >= 0.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        raise errors.value_error(f"`{name}` of {owner}", expected="a finite number >= 0", received=value)
    return float(value)


@registry.register("regularizers", "l1l2", "l1_l2")
class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x ** 2)`.

    Args:
        l1: A factor >= 0; None means 0.
        l2: A factor >= 0; None means 0.

    Raises:
        ValueError: A factor is negative or not finite.

    Example:
        >>> L1L2(l1=1.0, l2=1.0)(torch.tensor([1.0, -2.0]))
        tensor(8.)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(0.0 if l1 is None else l1, "L1L2", "l1")
        self.l2 = _factor(0.0 if l2 is None else l2, "L1L2", "l2")

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar."""
        values: Tensor = torch.as_tensor(x)
        if not self.l2:
            return self.l1 * values.abs().sum() if self.l1 else values.new_zeros(())
        squared = self.l2 * values.square().sum()
        return self.l1 * values.abs().sum() + squared if self.l1 else squared

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


@registry.register("regularizers", "l1")
class L1(Regularizer):
    """`l1 * sum(|x|)`.

    Args:
        l1: A factor >= 0; None means 0.01.

    Raises:
        ValueError: The factor is negative or not finite.

    Example:
        >>> L1(1.0)(torch.tensor([1.0, -2.0]))
        tensor(3.)
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor(0.01 if l1 is None else l1, "L1", "l1")

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar."""
        return self.l1 * torch.as_tensor(x).abs().sum()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1": self.l1}


@registry.register("regularizers", "l2")
class L2(Regularizer):
    """`l2 * sum(x ** 2)`.

    Args:
        l2: A factor >= 0; None means 0.01.

    Raises:
        ValueError: The factor is negative or not finite.

    Example:
        >>> L2(1.0)(torch.tensor([1.0, -2.0]))
        tensor(5.)
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(0.01 if l2 is None else l2, "L2", "l2")

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar."""
        return self.l2 * torch.as_tensor(x).square().sum()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l2": self.l2}


@registry.register("regularizers", "orthogonal_regularizer")
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between different rows (or columns) of a matrix.

    Args:
        factor: A factor >= 0.
        mode: "rows" or "columns".

    Raises:
        ValueError: The factor is negative or not finite, or the mode is neither.

    Example:
        >>> OrthogonalRegularizer(1.0)(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        tensor(0.)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor, "OrthogonalRegularizer", "factor")
        if mode not in ("rows", "columns"):
            raise errors.unknown_name("mode of OrthogonalRegularizer", mode, ("rows", "columns"))
        self.mode = mode

    def __call__(self, inputs: Any) -> Tensor:
        """The penalty of a matrix, a scalar.

        Args:
            inputs: Shape `(rows, columns)`.

        Raises:
            ValueError: `inputs` is not a matrix.
        """
        x = torch.as_tensor(inputs)
        if x.dim() != 2:
            raise errors.value_error("Input of OrthogonalRegularizer", expected="two dimensions", received=x)
        vectors = F.normalize(x if self.mode == "rows" else x.T, dim=1, eps=epsilon())
        cosines = (vectors @ vectors.T).fill_diagonal_(0.0)
        count = len(vectors)
        return self.factor * 0.5 * cosines.abs().sum() / (count * (count - 1) / 2)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}


def get(identifier: Any) -> Any:
    """A regularizer from a name, a config, a class, a function or an object.

    Raises:
        ValueError: Nobody knows the name; the message says which known one is nearest.
        TypeError: `identifier` is nothing that could be a regularizer.

    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    return registry.resolve("regularizers", identifier)


def serialize(regularizer: Any) -> Any:
    """The config of a regularizer.

    Example:
        >>> serialize(L2(0.5))["config"]
        {'l2': 0.5}
    """
    return serialization.serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer that a config or a name describes.

    Args:
        config: What `serialize` wrote, or a name.
        custom_objects: The user's own regularizers by name.

    Returns:
        A regularizer.

    Raises:
        ValueError: The regularizer is unknown.

    Example:
        >>> deserialize(serialize(L2(0.5))).l2
        0.5
    """
    with registry.scope(custom_objects or {}):
        return get(config)


# the names by which Keras also exports the classes
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer
