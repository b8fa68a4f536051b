"""Checking the arguments that many layers share, and writing them into a config."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from kerastorch import activations, constraints, initializers, regularizers
from kerastorch.base import errors, serialization

_GETTERS = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}


def positive_integer(subject: str, value: Any) -> int:
    """`value` as an int.

    Args:
        subject: What it is, for the error ("`units` of Dense").
        value: What the user gave; NumPy integers count.

    Raises:
        ValueError: It is no integer >= 1.

    Example:
        >>> positive_integer("`units` of Dense", 3)
        3
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if isinstance(value, bool) or number < 1:
        raise errors.value_error(subject, expected="an integer >= 1", received=value, remedy="For example 32.")
    return number


def fraction(subject: str, value: Any, *, one: bool = True) -> Any:
    """`value`, checked to lie between 0 and 1.

    Args:
        subject: What it is, for the error.
        value: What the user gave.
        one: Whether 1 itself is allowed.

    Raises:
        ValueError: It is no such number.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1 or (value == 1 and not one):
        raise errors.value_error(
            subject,
            expected=f"a number from 0 to {'1' if one else 'below 1'}, the share that is dropped",
            received=value,
            remedy="To drop every second unit, pass 0.5.",
        )
    return value


def not_negative(subject: str, value: Any) -> Any:
    """`value`, checked to be a number >= 0.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
        raise errors.value_error(subject, expected="a number >= 0", received=value, remedy="For example 0.1.")
    return value


def axes(subject: str, value: Any) -> Any:
    """An axis, or a list of axes.

    Raises:
        TypeError: It is neither an integer nor a list of integers.
    """
    if isinstance(value, (list, tuple)) and all(isinstance(v, int) for v in value):
        return list(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.type_error(subject, expected="an integer or a list of integers", received=value)
    return value


def unsupported(owner: str, **options: Any) -> None:
    """Refuse options that Keras has and this library has not, unless they are switched off.

    Raises:
        ValueError: One of them is given.
    """
    for name, value in options.items():
        if value:
            raise errors.value_error(
                f"`{name}` of {owner}",
                expected="None",
                received=value,
                remedy="This option of Keras is not available here.",
            )


def activation(identifier: Any) -> Callable[..., Any] | None:
    """The function a user means; None for "linear" and None, so that no call is made for nothing.

    Example:
        >>> activation("linear") is None
        True
    """
    function = activations.get(identifier)
    return None if function is activations.linear else function


def activation_config(function: Any) -> Any:
    """How a config names an activation: a built-in one by its name, anything else as an object."""
    return "linear" if function is None else activations.serialize(function)


def written(layer: Any, *names: str) -> dict[str, Any]:
    """Attributes of a layer as a config holds them: initializers, regularizers and constraints as objects."""
    return {name: serialization.serialize_keras_object(getattr(layer, name)) for name in names}


def regularizer_of_output(layer: Any) -> dict[str, Any]:
    """The config entry of an activity regularizer, for layers that write it only when there is one."""
    return {} if layer.activity_regularizer is None else written(layer, "activity_regularizer")


def settle(layer: Any, **identifiers: Any) -> None:
    """Set initializers, regularizers and constraints from what a user gave, each looked up by its name's last word.

    Args:
        layer: The layer whose attributes are set.
        **identifiers: `kernel_initializer="zeros"`, `bias_regularizer=None`, ...
    """
    for name, identifier in identifiers.items():
        setattr(layer, name, _GETTERS[name.rpartition("_")[2]](identifier))


def known_dimension(name: str, shape: Any, axis: int) -> int:
    """One dimension of an input shape that a layer's weights need.

    Args:
        name: The layer's name.
        shape: The input's shape, batch included.
        axis: Which dimension.

    Raises:
        ValueError: It is unknown, or the shape has no such dimension.
    """
    fits = isinstance(shape, (list, tuple)) and -len(shape) <= axis < len(shape)
    if not fits or not isinstance(shape[axis], int):
        raise errors.value_error(
            f"Input of layer {name!r}",
            expected=f"a shape with a known dimension at axis {axis}",
            received=errors.Said(f"shape {shape}"),
            remedy="Give that dimension in `Input(shape=...)`: the number of weights depends on it." if fits else "",
        )
    return shape[axis]  # type: ignore[no-any-return]


def add_scale_and_shift(layer: Any, shape: tuple[int, ...], *, scale: bool, center: bool) -> None:
    """Make a normalization's `weight` (Keras's gamma) and `bias` (beta); those it does without are None."""
    layer.weight = layer.bias = None
    for key, name, wanted in (("weight", "gamma", scale), ("bias", "beta", center)):
        if wanted:
            made = layer.add_weight(
                shape=shape,
                initializer=getattr(layer, f"{name}_initializer"),
                regularizer=getattr(layer, f"{name}_regularizer"),
                constraint=getattr(layer, f"{name}_constraint"),
                name=name,
            )
            setattr(layer, key, made)


def check_axes(name: str, axis: Any, shape: Any) -> None:
    """Raise unless a shape has an axis, or all of a list.

    Raises:
        ValueError: It has not.
    """
    for one in [axis] if isinstance(axis, int) else axis:
        if not -len(shape) <= one < len(shape):
            raise errors.value_error(
                f"`axis` of layer {name!r}", expected=f"an axis of the input's shape {tuple(shape)}", received=one
            )
