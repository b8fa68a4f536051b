"""`keras.Sequential`: a stack of layers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from kerastorch.base import dtypes, errors, nested, registry, serialization
from kerastorch.layers import InputLayer
from kerastorch.models.recorded import Recorded, run_module
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer
from kerastorch.nn.masks import ComputeMask


@registry.register("models")
class Sequential(Recorded):
    """Layers one after the other.

    With a known input shape (an `Input` first, or a first layer that knows it) the model is built at once; else when
    it is first called on data.

    Args:
        layers: Layers, torch modules or an `Input`, in order.
        trainable: Whether the weights are trained.
        name: The model's name.
        **kwargs: What `Layer` takes.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), nn.ReLU()])
        >>> model.output_shape, sorted(model.state_dict())
        ((None, 2), ['dense.bias', 'dense.weight'])
    """

    _stack: list[Any]

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        Layer.__init__(self, trainable=trainable, name=name, **kwargs)
        self.__dict__["_stack"] = []
        for layer in layers or []:
            self._push(layer)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: A layer, a torch module or an `Input`.
            rebuild: Whether to build at once where the shape is known.

        Raises:
            TypeError: It is none of these.
            ValueError: A second layer of the same name.
        """
        self._push(layer)
        if rebuild:
            self._rebuild()

    def _push(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and layer.node is not None:
            layer = layer.node.target
        if not isinstance(layer, nn.Module):
            raise errors.type_error(
                "`layer` of Sequential", expected="a layer, a torch module or `keras.Input(...)`", received=layer,
                remedy="Write `layers.Dense(10)`, with the parentheses." if isinstance(layer, type) else "",
            )  # fmt: skip
        if isinstance(layer, InputLayer) and self._stack:
            raise errors.value_error("`Input` of Sequential", expected="it first, before any layer", received=layer)
        names = [getattr(other, "name", None) for other in self._stack]
        if getattr(layer, "name", None) is not None and layer.name in names:
            raise errors.value_error(
                f"Layer names of Sequential {self.name!r}", expected="a different name for each layer",
                received=layer.name, remedy="Give one of them another `name=`.",
            )  # fmt: skip
        shape = getattr(layer, "_input_shape_arg", None)
        if not self._stack and shape is not None:
            self._stack.append(InputLayer(shape=shape))
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Any:
        """Take the topmost layer off and return it."""
        if not self.layers:
            raise errors.value_error("`pop` of Sequential", expected="at least one layer", received=[])
        layer = self._stack.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Record the stack anew where the input shape is known; else only hold the layers."""
        for name in ("forward", "_symbolic_inputs", "_symbolic_outputs", "_nodes", "graph", "_code"):
            self.__dict__.pop(name, None)
        self._modules.clear()
        self._buffers.clear()
        self.built, self._fast, self.input_spec = False, False, None
        first = self._stack[0] if self._stack else None
        if isinstance(first, InputLayer) and len(self._stack) > 1:
            self._record_stack(first.output, self._stack[1:])
        elif isinstance(first, Recorded) and first.built:
            source = nested.map_structure(lambda t: InputLayer(batch_shape=t.shape, dtype=t.dtype).output, first.input)
            self._record_stack(source, self._stack)
        else:
            self._register_modules(self._stack)

    def _record_stack(self, x: Any, layers: list[Any]) -> None:
        outputs = x
        for layer in layers:
            outputs = run_module(layer, outputs)
        self._adopt(x, outputs)

    def build(self, input_shape: Any = None) -> None:
        """Build all layers for an input shape.

        Args:
            input_shape: The shape, batch dimension included.
        """
        if input_shape is None or self.built or not self._stack:
            return
        kind = self.__dict__.pop("_dtype_seen", None)
        source = InputLayer(batch_shape=(None, *tuple(input_shape)[1:]), dtype=kind)
        self._modules.clear()
        self._record_stack(source.output, self.layers)

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.built and args and isinstance(args[0], (Tensor, KerasTensor)):
            kind = dtypes.dtype_name(args[0].dtype)
            self.__dict__["_dtype_seen"] = kind if not kind.startswith("float") else None
        super()._build_for(args, kwargs)

    def call(self, inputs: Any) -> Any:
        """Run the stack (replaced by generated code once the model is built)."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the `Input`."""
        return [layer for layer in self.__dict__.get("_stack", []) if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """The layers' configs, in Keras 3's form."""
        stack = self._stack
        for key, layer in self._modules.items():
            if not hasattr(layer, "get_config") and not isinstance(layer, ComputeMask):
                raise serialization.no_config(layer, f"Sequential {self.name!r} ({key!r})")  # type: ignore[arg-type]
        if self.built and not isinstance(stack[0], InputLayer) and not isinstance(stack[0], Recorded):
            source = InputLayer(batch_shape=self.input_shape, dtype=self.inputs[0].dtype, name=self.input_names[0])
            stack = [source, *stack]
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self._dtype_config(),
            "layers": [serialization.serialize_keras_object(layer) for layer in stack],
        }
        if self.built:
            config["build_input_shape"] = self.input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from `get_config`'s result.

        Args:
            config: The config.
            custom_objects: The user's classes by name.
        """
        with registry.scope(custom_objects or {}):
            layers = [serialization.deserialize_keras_object(layer) for layer in config["layers"]]
            model = cls(layers, name=config.get("name"), trainable=config.get("trainable", True))
        if config.get("build_input_shape") and not model.built:
            model.build(config["build_input_shape"])
        return model
