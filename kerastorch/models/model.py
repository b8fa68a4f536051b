"""`keras.Model`: a layer that can be trained."""

from __future__ import annotations

import json
from typing import Any

from torch import nn

from kerastorch import saving
from kerastorch.base import errors, nested, registry, serialization
from kerastorch.models import arguments, summary
from kerastorch.models.bridge import Bridge
from kerastorch.models.trainable import Trainable
from kerastorch.nn import graph
from kerastorch.nn.graph import symbolic_leaves
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer
from kerastorch.nn.masks import ComputeMask
from kerastorch.nn.tracking import TrackedDict, TrackedList


@registry.register("models")
class Model(Trainable, Bridge, Layer):
    """A model: subclass it and define `call`, or make one from symbolic tensors, or from any `nn.Module`.

    - `Model(inputs, outputs)` is a functional model (see `Functional`).
    - `Model(net)` gives `fit`, `evaluate` and `predict` to a torch module; it keeps the module's own `state_dict` keys.
    - A subclass makes its layers in `__init__` and computes in `call` (or `forward`).

    Args:
        inputs: Symbolic tensors in any structure, or a torch module.
        outputs: Symbolic tensors in any structure.
        name: The model's name.
        **kwargs: What `Layer` takes.

    Example:
        >>> import kerastorch as keras
        >>> inputs = keras.Input((4,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
        >>> sorted(model.state_dict())
        ['dense.bias', 'dense.weight']
    """

    is_model = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        form = _form_of(args, kwargs)
        if form is not None and not isinstance(self, form):
            self.__class__ = with_form(type(self), form)
            form.__init__(self, *args, **kwargs)  # type: ignore[misc]
            return
        if args:
            raise errors.type_error(
                f"{type(self).__name__}",
                expected="symbolic tensors (`inputs`, `outputs`) or a torch module",
                received=args[0],
                remedy="Start from `keras.Input(shape)`.",
            )
        if "inputs" in kwargs or "outputs" in kwargs:
            wrong = [k for k in kwargs if k not in ("inputs", "outputs", "name", "trainable", "dtype")]
            if wrong:
                raise errors.unexpected_keywords("Model", wrong, ("inputs", "outputs", "name", "trainable"))
            raise errors.type_error(
                "Model",
                expected="`inputs` and `outputs` together, both symbolic",
                received=errors.Said(f"{' and '.join(f'{k}={errors.describe(v)}' for k, v in kwargs.items())}"),
                remedy="Write `Model(inputs, outputs)`, where `outputs` was computed from `inputs`.",
            )
        Layer.__init__(self, **kwargs)

    @property
    def base(self) -> type:
        return Model

    def build(self, input_shape: Any) -> None:
        """Build the layers of a subclassed model without data, by following its `call` on shapes.

        Args:
            input_shape: The shape of the input, batch dimension included (None where unknown), or a structure of them.
        """
        if self.built:
            return
        symbolic = nested.map_shape_structure(lambda shape: KerasTensor(shape, dtype=self.compute_dtype), input_shape)
        graph.infer(self, (symbolic,), {}, name=self.name)

    def _build_from_shapes(self, shapes: tuple[Any, ...]) -> None:
        """On a first call the layers build themselves; only a `build` of the user's own is run."""
        if type(self).build is Model.build:
            self._build_config = {"input_shape": shapes[0]} if shapes else None
            self._finish_build()
        else:
            super()._build_from_shapes(shapes)

    @property
    def layers(self) -> list[Any]:
        """The layers and modules directly inside."""
        return list({id(m): m for m in _direct(self) if not isinstance(m, ComputeMask)}.values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by name or position.

        Raises:
            ValueError: There is none.
        """
        if (name is None) == (index is None):
            raise errors.value_error("get_layer", expected="either a name or an index", received=(name, index))
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise errors.value_error("`index` of get_layer", expected=f"less than {len(layers)}", received=index)
            return layers[index]
        names = [getattr(layer, "name", None) or key for key, layer in zip(_keys(self, layers), layers, strict=True)]
        if name not in names:
            raise errors.unknown_name(f"layer of model {self.name!r}", name, names)
        return layers[names.index(name)]

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers: shapes, parameter counts and sizes.

        Args:
            line_length: The table's width; default the terminal's.
            positions: Accepted for Keras's sake.
            print_fn: Receives the text instead of the screen.
            expand_nested: Whether models inside are listed too.
            show_trainable: Whether a column tells which layers are trained.
            layer_range: Names of the first and the last layer to list.
        """
        del positions
        summary.show(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    # -- files ------------------------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the whole model to a `.keras` file; see `keras.saving.save_model`."""
        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a `.weights.h5` file in Keras's layout."""
        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Take the weights from a `.weights.h5` or `.keras` file; nothing changes unless all fit."""
        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The model's structure, without weights, as JSON.

        Args:
            **kwargs: What `json.dumps` takes.
        """
        return json.dumps(serialization.serialize_keras_object(self), **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was called with, for files; None when it cannot be written."""
        return None if self._compiled is None else self._compiled.config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from `get_config`'s result.

        Args:
            config: The config: a functional model's, or what the class's own `get_config` gave.
            custom_objects: The user's classes by name.
        """
        if "input_layers" in config:
            return _forms["functional"].connect(cls, config, custom_objects)
        with registry.scope(custom_objects or {}):
            return super().from_config(config)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as a file says."""
        known = {"optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"}
        known |= {"steps_per_execution", "jit_compile"}
        given = {k: serialization.deserialize_keras_object(v) for k, v in config.items() if k in known}
        self.compile(**given)

    def __getstate__(self) -> dict[str, Any]:
        of_a_run = ("_program", "_run", "_resumable", "history")
        return {k: v for k, v in super().__getstate__().items() if k not in of_a_run}


def _direct(module: nn.Module) -> list[nn.Module]:
    """The children of a module, going through containers."""
    found: list[nn.Module] = []
    for child in module.children():
        container = isinstance(child, (nn.ModuleList, nn.ModuleDict, TrackedList, TrackedDict))
        found += _direct(child) if container else [child]
    return found


def _keys(model: nn.Module, layers: list[Any]) -> list[str]:
    names = {id(m): n for n, m in model.named_modules()}
    return [names.get(id(layer), "") for layer in layers]


_forms: dict[str, Any] = {}
_made: dict[tuple[type, type], type] = {}


def provide_form(name: str, form: type) -> None:
    """Let `Model(...)` make functional models ("functional") and wrap torch modules ("module")."""
    _forms[name] = form


def _form_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> type | None:
    if len(args) >= 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs):
        return _forms["functional"]
    if len(args) == 1 and isinstance(args[0], nn.Module) and not symbolic_leaves(args[0]):
        return _forms["module"]
    return None


def with_form(cls: type, form: type) -> type:
    """`form` itself for a plain `Model`; for a subclass, the subclass with `form` beneath it."""
    if cls is Model:
        return form
    key = (cls, form)
    if key not in _made:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "_written_class": cls}
        _made[key] = type(cls.__name__, (cls, form), names)
    return _made[key]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `to_json` described, with fresh weights.

    Args:
        json_string: What `to_json` gave (here or in Keras).
        custom_objects: The user's classes by name.
    """
    return serialization.deserialize_keras_object(json.loads(json_string), custom_objects)


for _name in ("compile", "fit", "evaluate", "predict"):
    arguments.know(_name, getattr(Trainable, _name))


def flat_names(structure: Any) -> list[str]:
    """The names of symbolic tensors, in order."""
    return [t.name for t in nested.flatten(structure)]
