"""`Lambda`: any function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kerastorch.base import errors, nested, registry, serialization
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer


@registry.register("layers")
class Lambda(Layer):
    """Calls a function. For anything with weights write a `Layer` instead.

    A file can hold it only by name: a named function, registered with `keras.saving.register_keras_serializable()`.
    Python lambdas are never written to files and never read from them.

    Args:
        function: Called with the input; also with `mask` and `training` if it has such parameters.
        output_shape: The output's shape without the batch, or a function of the input's shape; found out if missing.
        mask: The output's mask, or a function of the input and its mask.
        arguments: Further keyword arguments of the function.
        **kwargs: `name`, `dtype`.

    Raises:
        TypeError: `function` cannot be called.

    Example:
        >>> import torch
        >>> Lambda(lambda x: x ** 2)(torch.tensor([3.0])).tolist()
        [9.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.makes_masks = mask is not None
        super().__init__(**kwargs)
        if not callable(function):
            raise errors.type_error(
                "`function` of Lambda", expected="a function", received=function, remedy="Pass the function itself."
            )
        self.function = function
        self.supports_masking = mask is not None
        self.mask = mask
        self.arguments = dict(arguments or {})
        self._output_shape = tuple(output_shape) if isinstance(output_shape, list) else output_shape
        self._hands_on = _parameters(function) & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """`function(inputs, **arguments)`."""
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: given[name] for name in self._hands_on})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`output_shape` as the user gave it, or what the function makes of tensors without memory."""
        if self._output_shape is None:
            made = nested.map_shape_structure(lambda shape: KerasTensor(shape, dtype=self.compute_dtype), input_shape)
            return nested.map_structure(lambda tensor: tensor.shape, self.compute_output_spec(made))
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = nested.flatten(input_shape)[0]
        return nested.map_shape_structure(lambda shape: (batch, *shape), self._output_shape)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of that shape."""
        if self._output_shape is not None:
            return super().compute_output_spec(*args, **kwargs)
        return graph.infer(self, args, kwargs, name=self.name)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """`mask` as the user gave it."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; a Python lambda is kept as it is, and writing it to a file is refused."""
        config = {**super().get_config(), "function": _named(self.function)}
        if self._output_shape is not None:
            config["output_shape"] = _named(self._output_shape)
        if self.mask is not None:
            config["mask"] = _named(self.mask)
        return {**config, "arguments": serialization.serialize_keras_object(dict(self.arguments))}


def _parameters(function: Any) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # builtins without a signature
        return set()


def _named(value: Any) -> Any:
    is_lambda = callable(value) and getattr(value, "__name__", "") == "<lambda>"
    return value if is_lambda else serialization.serialize_keras_object(value)
