"""Functional models: `Model(inputs, outputs)`."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors, registry
from kerastorch.models import graph_config
from kerastorch.models.model import Model, provide_form
from kerastorch.models.recorded import Recorded
from kerastorch.nn import graph
from kerastorch.nn.layer import Layer


@registry.register("models")
class Functional(Recorded):
    """A model from symbolic inputs to symbolic outputs.

    Args:
        inputs: Symbolic tensors: one, or a list, tuple or dict of them; the model is called in this structure. They
            may lie inside another model: the new one begins there and shares the layers.
        outputs: Symbolic tensors in any structure.
        name: The model's name.
        **kwargs: What `Layer` takes.

    Raises:
        ValueError: An output does not depend on the inputs alone; the message names the tensor.

    Example:
        >>> import kerastorch as keras
        >>> a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
        >>> model = keras.Model({"a": a, "b": b}, a + 2 * b)
        >>> print(model.code.strip().splitlines()[-2].strip())
        add = prepare_input + mul;  prepare_input = mul = None
    """

    keras_module = "keras.src.models.functional"

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        Layer.__init__(self, name=name, **kwargs)
        for argument, structure in (("inputs", inputs), ("outputs", outputs)):
            if not graph.symbolic_leaves(structure):
                raise errors.type_error(
                    f"`{argument}` of Model", expected="symbolic tensors", received=structure,
                    remedy="Start from `keras.Input(shape)` and call layers on it.",
                )  # fmt: skip
        self._adopt(inputs, outputs)
        if not self._trainable:
            self.trainable = False

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to do: a functional model is built when it is made."""

    def get_config(self) -> dict[str, Any]:
        """The layers and how they are connected, in Keras 3's form."""
        if "_written_class" in type(self).__dict__ and "get_config" in type(self)._written_class.__dict__:
            return dict(type(self)._written_class.get_config(self))
        return graph_config.write(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from `get_config`'s result.

        Args:
            config: The config.
            custom_objects: The user's classes by name.
        """
        with registry.scope(custom_objects or {}):
            inputs, outputs = graph_config.read(config)
            return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))


provide_form("functional", Functional)
registry.builtin("models", "Model").from_config = classmethod(  # a `Model` in a file is a functional one or a user's own
    lambda cls, config, custom_objects=None: (
        Functional.from_config.__func__(cls, config, custom_objects)
        if "input_layers" in config
        else super(Model, cls).from_config(config)
    )
)
