"""Functional models: `Model(inputs, outputs)`."""

from __future__ import annotations

import inspect
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.models import graph_config
from kerastorch.models.model import provide_form
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
        if graph.symbolic_leaves(self._init_args):
            self._init_args = ((), {})  # the graph is kept as a tape; a chain of symbolic tensors cannot be copied
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
        written = type(self).__dict__.get("_written_class")
        if written is not None and "get_config" in written.__dict__:
            return dict(written.get_config(self))
        if written is not None and not _takes_tensors(written):
            return {**Layer.get_config(self), **self._given_arguments()}
        return graph_config.write(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from `get_config`'s result.

        Args:
            config: The config.
            custom_objects: The user's classes by name.
        """
        if "input_layers" not in config:
            return super().from_config(config, custom_objects)
        return cls.connect(cls, config, custom_objects)

    @staticmethod
    def connect(kind: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A model of class `kind` from a functional model's config."""
        with registry.scope(custom_objects or {}):
            inputs, outputs = graph_config.read(config)
            return kind(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))


def _takes_tensors(written: type) -> bool:
    """Whether a class is constructed like `Model(inputs, outputs)`, and so can be made from a graph."""
    parameters = list(inspect.signature(written.__init__).parameters.values())[1:]  # type: ignore[misc]
    if [p.name for p in parameters[:2]] == ["inputs", "outputs"]:
        return True
    kinds = {p.kind for p in parameters}
    return {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds


provide_form("functional", Functional)
