"""Dynamic loss scaling around another optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.base.sharded import whole
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "lossscaleoptimizer")
class LossScaleOptimizer(Optimizer):
    """Scales the loss so that small float16 gradients do not vanish, and finds the scale as training goes.

    A step whose gradients are not all finite is left out and halves the scale; after `dynamic_growth_steps` good
    steps in a row the scale doubles. Whether gradients are finite must be known before a step is left out, so each
    step waits for the device (as torch's `GradScaler` does). Parameters, state and learning rate are the inner
    optimizer's.

    Args:
        inner_optimizer: The optimizer that does the updates.
        initial_scale: The first scale.
        dynamic_growth_steps: After how many good steps the scale doubles.
        name: A name.

    Raises:
        ValueError: An argument is out of its range.
        TypeError: `inner_optimizer` is no optimizer of this library, or an argument is unknown.

    Example:
        >>> from kerastorch.optimizers import SGD
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=4.0)
        >>> optimizer.build([w])
        >>> optimizer.scale_loss(w.sum()).backward()
        >>> w.grad.tolist()
        [4.0]
        >>> optimizer.step()
        >>> w.tolist()
        [0.5]
    """

    inner_optimizer: Optimizer

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer) or isinstance(inner_optimizer, LossScaleOptimizer):
            raise errors.type_error(
                "`inner_optimizer` of LossScaleOptimizer", expected="another optimizer", received=inner_optimizer
            )
        _refuse(kwargs)
        self.__dict__["inner_optimizer"] = inner_optimizer
        super().__init__(0.0, name=name)
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None
        inner_optimizer.defaults.update(loss_scale=float(initial_scale), good_steps=0)
        self._set_scale(float(initial_scale), 0)
        self.built = inner_optimizer.built

    # The inner optimizer's parameters and state are this one's; torch's constructor may not set others.

    @property
    def state(self) -> Any:
        """The inner optimizer's state."""
        return self.inner_optimizer.state

    @state.setter
    def state(self, value: Any) -> None:
        del value

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The inner optimizer's parameter groups."""
        return self.inner_optimizer.param_groups

    @param_groups.setter
    def param_groups(self, value: Any) -> None:
        del value

    def build(self, variables: Iterable[Any]) -> None:
        self.inner_optimizer.build(variables)
        self.built = True

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        if "inner_optimizer" in self.__dict__ and param_group["params"]:
            self.inner_optimizer.add_param_group(param_group)

    @property
    def dynamic_scale(self) -> float:
        """The scale of the next loss."""
        return float((self.param_groups or [self.inner_optimizer.defaults])[0]["loss_scale"])

    @property
    def step_counter(self) -> int:
        """How many good steps there were since the scale changed."""
        return int((self.param_groups or [self.inner_optimizer.defaults])[0]["good_steps"])

    def _set_scale(self, scale: float, good_steps: int) -> None:
        for group in self.param_groups:
            group["loss_scale"], group["good_steps"] = scale, good_steps

    def scale_loss(self, loss: Any) -> Any:
        return loss * self.dynamic_scale

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Divide the gradients by the scale and update, unless one of them is not finite."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        grads = [p.grad for p in self.trainable_variables if p.grad is not None]
        if grads:
            self._scaled(grads, self.inner_optimizer.step)
        return loss

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Tensor] | None = None) -> None:
        params = None if trainable_variables is None else list(trainable_variables)
        if not self.built and params is not None:
            self.build(params)
        given = [None if grad is None else torch.as_tensor(grad).detach().clone() for grad in grads]
        self._scaled([g for g in given if g is not None], lambda: self.inner_optimizer.apply(given, params))

    def _scaled(self, grads: list[Tensor], update: Callable[[], Any]) -> None:
        with torch.no_grad():
            norms = map(whole, torch._foreach_norm(grads, float("inf")))
            finite = torch.stack([torch.isfinite(norm).cpu() for norm in norms])
            scale, good_steps = self.dynamic_scale, self.step_counter
            if not bool(finite.all()):
                self._set_scale(scale * 0.5, 0)
                return
            torch._foreach_div_(grads, scale)
        update()
        if good_steps + 1 >= self.dynamic_growth_steps:
            self._set_scale(scale * 2.0, 0)
        else:
            self._set_scale(scale, good_steps + 1)

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def finalize_variable_values(self, var_list: Sequence[Tensor]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def state_dict(self) -> dict[str, Any]:
        return self.inner_optimizer.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.inner_optimizer.load_state_dict(state_dict)

    def slots(self) -> list[tuple[str, Tensor | None, Tensor]]:
        return self.inner_optimizer.slots()

    def load_slots(self, values: Sequence[Any]) -> None:
        self.inner_optimizer.load_slots(values)

    def own_numbers(self) -> list[tuple[str, Tensor]]:
        outer = [
            ("iteration", torch.tensor(0, dtype=torch.int32)),
            ("learning_rate", torch.tensor(0.0)),
            ("step_counter", torch.tensor(self.step_counter, dtype=torch.int32)),
            ("dynamic_scale", torch.tensor(self.dynamic_scale)),
        ]
        return (outer if self.built else outer[:2]) + self.inner_optimizer.own_numbers()

    def load_own_numbers(self, values: list[Any]) -> None:
        self._set_scale(float(values[3]), int(values[2]))
        self.inner_optimizer.load_own_numbers(values[4:])

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialization.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> LossScaleOptimizer:
        config = dict(config)
        inner = serialization.deserialize_keras_object(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)


def _refuse(kwargs: dict[str, Any]) -> None:
    kwargs.pop("dynamic", None)
    for name, value in kwargs.items():
        if value not in (None, False) and (name, value) != ("ema_momentum", 0.99):
            raise errors.type_error(
                "LossScaleOptimizer",
                expected=f"no argument `{name}`",
                received=value,
                remedy="Give it to `inner_optimizer`.",
            )
