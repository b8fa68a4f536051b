"""Who is known by which name: the closed registry of built-in objects and the user's own registrations.

Built-in objects are registered under a slot ("layers", "losses", ...) and a name. A string in a user's call or in a
file is only ever looked up here; nothing is imported because a file names it.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, TypeVar

from kerastorch.base import errors

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

# slot -> (what one of its objects is called, the Keras module its objects are said to live in)
SLOTS: dict[str, tuple[str, str]] = {
    "activations": ("activation", "keras.activations"),
    "callbacks": ("callback", "keras.callbacks"),
    "constraints": ("constraint", "keras.constraints"),
    "dtype_policies": ("dtype policy", "keras"),
    "initializers": ("initializer", "keras.initializers"),
    "layers": ("layer", "keras.layers"),
    "losses": ("loss", "keras.losses"),
    "metrics": ("metric", "keras.metrics"),
    "models": ("model", "keras"),
    "ops": ("operation", "keras.ops"),
    "optimizers": ("optimizer", "keras.optimizers"),
    "quantizers": ("quantizer", "keras.quantizers"),
    "random": ("random object", "keras.random"),
    "regularizers": ("regularizer", "keras.regularizers"),
    "schedules": ("learning-rate schedule", "keras.optimizers.schedules"),
}

_builtin: dict[str, dict[str, Any]] = {slot: {} for slot in SLOTS}
_slot_of: dict[Any, tuple[str, str]] = {}
_custom: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}
_scopes = threading.local()


def register(slot: str, *aliases: str, name: str | None = None) -> Callable[[T], T]:
    """Register a built-in class or function under its own name and its aliases.

    Args:
        slot: One of `SLOTS`.
        *aliases: Further names ("mse").
        name: The canonical name, when it is not `__name__`.

    Returns:
        A decorator that hands its object back unchanged.
    """

    def decorate(obj: T) -> T:
        canonical = name or obj.__name__  # type: ignore[attr-defined]
        if isinstance(obj, type) and slot in _EXPLAINED:
            _explain_init(obj)
        _slot_of.setdefault(obj, (slot, canonical))
        for key in (canonical, *aliases):
            _builtin[slot][key] = obj
        return obj

    return decorate


# Layers and optimizers look at their keywords themselves.
_EXPLAINED = ("callbacks", "constraints", "initializers", "losses", "metrics", "regularizers", "schedules")


def _explain_init(cls: type) -> None:
    init = cls.__dict__.get("__init__")
    if isinstance(init, FunctionType):
        cls.__init__ = explain_keywords(init, cls.__name__)  # type: ignore[misc]


def explain_keywords(function: F, name: str | None = None) -> F:
    """`function`, naming the nearest keyword that it has when it is called with a misspelt one.

    Args:
        function: A function, or the `__init__` of a class.
        name: What the error calls it; by default its own name.
    """
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return function

    @functools.wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        unknown = [key for key in kwargs if key not in parameters]
        if unknown:
            raise errors.unexpected_keywords(name or function.__name__, unknown, parameters)
        return function(*args, **kwargs)

    return explained  # type: ignore[return-value]


def names(slot: str) -> list[str]:
    """All names known in a slot, the user's own included."""
    return [*_builtin[slot], *(n.rpartition(">")[2] for n in custom_objects())]


def builtin(slot: str, name: str) -> Any | None:
    """The built-in object of this name, or None."""
    return _builtin.get(slot, {}).get(name)


def slot_and_name(obj: Any) -> tuple[str, str] | None:
    """The slot and the canonical name of a built-in class or function, or None for anything else."""
    obj = getattr(obj, "raw", obj) if isinstance(obj, FunctionType) else obj  # an operation is known by its function
    try:
        return _slot_of.get(obj)
    except TypeError:
        return None


