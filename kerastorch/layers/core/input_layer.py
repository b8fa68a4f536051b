"""`Input`: where a functional model begins."""

from __future__ import annotations

from typing import Any

from kerastorch.base import dtypes, errors, policy, registry
from kerastorch.layers import arguments
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer


@registry.register("layers")
class InputLayer(Layer):
    """The node of a graph that an `Input` tensor comes from.

    Args:
        shape: The shape of one sample; None marks unknown dimensions.
        batch_size: The number of samples, when it is fixed.
        dtype: The dtype of the input; default `floatx()`.
        sparse: Must be falsy: inputs are dense here.
        ragged: Must be falsy.
        batch_shape: The whole shape, instead of `shape` and `batch_size`.
        input_tensor: A symbolic tensor to start from, instead of a new one.
        optional: Whether None may be passed for it.
        name: Its name.
        **kwargs: `input_shape`, `batch_input_shape`: older words for `shape`, `batch_shape`.

    Raises:
        ValueError: No shape, or two that contradict each other.

    Example:
        >>> InputLayer(shape=(3,)).output.shape
        (None, 3)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        arguments.unsupported("Input", sparse=sparse, ragged=ragged)
        if input_tensor is None:
            self._batch_shape = _whole_shape(shape, batch_size, batch_shape)
            self._dtype = dtypes.dtype_name(dtype or policy.floatx())
            input_tensor = KerasTensor(self._batch_shape, dtype=self._dtype, name=self.name)
        else:
            _check_tensor(input_tensor, shape, batch_size, batch_shape, dtype)
            self._batch_shape, self._dtype = input_tensor.shape, input_tensor.dtype
        self.optional = bool(optional)
        self._inbound_nodes.append(graph.Node(self, (), {}, input_tensor))
        self._finish_build()

    def call(self) -> None:
        """Nothing: a model hands its inputs over itself."""

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape, batch dimension included."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "name": self.name,
            "optional": self.optional,
        }


@registry.explain_keywords
def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor to call layers on, for `Model(inputs, outputs)`.

    Args:
        shape: The shape of one sample, without the batch dimension; None marks unknown dimensions.
        batch_size: The number of samples, when it is fixed.
        dtype: The dtype; default `floatx()`.
        sparse: Must be falsy: inputs are dense here.
        ragged: Must be falsy.
        batch_shape: The whole shape, instead of `shape` and `batch_size`.
        name: The input's name, by which dictionaries of data find it.
        tensor: A symbolic tensor to start from, instead of a new one.
        optional: Whether None may be passed for it.

    Returns:
        A `KerasTensor`.

    Raises:
        ValueError: No shape, or two that contradict each other.

    Example:
        >>> Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        name=name,
        input_tensor=tensor,
        optional=optional,
    )
    return layer.output  # type: ignore[no-any-return]


def _whole_shape(shape: Any, batch_size: Any, batch_shape: Any) -> tuple[int | None, ...]:
    if (shape is None) == (batch_shape is None):
        raise errors.value_error(
            "`shape` of Input",
            expected="either `shape` or `batch_shape`",
            received=errors.Said("neither" if shape is None else f"shape={shape} and batch_shape={batch_shape}"),
            remedy="Pass the shape of one sample: Input(shape=(28, 28, 1)).",
        )
    if batch_size is not None and batch_shape is not None:
        raise errors.value_error(
            "`batch_size` of Input", expected="None beside `batch_shape`, which holds it already", received=batch_size
        )
    given = shape if batch_shape is None else batch_shape
    if not isinstance(given, (list, tuple)) or not all(d is None or (isinstance(d, int) and d >= 0) for d in given):
        raise errors.value_error(
            "`shape` of Input",
            expected="a tuple of integers >= 0 and None",
            received=given,
            remedy=f"For one dimension write Input(shape=({given},))." if isinstance(given, int) else "",
        )
    return (batch_size, *given) if batch_shape is None else tuple(given)


def _check_tensor(tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> None:
    if not isinstance(tensor, KerasTensor):
        raise errors.value_error("`tensor` of Input", expected="a symbolic tensor (KerasTensor)", received=tensor)
    said = {
        "shape": (shape, tensor.shape[1:]),
        "batch_size": (batch_size, tensor.shape[:1]),
        "batch_shape": (batch_shape, tensor.shape),
    }
    for name, (given, wanted) in said.items():
        given = (given,) if name == "batch_size" and given is not None else given
        if given is not None and tuple(given) != wanted:
            raise errors.value_error(f"`{name}` of Input", expected=f"{wanted}, as `tensor` has it", received=given)
    if dtype is not None and dtypes.dtype_name(dtype) != tensor.dtype:
        raise errors.value_error("`dtype` of Input", expected=f"{tensor.dtype!r}, as `tensor` has it", received=dtype)
