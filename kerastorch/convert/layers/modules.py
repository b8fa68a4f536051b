"""Torch modules that the model holds: rebuilt from what they print, where that makes the same module."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import torch
from torch import nn

from kerastorch.convert.layers import copying, kept, text
from kerastorch.convert.layers.call import Call, Value
from kerastorch.convert.layers.writer import Writer


def torch_module(call: Call) -> Value:
    """A torch module in the graph, or in a `TorchModuleWrapper`."""
    wrapped = getattr(call.target, "module", None) if kept.is_layer(call.target) else None
    module = call.target if wrapped is None else wrapped
    me = call.me if wrapped is None else f"{call.me}.module"
    if call.key not in call.writer.defined:
        try:
            written = rebuilt(call.writer, module)
        except copying.Unknown as error:
            kept.handed_in(call, f"{call.me}: {type(module).__name__} cannot be written as source ({error})")
            me = call.me
        else:
            holder = f'nn.ModuleDict({{"module": {written}}})' if wrapped is not None else written
            call.writer.attribute(call.key, holder)
    if wrapped is not None:
        me = f'{call.me}["module"]'
    return call.result(f"{me}({kept._call_arguments(call)})")


def rebuilt(writer: Writer, module: nn.Module) -> str:
    """A constructor that makes a module like this one.

    Args:
        writer: Takes imports and sources.
        module: The module.

    Raises:
        Unknown: None was found.
    """
    if type(module) in (nn.Sequential, nn.ModuleList):
        names = list(module._modules)
        if names == [str(i) for i in range(len(names))]:
            inner = ", ".join(rebuilt(writer, child) for child in module.children())
            return f"nn.Sequential({inner})" if type(module) is nn.Sequential else f"nn.ModuleList([{inner}])"
    args, kwargs = _arguments(module)
    written = text.arguments(*map(text.literal, args), **{k: text.literal(v) for k, v in kwargs.items()})
    in_nn = getattr(nn, type(module).__name__, None) is type(module)
    return f"{f'nn.{type(module).__name__}' if in_nn else copying.reference(writer, type(module))}({written})"


def _arguments(module: nn.Module) -> tuple[list[Any], dict[str, Any]]:
    """Constructor arguments that make a module like this one: those it prints, or attributes of the same names."""
    why = "its constructor with these arguments makes another module"
    ways = (_printed, _by_attributes) if type(module).__module__.startswith("torch.nn.") else (_by_attributes,)
    for way in ways:
        try:
            args, kwargs = way(module)
            with torch.random.fork_rng(devices=[]):
                twin = type(module)(*args, **kwargs)
        except Exception as error:  # whatever a constructor may raise
            why = str(error)
            continue
        if _alike(module, twin):
            return args, kwargs
    raise copying.Unknown(why)


def _printed(module: nn.Module) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that a module of torch prints, those that are as the constructor has them left out."""
    try:
        (statement,) = ast.parse(f"f({module.extra_repr()})").body
        call: Any = statement.value  # type: ignore[attr-defined]
        args = [_printed_value(a) for a in call.args]
        kwargs = {k.arg: _printed_value(k.value) for k in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise copying.Unknown("what it prints is no call") from error
    usual = inspect.signature(type(module).__init__).parameters
    kwargs = {k: v for k, v in kwargs.items() if k not in usual or usual[k].default != v}
    return args, kwargs


def _printed_value(node: ast.expr) -> Any:
    """A value; words are printed without quotes."""
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def _by_attributes(module: nn.Module) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a user's module, from attributes of the same names."""
    found: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(type(module).__init__).parameters.items())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = vars(module).get(name, parameter.default)
        if value is parameter.empty:
            raise copying.Unknown(f"the argument {name} is not kept as an attribute")
        if value != parameter.default:
            found[name] = value
    try:
        text.literal(found)
    except text.Unwritable as error:
        raise copying.Unknown(f"an argument is a {error}") from error
    return [], found


def _alike(one: nn.Module, two: nn.Module) -> bool:
    shapes = [{k: (v.shape, v.dtype) for k, v in m.state_dict().items()} for m in (one, two)]
    return shapes[0] == shapes[1] and repr(one) == repr(two) and _settings(one) == _settings(two)


def _settings(module: nn.Module) -> dict[str, Any]:
    """The plain attributes of a module and its children."""
    plain = (bool, int, float, str, tuple, type(None))
    return {
        f"{name}.{key}": value
        for name, child in module.named_modules()
        for key, value in vars(child).items()
        if isinstance(value, plain) and key != "training" and not key.startswith("_")
    }
