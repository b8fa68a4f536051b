"""What may be given as an optimizer, and how it becomes a `torch.optim.Optimizer` on a model's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.optimizers.optimizer import Optimizer

Spec = Any
"""A name, a config, an optimizer object or class, or a function from parameters to an optimizer."""


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Write an optimizer as plain values, in Keras's format (its state is not written).

    Example:
        >>> from kerastorch.optimizers import SGD
        >>> serialize(SGD(0.5))["class_name"]
        'SGD'
    """
    config: dict[str, Any] = serialization.serialize_keras_object(optimizer)
    return config


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the optimizer that a config describes.

    Args:
        config: What `serialize` (here or in Keras) wrote, or `{"class_name": name, "config": {...}}`.
        custom_objects: The user's own classes by name.

    Returns:
        The optimizer, not built.

    Raises:
        ValueError: The class is unknown.

    Example:
        >>> deserialize({"class_name": "adam", "config": {"learning_rate": 0.5}}).learning_rate
        0.5
    """
    with registry.scope(custom_objects or {}):
        written = config.get("registered_name") or config.get("class_name")
        cls = registry.registered_object(str(written)) or find(str(config.get("class_name")))
        return cls.from_config(dict(config.get("config") or {}))


def find(name: str) -> Any:
    """The optimizer class of this name, in any case of letters.

    Raises:
        ValueError: There is none; the message names the nearest one.
    """
    known = {key.lower(): key for key in registry.names("optimizers")}
    return registry.lookup("optimizers", known.get(name.lower(), name))


def get(identifier: Spec) -> Any:
    """Check what was given as an optimizer, and make what can be made without parameters.

    Args:
        identifier: A name ("adam"), a config, one of our classes or objects, a `torch.optim` object or class, or a
            function from parameters to a torch optimizer. None stays None.

    Returns:
        An optimizer; a `torch.optim` class or a function comes back as it is, for `from_any` to call with parameters.

    Raises:
        ValueError: The name is unknown.
        TypeError: `identifier` is nothing that can be used.

    Example:
        >>> type(get("RMSprop")).__name__
        'RMSprop'
    """
    if identifier is None or isinstance(identifier, torch.optim.Optimizer):
        return identifier
    if isinstance(identifier, str):
        return find(identifier)()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, torch.optim.Optimizer):
        return registry.resolve("optimizers", identifier) if issubclass(identifier, Optimizer) else identifier
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    hint = ""
    if type(identifier).__module__.partition(".")[0] in ("keras", "tf_keras"):
        hint = f"Use `kerastorch.optimizers.{type(identifier).__name__}`, or its config (`keras.optimizers.serialize`)."
    raise errors.type_error(
        "`optimizer`",
        expected="a name, an optimizer, a `torch.optim` class, or a function from parameters to a torch optimizer",
        received=identifier,
        remedy=hint or 'For example "adam" or `Adam(learning_rate=0.001)`.',
    )


def from_any(spec: Spec, params: Iterable[Any]) -> torch.optim.Optimizer | None:
    """Make an optimizer of whatever was given, bound to a model's parameters.

    Args:
        spec: See `get`.
        params: The model's trainable parameters.

    Returns:
        One of our optimizers, built; or a torch optimizer, which is kept as it is; or None for None.

    Raises:
        ValueError: The optimizer has parameters that are not the model's.
        TypeError: A function did not return an optimizer.

    Example:
        >>> import functools
        >>> w = torch.nn.Parameter(torch.zeros(2))
        >>> type(from_any(functools.partial(torch.optim.SGD, lr=0.1), [w])).__name__
        'SGD'
    """
    bound = list(params)
    optimizer = get(spec)
    if isinstance(optimizer, Optimizer):
        optimizer.build(bound)
        return optimizer
    if optimizer is None:
        return None
    if not isinstance(optimizer, torch.optim.Optimizer):
        optimizer = _called(optimizer, bound)
    _check_params(optimizer, bound)
    return optimizer


def _called(make: Callable[..., Any], params: list[Any]) -> torch.optim.Optimizer:
    made = make(params)
    if isinstance(made, Optimizer):
        made.build(params)
    if not isinstance(made, torch.optim.Optimizer):
        raise errors.type_error(
            "The function given as `optimizer`",
            expected="that it returns a torch optimizer",
            received=made,
            remedy="For example `functools.partial(torch.optim.SGD, lr=0.1)`.",
        )
    return made


def _check_params(optimizer: torch.optim.Optimizer, params: list[Tensor]) -> None:
    known = {id(param) for param in params}
    own = [param for group in optimizer.param_groups for param in group["params"]]
    strange = [param for param in own if id(param) not in known]
    if strange:
        raise errors.value_error(
            f"`optimizer` (a torch {type(optimizer).__name__})",
            expected="one that was made with parameters of this model",
            received=errors.Said(f"{len(strange)} of {len(own)} parameters that are not the model's"),
            remedy="Make it anew from `model.parameters()`, after all layers are built.",
        )
