"""`Wrapper`: base of layers around one other layer."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors, registry, serialization
from kerastorch.nn.layer import Layer


@registry.register("layers")
class Wrapper(Layer):
    """Base of layers that add something to another layer; subclasses write `call`.

    Args:
        layer: The layer inside.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: `layer` is no layer.

    Example:
        >>> class Twice(Wrapper):
        ...     def call(self, inputs):
        ...         return self.layer(self.layer(inputs))
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise errors.value_error(
                f"`layer` of {type(self).__name__}",
                expected="a layer",
                received=layer,
                remedy="Put a torch module into `keras.layers.TorchModuleWrapper` first.",
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "layer": serialization.serialize_keras_object(self.layer)}
