"""What a layer accepts: `InputSpec`, and the check of shapes against it."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors, nested


class InputSpec:
    """The rank, dtype and dimensions that one input of a layer must have.

    Args:
        dtype: Kept for Keras's sake.
        shape: The full shape; None accepts any size there.
        ndim: The number of dimensions.
        max_ndim: The most dimensions.
        min_ndim: The fewest dimensions.
        axes: axis -> the size it must have.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing or too many.
        name: The input's name.

    Example:
        >>> InputSpec(min_ndim=2, axes={-1: 784}).problem((None, 20))
        'a last dimension (axis -1) of 784'
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.name, self.optional = dtype, name, optional
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze

    def problem(self, shape: tuple[int | None, ...]) -> str | None:
        """What was expected instead of `shape`, or None when it fits."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim and not self._squeezes(shape):
            return f"{self.ndim} dimensions" + (f" (shape {self.shape})" if self.shape else "")
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} dimensions"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} dimensions"
        wanted = dict(self.axes)
        if self.shape is not None and len(self.shape) == rank:
            wanted.update({i: d for i, d in enumerate(self.shape) if d is not None})
        for axis, size in wanted.items():
            if size is not None and -rank <= axis < rank and shape[axis] not in (None, size):
                where = f"a last dimension (axis {axis})" if axis in (-1, rank - 1) else f"a dimension {axis}"
                return f"{where} of {size}"
        return None

    def _squeezes(self, shape: tuple[int | None, ...]) -> bool:
        """Whether `shape` fits but for a last axis of size 1."""
        if not self.allow_last_axis_squeeze or self.shape is None:
            return self.allow_last_axis_squeeze
        if len(shape) == len(self.shape) + 1:
            return shape[-1] == 1
        return len(shape) == len(self.shape) - 1 and self.shape[-1] in (1, None)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Make a spec from `get_config`'s result."""
        return cls(**config)


def assert_input(name: str, spec: Any, inputs: Any) -> None:
    """Raise unless the shapes of `inputs` suit a layer's `input_spec`.

    Args:
        name: The layer's name.
        spec: An `InputSpec`, a structure of them, or None.
        inputs: Tensors (anything with a shape) in the same structure.

    Raises:
        ValueError: A shape does not fit; the message names the layer and both shapes.
    """
    if spec is None:
        return
    specs = nested.flatten(spec)
    tensors = nested.flatten(inputs)
    if len(specs) != len(tensors):
        raise errors.value_error(
            f"Layer {name!r}",
            expected=f"{len(specs)} inputs",
            received=errors.Said(f"{len(tensors)} inputs"),
            remedy="Pass them as a list, or as a dict by their names.",
        )
    for one, tensor in zip(specs, tensors, strict=True):
        if one is None or tensor is None or not hasattr(tensor, "shape"):
            continue
        problem = one.problem(tuple(tensor.shape))
        if problem:
            raise errors.value_error(
                f"Input of layer {name!r} is incompatible with the layer",
                expected=problem,
                received=errors.Said(f"shape {tuple(tensor.shape)}"),
                remedy=_remedy(one),
            )


def _remedy(spec: InputSpec) -> str:
    if spec.shape is None:
        return "Reshape the data, or change the layer before this one."
    name = f" {spec.name!r}" if spec.name else ""
    return f"The input{name} was declared with the shape {spec.shape}: pass such data, or declare another shape."
