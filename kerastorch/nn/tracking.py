"""Layers and variables kept in lists and dicts are registered with the layer that holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import nn

from kerastorch.nn.variable import Variable


class Live:
    """What some layer of this process makes that calls must then look after: masks, losses.

    Nobody pays for either until a layer that makes them exists.
    """

    def __init__(self) -> None:
        self.on = False
        self.depth = 0


live = Live()


def register(owner: nn.Module, key: str, value: Any) -> None:
    """Register a module or a variable as `key` of `owner`; other values are left alone."""
    if isinstance(value, nn.Module):
        owner._modules[key] = value
    elif isinstance(value, Variable) and value.is_buffer:
        owner._buffers[key] = value
    elif isinstance(value, nn.Parameter):
        owner._parameters[key] = value


def holds_modules(value: Any) -> bool:
    """Whether a container holds a module or a variable anywhere."""
    if isinstance(value, dict):
        return any(holds_modules(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_modules(v) for v in value)
    return isinstance(value, (nn.Module, Variable))


def track(value: Any) -> Any:
    """A container that registers what is put into it, for one that is empty or holds modules; else `value` itself."""
    if type(value) in (list, tuple) and (value == [] or holds_modules(value)):
        return TrackedList(value)
    if type(value) is dict and (not value or holds_modules(value)):
        return TrackedDict(value)
    return value


class _Tracked(nn.Module):
    """A container that is a module: what it holds is found by `state_dict`, `.to()`, `torch.compile`."""

    _plain: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        nn.Module.__init__(made)  # here, since unpickling fills the container before it restores the module
        return made

    def _renew(self) -> None:
        """Register exactly what is held now, and keep a plain copy: `torch.compile` can look into that."""
        for registered in (self._modules, self._parameters, self._buffers):
            registered.clear()
        held = list(self._held())
        self.__dict__["_plain"] = self._as_plain(held)
        for key, value in held:
            register(self, str(key), value)

    def _as_plain(self, held: list[tuple[Any, Any]]) -> Any:
        raise NotImplementedError

    def __getitem__(self, key: Any) -> Any:
        return self._plain[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._plain)

    def __len__(self) -> int:
        return len(self._plain)

    def _held(self) -> Iterable[tuple[Any, Any]]:
        raise NotImplementedError

    def __hash__(self) -> int:
        return id(self)


class TrackedList(_Tracked, list[Any]):  # type: ignore[misc]
    """A list whose layers and variables are registered under their positions, as `nn.ModuleList` does.

    Example:
        >>> blocks = TrackedList([nn.Linear(2, 2)])
        >>> blocks.append(nn.ReLU())
        >>> len(blocks), sorted(blocks.state_dict())
        (2, ['0.bias', '0.weight'])
    """

    def __init__(self, values: Any = ()) -> None:
        list.__init__(self, [track(v) for v in values])
        self._renew()

    def _held(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(list.__iter__(self))

    def _as_plain(self, held: list[tuple[Any, Any]]) -> list[Any]:
        return [value for _, value in held]

    __repr__ = list.__repr__


class TrackedDict(_Tracked, dict[Any, Any]):  # type: ignore[misc]
    """A dict whose layers and variables are registered under their keys, as `nn.ModuleDict` does."""

    def __init__(self, values: Any = (), **named: Any) -> None:
        dict.__init__(self, {k: track(v) for k, v in dict(values, **named).items()})
        self._renew()

    def _held(self) -> Iterable[tuple[Any, Any]]:
        return dict.items(self)

    def _as_plain(self, held: list[tuple[Any, Any]]) -> dict[Any, Any]:
        return dict(held)

    def keys(self) -> Any:
        """As of any dict."""
        return self._plain.keys()

    def values(self) -> Any:
        """As of any dict."""
        return self._plain.values()

    def items(self) -> Any:
        """As of any dict."""
        return self._plain.items()

    __repr__ = dict.__repr__


def _renewing(kind: type, name: str) -> Callable[..., Any]:
    """A mutating method of `list` or `dict` that tracks what comes in and renews the registration."""
    plain = getattr(kind, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = plain(self, *map(track, args), **{k: track(v) for k, v in kwargs.items()})
        self._renew()
        return result

    method.__name__, method.__doc__ = name, plain.__doc__
    return method


_LIST_CHANGES = ("append", "insert", "extend", "remove", "pop", "clear", "reverse", "sort")
_DICT_CHANGES = ("update", "pop", "popitem", "clear", "setdefault")
for _name in (*_LIST_CHANGES, "__setitem__", "__delitem__", "__iadd__"):
    setattr(TrackedList, _name, _renewing(list, _name))
for _name in (*_DICT_CHANGES, "__setitem__", "__delitem__", "__ior__"):
    setattr(TrackedDict, _name, _renewing(dict, _name))
