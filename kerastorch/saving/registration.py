"""Making the user's own classes and functions known by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from kerastorch.base import errors, registry

T = TypeVar("T")


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorate a class or function so that files may name it, as "package>name".

    Args:
        package: Whose it is; keeps equal names apart.
        name: Its name in files; default its own.

    Returns:
        A decorator that hands its object back unchanged.

    Raises:
        ValueError: A class has no `get_config`, so that no file could describe it.

    Example:
        >>> @register_keras_serializable(package="example")
        ... def twice(x):
        ...     return 2 * x
        >>> get_registered_name(twice)
        'example>twice'
    """

    def decorate(obj: T) -> T:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise errors.value_error(
                "register_keras_serializable",
                expected="a class with a `get_config()` method",
                received=obj,
                remedy="Define `get_config(self)`, returning the constructor's arguments.",
            )
        return registry.register_custom(obj, package, name)

    return decorate


class CustomObjectScope:
    """A `with` block in which the user's own classes and functions are known by name.

    Args:
        custom_objects: name -> class or function.

    Raises:
        TypeError: `custom_objects` is no dict.

    Example:
        >>> with CustomObjectScope({"Mine": dict}):
        ...     get_registered_object("Mine")
        <class 'dict'>
    """

    def __init__(self, custom_objects: dict[str, Any]) -> None:
        if not isinstance(custom_objects, dict):
            raise errors.type_error(
                "`custom_objects`", expected="a dict of names and classes or functions", received=custom_objects
            )
        self.custom_objects = custom_objects
        self._entered: list[AbstractContextManager[None]] = []

    def __enter__(self) -> CustomObjectScope:
        scope = registry.scope(self.custom_objects)
        scope.__enter__()
        self._entered.append(scope)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._entered.pop().__exit__(*exception)


def get_custom_objects() -> dict[str, Any]:
    """The live dictionary of registered classes and functions: what is put into it is known from then on.

    Example:
        >>> isinstance(get_custom_objects(), dict)
        True
    """
    return registry.global_custom_objects()


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, or its own name.

    Args:
        obj: A class or function.

    Example:
        >>> get_registered_name(dict)
        'dict'
    """
    return registry.registered_name(obj)


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any | None:
    """The class or function of this name among the user's own.

    Args:
        name: Its registered name ("package>name") or its name in an open scope.
        custom_objects: Looked at first.
        module_objects: Looked at last.

    Returns:
        The object, or None when there is none.

    Example:
        >>> get_registered_object("nobody") is None
        True
    """
    return registry.registered_object(name, custom_objects) or (module_objects or {}).get(name)
