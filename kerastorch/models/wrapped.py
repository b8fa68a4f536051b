"""`Model(net)`: `fit`, `evaluate` and `predict` for any torch module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from kerastorch.base import errors, naming
from kerastorch.models.model import Model, provide_form
from kerastorch.nn.layer import Layer


class ModuleModel(Model):
    """A torch module with Keras's methods.

    The module is shared, not copied, and everything that concerns weights is the module's own: `state_dict` keys,
    `parameters`, `to`, `train`, hooks.

    Args:
        module: Any `nn.Module`.
        name: The model's name; made from the module's class when missing.
        **kwargs: What `Layer` takes.

    Example:
        >>> import kerastorch as keras
        >>> net = nn.Sequential(nn.Linear(4, 2))
        >>> sorted(keras.Model(net).state_dict()) == sorted(net.state_dict())
        True
    """

    module: nn.Module

    def __init__(self, module: nn.Module, name: str | None = None, **kwargs: Any) -> None:
        Layer.__init__(self, name=name or naming.auto_name(naming.to_snake_case(type(module).__name__)), **kwargs)
        self._share(module)
        self._follow_module()
        self.built = True

    def _share(self, module: nn.Module) -> None:
        """Hold the module, and its registries as our own, so that torch's tools see its weights under its names."""
        self.__dict__.update(module=module, training=module.training)
        for registry in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
            self.__dict__[registry] = module.__dict__[registry]

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "module" or isinstance(value, (nn.Module, nn.Parameter)):
            raise errors.type_error(
                f"`{name}` of a model around a torch module", expected="plain values", received=value,
                remedy="Set it on the module itself: `model.module`.",
            )  # fmt: skip
        object.__setattr__(self, name, value)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        return self.module(*args, **kwargs)

    @property
    def engine_module(self) -> nn.Module:
        return self.module

    def train(self, mode: bool = True) -> ModuleModel:
        """Set training mode, of the module too."""
        self.module.train(mode)
        self.training = mode
        return self

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> ModuleModel:
        self.module._apply(fn, recurse)
        self._follow_module()
        return self

    def _follow_module(self) -> None:
        """Compute in the dtype of the module's weights, if they have one in common."""
        kinds = {p.dtype for p in self.module.parameters() if p.is_floating_point()}
        if len(kinds) == 1:
            self._follow(kinds.pop())

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The module's own."""
        return self.module.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The module's own."""
        return self.module.load_state_dict(*args, **kwargs)

    def _to_tensor(self, leaf: Any) -> Any:
        return leaf if isinstance(leaf, torch.Tensor) else super()._to_tensor(leaf)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._share(self.__dict__["module"])


def _delegate(name: str) -> None:
    """Hooks of the model are hooks of the module, which is what runs."""

    def method(self: ModuleModel, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.module, name)(*args, **kwargs)

    method.__doc__ = f"`{name}` of the module."
    method.__name__ = name
    setattr(ModuleModel, name, method)


for _name in ("forward_hook", "forward_pre_hook", "full_backward_hook", "full_backward_pre_hook"):
    _delegate(f"register_{_name}")

provide_form("module", ModuleModel)
