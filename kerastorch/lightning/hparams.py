"""`save_hyperparameters`: the arguments that a module was made with."""

from __future__ import annotations

import copy
import inspect
import types
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastorch.base import errors


class AttributeDict(dict[str, Any]):
    """A dict whose items are attributes too.

    Example:
        >>> AttributeDict(lr=0.1).lr
        0.1
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"There is no hyperparameter {name!r}. {errors.did_you_mean(name, self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class HyperparametersMixin:
    """Remembers arguments as `self.hparams`; they are written into checkpoints and logs."""

    _hparams: AttributeDict | None = None
    _hparams_initial: AttributeDict | None = None
    _hparams_name: str | None = None
    _log_hyperparams = False

    def save_hyperparameters(
        self,
        *args: Any,
        ignore: str | Sequence[str] | None = None,
        frame: types.FrameType | None = None,
        logger: bool = True,
    ) -> None:
        """Remember the arguments of the `__init__` that calls this, or of those given here.

        Args:
            *args: Names of arguments, or one dict or Namespace; default all.
            ignore: Names to leave out.
            frame: The frame of the `__init__`.
            logger: Whether they are logged.

        Raises:
            ValueError: A name is that of no argument.

        Example:
            >>> class Mine(HyperparametersMixin):
            ...     def __init__(self, lr=0.1, depth=2):
            ...         self.save_hyperparameters(ignore="depth")
            >>> Mine(0.5).hparams
            {'lr': 0.5}
        """
        left_out = [ignore] if isinstance(ignore, str) else list(ignore or ())
        known = _arguments(self, frame or inspect.currentframe().f_back)  # type: ignore[union-attr]
        known = {name: value for name, value in known.items() if name not in left_out}
        self._hparams_name = "kwargs"
        if not args:
            chosen: Any = known
        elif len(args) == 1 and not isinstance(args[0], str):
            chosen = vars(args[0]) if isinstance(args[0], Namespace) else args[0]
            self._hparams_name = next((name for name, value in known.items() if value is args[0]), None)
        else:
            chosen = {name: _named(name, known) for name in args}
        if not isinstance(chosen, Mapping):
            raise errors.type_error(
                "`save_hyperparameters`", expected="names of arguments, a dict or a Namespace", received=chosen
            )
        self._log_hyperparams = logger
        self._hparams = AttributeDict({**(self._hparams or {}), **chosen})
        for name in left_out:
            self._hparams.pop(name, None)
        self._hparams_initial = copy.deepcopy(self._hparams)

    @property
    def hparams(self) -> AttributeDict:
        """The hyperparameters, by name and as attributes."""
        if self._hparams is None:
            self._hparams = AttributeDict()
        return self._hparams

    @hparams.setter
    def hparams(self, value: Any) -> None:  # the older way: `self.hparams = hparams`
        self._hparams_name, self._log_hyperparams = "hparams", True
        self._hparams = AttributeDict(vars(value) if isinstance(value, Namespace) else value)
        self._hparams_initial = copy.deepcopy(self._hparams)

    @property
    def hparams_initial(self) -> AttributeDict:
        """A copy of the hyperparameters as they were saved."""
        return copy.deepcopy(self._hparams_initial or AttributeDict())


def setter(things: Sequence[Any], names: Sequence[str]) -> Callable[[Any], None]:
    """What sets the first of some names that somebody keeps: as an attribute, as a hyperparameter, or as both.

    Args:
        things: The module and the datamodule, or None; the name is set in all that keep it.
        names: The names.

    Raises:
        ValueError: None of them is kept.

    Example:
        >>> module = HyperparametersMixin()
        >>> module.hparams.lr = 0.1
        >>> setter([module], ["lr", "learning_rate"])(0.5)
        >>> module.hparams
        {'lr': 0.5}
    """
    there = [thing for thing in things if thing is not None]
    for name in names:
        holders = [one for thing in there for one in (thing, thing.hparams) if hasattr(one, name)]

        def put(value: Any, holders: list[Any] = holders, name: str = name) -> None:
            for one in holders:
                setattr(one, name, value)

        if holders:
            return put
    raise errors.value_error(
        type(there[0]).__name__,
        expected=f"an attribute or hyperparameter {' or '.join(map(repr, names))}",
        received=None,
    )


def _named(name: Any, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise errors.unknown_name("argument of `__init__` in `save_hyperparameters`", name, known)
    return known[name]


def _arguments(thing: Any, frame: types.FrameType | None) -> dict[str, Any]:
    """The arguments of the `__init__` in a frame and of those of subclasses that called it, which count more."""
    found: dict[str, Any] = {}
    while frame is not None and frame.f_code.co_name == "__init__":
        names, _, keywords, values = inspect.getargvalues(frame)
        if not names or values[names[0]] is not thing:
            break
        found.update({name: values[name] for name in names[1:]})
        found.update(values[keywords] if keywords else {})
        frame = frame.f_back
    return found
