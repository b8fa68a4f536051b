"""`TorchModuleWrapper`: any torch module as one layer of a Keras model."""

from __future__ import annotations

from typing import Any

from torch import nn

from kerastorch.base import errors, registry
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer


@registry.register("layers")
class TorchModuleWrapper(Layer):
    """Calls a torch module; in a functional model it is one node, whatever its `forward` does.

    The module's parameters are the layer's, under "module." in `state_dict`. Training mode is the layer's.

    Args:
        module: An `nn.Module` whose parameters exist (a lazy one must have been called once).
        name: The layer's name.
        output_shape: The output's shape, batch included, when it cannot be found out without values.
        **kwargs: `dtype`, `trainable`.

    Raises:
        TypeError: `module` is no torch module.
        ValueError: `module` is lazy and has no parameters yet.

    Example:
        >>> TorchModuleWrapper(nn.Linear(3, 2))(KerasTensor((None, 3))).shape
        (None, 2)
    """

    keras_module = "keras.layers"

    def __init__(self, module: nn.Module, name: str | None = None, output_shape: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if not isinstance(module, nn.Module):
            raise errors.type_error("`module` of TorchModuleWrapper", expected="a torch.nn.Module", received=module)
        if any(nn.parameter.is_lazy(p) for p in (*module.parameters(), *module.buffers())):
            raise errors.value_error(
                "`module` of TorchModuleWrapper",
                expected="a module whose parameters exist",
                received=errors.Said(f"the lazy module {type(module).__name__}, not called yet"),
                remedy="Call it once on data before wrapping it.",
            )
        self.module = module.train(self.training)
        self.output_shape = None if output_shape is None else tuple(output_shape)
        self._finish_build()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module returns."""
        return self.module(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The module's output on tensors without memory, or `output_shape` if it was given."""
        if self.output_shape is None:
            return graph.infer(self, args, kwargs, name=self.name)
        return KerasTensor(self.output_shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the module itself among them: writing it to a file is refused."""
        return {**super().get_config(), "module": self.module, "output_shape": self.output_shape}
