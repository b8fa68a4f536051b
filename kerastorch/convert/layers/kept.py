"""What stays as it is: layers, functions and classes of the user's own, with their source or an import of it."""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn

from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Value
from kerastorch.convert.layers.copying import Unknown, reference
from kerastorch.convert.layers.writer import Writer
from kerastorch.nn import graph
from kerastorch.nn.layer import Layer

_QUIET = {"name", "dtype", "trainable", "autocast"}


def construction(writer: Writer, layer: Any) -> str:
    """A layer's constructor as a call.

    Raises:
        Unknown: Its class or one of its arguments cannot be written.
    """
    cls = getattr(type(layer), "_written_class", type(layer))
    name = reference(writer, cls)
    args, kwargs = layer._init_args
    kwargs = {k: v for k, v in kwargs.items() if k not in _QUIET}
    try:
        return f"{name}({_arguments(args, kwargs)})"
    except text.Unwritable:
        pass
    try:
        return f"{name}({_arguments((), _config(layer))})"
    except (text.Unwritable, NotImplementedError, TypeError) as error:
        raise Unknown(str(error)) from error


def _arguments(args: Any, kwargs: Any) -> str:
    return text.arguments(*map(text.literal, args), **{k: text.literal(v) for k, v in kwargs.items()})


def _config(layer: Any) -> dict[str, Any]:
    """A layer's config without what is as its constructor has it anyway."""
    usual = {name: p.default for name, p in inspect.signature(type(layer).__init__).parameters.items()}
    config = {k: v for k, v in layer.get_config().items() if k not in _QUIET}
    return {k: v for k, v in config.items() if k not in usual or usual[k] != v}


def layer(call: Call) -> Value:
    """A layer that stays a layer of Keras (or the user's own)."""
    writer, kept = call.writer, call.target
    kind = getattr(type(kept), "_written_class", type(kept)).__name__
    ours = type(kept).__module__.partition(".")[0] == "kerastorch"
    why = "has no plain form in torch here" if ours else "is your own class"
    try:
        written = construction(writer, kept)
    except Unknown as error:
        handed_in(call, f"{call.me}: {kind} cannot be written as source ({error})")
    else:
        fresh = call.key not in writer.defined
        writer.attribute(call.key, f"{written}  # kept: {kind} {why}")
        writer.note(f"{call.me} is kept as a layer of Keras: {kind} {why}.")
        writer.keeps_layers = True
        if fresh and kept.state_dict():
            writer.attributes.append(f"{call.me}.build({text.literal(_shapes(call.args[0]))})")
    return call.result(f"{call.me}({_call_arguments(call)})")


def handed_in(call: Call, why: str) -> None:
    """Let the module be an argument of `__init__`."""
    if call.key not in call.writer.defined:
        call.writer.parameters.append(call.key)
        call.writer.attribute(call.key, f"{call.key}  # handed in: it cannot be rebuilt from its source")
        call.writer.note(f"{why}: hand it to the class.")


def _shapes(structure: Any) -> Any:
    return graph.map_leaves(lambda leaf: tuple(leaf.shape) if hasattr(leaf, "shape") else leaf, structure)


def _call_arguments(call: Call) -> str:
    from_leaf = {id(leaf): call.values[id(leaf)] for leaf in graph.symbolic_leaves((call.args, call.kwargs))}

    def write(structure: Any) -> str:
        if id(structure) in from_leaf:
            return from_leaf[id(structure)].plain()
        if isinstance(structure, (list, tuple)):
            inner = ", ".join(map(write, structure))
            return f"[{inner}]" if isinstance(structure, list) else f"({inner},)"
        if isinstance(structure, dict):
            return "{" + ", ".join(f"{text.literal(k)}: {write(v)}" for k, v in structure.items()) + "}"
        return text.literal(structure)

    named = {k: write(v) for k, v in call.kwargs.items() if v is not None}
    return text.arguments(*map(write, call.args), **named)


def is_layer(target: Any) -> bool:
    """Whether a module is a layer of Keras's kind."""
    return isinstance(target, Layer)


def has_weights(module: nn.Module) -> bool:
    """Whether a module has parameters or buffers."""
    return bool(module.state_dict())