def custom_objects() -> dict[str, Any]:
    """The user's own objects that are visible now: registered ones and those of the open scopes."""
    merged = dict(_custom)
    for scope in getattr(_scopes, "stack", []):
        merged.update(scope)
    return merged


def global_custom_objects() -> dict[str, Any]:
    """The live dictionary of registered objects (`keras.saving.get_custom_objects`)."""
    return _custom


def register_custom(obj: T, package: str, name: str | None) -> T:
    """Register a user's class or function as "package>name"."""
    full_name = f"{package}>{name or obj.__name__}"  # type: ignore[attr-defined]
    _custom[full_name] = obj
    _custom_names[obj] = full_name
    return obj


def registered_name(obj: Any) -> str:
    """The name under which `obj` was registered by the user, or its own name."""
    return _custom_names.get(obj, getattr(obj, "__name__", type(obj).__name__))


def registered_object(name: str, extra: dict[str, Any] | None = None) -> Any | None:
    """The user's object of this name: from `extra`, an open scope, or registered; None when there is none."""
    return (extra or {}).get(name) or custom_objects().get(name)


@contextmanager
def scope(objects: dict[str, Any]) -> Iterator[None]:
    """Make a user's objects known by name inside a `with` block."""
    stack = _scopes.__dict__.setdefault("stack", [])
    stack.append(dict(objects))
    try:
        yield
    finally:
        stack.pop()


def lookup(slot: str, name: str) -> Any:
    """The object a user means by `name`: their own before the built-in one.

    Raises:
        ValueError: Nobody is called so; the message names the nearest known name.
    """
    found = registered_object(name)
    if found is None:
        found = next((obj for key, obj in custom_objects().items() if key.rpartition(">")[2] == name), None)
    if found is None:
        found = builtin(slot, name)
    if found is None:
        raise errors.unknown_name(SLOTS[slot][0], name, names(slot))
    return found


def resolve(slot: str, identifier: Any, **defaults: Any) -> Any:
    """Make an object of whatever a user gave: a name, a config, a class, a callable, an object, or None.

    Args:
        slot: Where names are looked up.
        identifier: None stays None. A name is looked up; classes are instantiated with `defaults`; a dict is
            deserialised; functions and objects are handed back as they are.
        **defaults: Arguments for a class that is instantiated here.

    Returns:
        The object.

    Raises:
        ValueError: The name is unknown.
        TypeError: `identifier` is nothing that could be used.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        from_config = _deserialize_hook[0]
        return from_config(identifier)
    if isinstance(identifier, str):
        identifier = lookup(slot, identifier)
    if isinstance(identifier, type):
        return identifier(**defaults)
    for made_of, make in _conversions.get(slot, ()):
        if isinstance(identifier, made_of):
            return make(identifier)
    if callable(identifier) or isinstance(identifier, tuple(_object_types.get(slot, ()))):
        return identifier
    kind = SLOTS[slot][0]
    article = "an" if kind[0] in "aeiou" else "a"
    raise errors.type_error(
        f"`{kind}`", expected=f"a name, {article} {kind} object, a function or None", received=identifier
    )


_conversions: dict[str, list[tuple[tuple[type, ...], Callable[[Any], Any]]]] = {}
_object_types: dict[str, set[type]] = {}
_deserialize_hook: list[Callable[[dict[str, Any]], Any]] = []


def accept_objects(slot: str, *types: type) -> None:
    """Let `resolve` hand back objects of these types although they cannot be called (optimizers)."""
    _object_types.setdefault(slot, set()).update(types)


def accept_values(slot: str, make: Callable[[Any], Any], *types: type) -> None:
    """Let `resolve` make objects of values of these types (an initializer of an array)."""
    _conversions.setdefault(slot, []).append((types, make))


def is_plain_function(obj: Any) -> bool:
    """Whether `obj` is a function that can be named in a file (not a lambda, not defined inside another)."""
    return isinstance(obj, FunctionType) and obj.__name__ != "<lambda>"
