"""Layers and variables kept in lists and dicts are registered with the layer that holds them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, MutableSequence
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

    def _register_all(self, items: Iterator[tuple[Any, Any]]) -> None:
        for registered in (self._modules, self._parameters, self._buffers):
            registered.clear()
        for key, value in items:
            register(self, str(key), value)


class TrackedList(_Tracked, MutableSequence[Any]):
    """A list whose layers and variables are registered under their positions, as `nn.ModuleList` does.

    Example:
        >>> blocks = TrackedList([nn.Linear(2, 2)])
        >>> blocks.append(nn.ReLU())
        >>> len(blocks), sorted(blocks.state_dict())
        (2, ['0.bias', '0.weight'])
    """

    def __init__(self, values: Any = ()) -> None:
        super().__init__()
        self.__dict__["items_"] = [track(v) for v in values]
        self._renew()

    def _renew(self) -> None:
        self._register_all(enumerate(self.items_))  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        return self.items_[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.items_[index] = [track(v) for v in value] if isinstance(index, slice) else track(value)
        self._renew()

    def __delitem__(self, index: Any) -> None:
        del self.items_[index]
        self._renew()

    def __len__(self) -> int:
        return len(self.items_)

    def insert(self, index: int, value: Any) -> None:
        """Put `value` before position `index`."""
        self.items_.insert(index, track(value))
        self._renew()

    def __add__(self, other: Any) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Any) -> list[Any]:
        return [*other, *self]

    def __eq__(self, other: object) -> bool:
        return self is other or list(self) == other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self.items_)


class TrackedDict(_Tracked, MutableMapping[Any, Any]):
    """A dict whose layers and variables are registered under their keys, as `nn.ModuleDict` does."""

    def __init__(self, values: Any = ()) -> None:
        super().__init__()
        self.__dict__["items_"] = {k: track(v) for k, v in dict(values).items()}
        self._renew()

    def _renew(self) -> None:
        self._register_all(self.items_.items())  # type: ignore[arg-type, union-attr]

    def __getitem__(self, key: Any) -> Any:
        return self.items_[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items_[key] = track(value)
        self._renew()

    def __delitem__(self, key: Any) -> None:
        del self.items_[key]
        self._renew()

    def __len__(self) -> int:
        return len(self.items_)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items_)

    def __eq__(self, other: object) -> bool:
        return self is other or dict(self) == other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self.items_)
