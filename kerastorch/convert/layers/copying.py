"""Classes and functions of the user's own: an import of them, or their source with what it refers to."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from types import FunctionType, ModuleType
from typing import Any

from kerastorch import layers, losses, metrics, models, ops
from kerastorch.base import registry
from kerastorch.convert.layers import text
from kerastorch.convert.layers.writer import Writer


class Unknown(Exception):
    """No source and no import was found."""


def reference(writer: Writer, thing: Any) -> str:
    """How a class or function is called in the file: by an import, or by its name with its source above.

    Args:
        writer: Takes the import or the source.
        thing: A class or function.

    Raises:
        Unknown: It is neither importable nor has a source.
    """
    known = registry.slot_and_name(thing)
    if known is not None and thing.__module__.partition(".")[0] == "kerastorch":
        writer.need("import kerastorch as keras")
        return f"{registry.SLOTS[known[0]][1]}.{known[1]}"
    if _is_importable(thing):
        writer.need(f"from {thing.__module__} import {thing.__qualname__}")
        return str(thing.__qualname__)
    _copy(writer, thing)
    return str(thing.__name__)


def _is_importable(thing: Any) -> bool:
    home = sys.modules.get(thing.__module__)
    if thing.__module__ == "__main__" or home is None or home.__spec__ is None:
        return False
    return getattr(home, thing.__qualname__, None) is thing


def _copy(writer: Writer, thing: Any) -> None:
    """Put the source of a class or function among the helpers, what it refers to before it."""
    try:
        source = textwrap.dedent(inspect.getsource(thing))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError) as error:
        raise Unknown(f"{thing.__name__} has no source") from error
    if thing.__name__ in writer.helpers:
        return
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - own - {thing.__name__}
    values = dict(vars(sys.modules[thing.__module__])) if thing.__module__ in sys.modules else {}
    if inspect.isfunction(thing):
        values |= inspect.getclosurevars(thing).nonlocals
    for name in sorted(used):
        if name in values and not hasattr(builtins, name):
            _provide(writer, name, values[name])
    writer.helpers[thing.__name__] = source.strip("\n")


def _provide(writer: Writer, name: str, value: Any) -> None:
    """Make a name known that copied source uses."""
    if isinstance(value, ModuleType):
        parent, _, last = value.__name__.rpartition(".")
        short = f"from {parent} import {name}" if parent else f"import {name}"
        if value.__name__.partition(".")[0] == "kerastorch":
            writer.note(f"A function of yours uses `{name}`, which is Keras's: it is copied as it is.")
        writer.need(short if last == name else f"import {value.__name__} as {name}")
    elif inspect.isclass(value) or inspect.isfunction(value):
        module = _public(value) or (value.__module__ if _is_importable(value) else "")
        if module:
            renamed = "" if value.__name__ == name else f" as {name}"
            writer.need(f"from {module} import {value.__name__}{renamed}")
        else:
            _copy(writer, value)
    else:
        try:
            writer.helpers.setdefault(name, f"{name} = {text.literal(value)}")
        except text.Unwritable:
            writer.note(f"The copied source uses {name}, which is not defined in this file: define it.")


def _public(value: type | FunctionType) -> str | None:
    """Where users find something of this library."""
    if value.__module__.partition(".")[0] != "kerastorch":
        return None
    places = [layers, losses, metrics, models, ops]
    found = [place.__name__ for place in places if getattr(place, value.__name__, None) is value]
    return found[0] if found else None


def copied_function(writer: Writer, function: Any, name: str) -> str:
    """A function as a helper of the file; the body of a lambda becomes that of a function.

    Args:
        writer: Takes the source.
        function: A function.
        name: What a lambda is to be called.

    Returns:
        How it is called in the file.

    Raises:
        Unknown: It has no source, or holds values of the function around it.
    """
    if getattr(function, "__name__", "") != "<lambda>":
        return reference(writer, function)
    try:
        tree = ast.parse(_balanced(inspect.getsource(function).strip()))
    except (OSError, SyntaxError) as error:
        raise Unknown("a lambda without source") from error
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    if len(found) != 1 or function.__closure__:
        raise Unknown("a lambda that is not alone on its line, or that holds values of the function around it")
    given = {argument.arg for argument in ast.walk(found[0].args) if isinstance(argument, ast.arg)}
    for used in sorted({n.id for n in ast.walk(found[0].body) if isinstance(n, ast.Name)} - given):
        if used in function.__globals__ and not hasattr(builtins, used):
            _provide(writer, used, function.__globals__[used])
    writer.helper(name, f"def {name}({ast.unparse(found[0].args)}):\n    return {ast.unparse(found[0].body)}")
    return name


def _balanced(line: str) -> str:
    """The part of a line from `lambda` on that can be read by itself."""
    start = line.find("lambda")
    for end in range(len(line), start, -1):
        try:
            ast.parse(line[start:end].strip(), mode="eval")
        except SyntaxError:
            continue
        return line[start:end].strip()
    return line
