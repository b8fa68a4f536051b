"""`keras.optimizers.Optimizer`: Keras's arguments and methods on a `torch.optim.Optimizer`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import errors, naming, registry, serialization
from kerastorch.base.sharded import spread, whole
from kerastorch.optimizers import arguments, gradients
from kerastorch.optimizers.averaging import MovingAverage
from kerastorch.optimizers.by_hand import ACCUMULATOR, ByHand
from kerastorch.optimizers.core import Bucket, Hyper, Setting, Slot
from kerastorch.optimizers.rate import Rate, checked_rate
from kerastorch.optimizers.schedules import LearningRateSchedule
from kerastorch.optimizers.variables import to_keras, to_torch

AVERAGE = Slot("average", "average")


class Optimizer(ByHand):
    """The base of all optimizers: a `torch.optim.Optimizer` with Keras's constructor and methods.

    It is made without parameters; `build` gives them to it, and from then on `param_groups`, `state`, `state_dict`,
    `zero_grad`, hooks and torch's learning-rate schedulers work as for any torch optimizer.

    An optimizer of your own overrides either `update(bucket, grads)` and `slot_rounds()` (lists of tensors at a
    time), or Keras's `build(variables)` and `update_step(gradient, variable, learning_rate)`.

    Args:
        learning_rate: A number >= 0, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: If set, `w -= learning_rate * weight_decay * w` before each update.
        clipnorm: If set, the largest norm of each variable's gradient.
        clipvalue: If set, the largest absolute value of a gradient's entry.
        global_clipnorm: If set, the largest norm of all gradients together.
        use_ema: Whether an exponential moving average of the variables is kept.
        ema_momentum: How much of the old average stays at each update, in [0, 1].
        ema_overwrite_frequency: After how many updates the variables take the values of their averages; None: only
            in `finalize_variable_values`.
        loss_scale_factor: What `scale_loss` multiplies the loss by, and each step divides the gradients by.
        gradient_accumulation_steps: How many batches make one update, >= 2. `fit` accumulates by itself, `apply` when
            called by hand; `step` takes the gradients to be complete.
        name: A name; default the class's in snake case.

    Raises:
        ValueError: An argument is out of its range, or more than one way of clipping is asked for.
        TypeError: An argument is unknown.

    Example:
        >>> from kerastorch.optimizers import SGD
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = SGD(learning_rate=0.1)
        >>> optimizer.build([w])
        >>> (w * 2).sum().backward()
        >>> optimizer.step()
        >>> w.tolist(), optimizer.iterations
        ([0.800000011920929], 1)
    """

    weight_decay = Hyper("weight_decay")
    clipnorm = Setting()
    clipvalue = Setting()
    global_clipnorm = Setting()
    use_ema = Setting()
    ema_momentum = Setting()
    ema_overwrite_frequency = Setting()
    loss_scale_factor = Setting()

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        arguments.refuse_unknown(type(self), kwargs)
        for argument, value in (
            ("weight_decay", weight_decay),
            ("clipnorm", clipnorm),
            ("clipvalue", clipvalue),
            ("global_clipnorm", global_clipnorm),
            ("loss_scale_factor", loss_scale_factor),
        ):
            arguments.check_number(argument, value, low=0.0, optional=True)
        arguments.check_one_clip(clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm)
        arguments.check_number("ema_momentum", ema_momentum, low=0.0, high=1.0)
        arguments.check_count("ema_overwrite_frequency", ema_overwrite_frequency, least=1)
        arguments.check_count("gradient_accumulation_steps", gradient_accumulation_steps, least=2)
        scheduled = callable(learning_rate) and not isinstance(learning_rate, Tensor)
        rate = 0.0 if scheduled else checked_rate(learning_rate)
        super().__init__({"lr": rate, "weight_decay": weight_decay}, gradient_accumulation_steps)
        self._schedule = learning_rate if scheduled else None
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self._undecayed: tuple[set[int], re.Pattern[str] | None] = (set(), None)
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self.built = False

    # Parameters.

    def build(self, variables: Iterable[Any]) -> None:
        """Bind the parameters to be optimized.

        Args:
            variables: Parameters, (name, parameter) pairs, or torch's parameter groups.

        Raises:
            ValueError: It was built for other parameters, or groups have learning rates beside a schedule.
        """
        groups = list(variables)
        if not groups or not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        if self.built:
            self._check_known([p for group in groups for p in group["params"]])
            self.refresh()
            return
        if self._schedule is not None and any("lr" in group for group in groups):
            raise errors.value_error(
                "`lr` of a parameter group",
                expected="none, as the learning rate is a schedule",
                received=errors.Said("one"),
                remedy="Give a number as `learning_rate`, and use a scheduler of `torch.optim.lr_scheduler`.",
            )
        for group in groups:
            self.add_param_group(dict(group))
        self.built = True
        self._make_buckets()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, as for any torch optimizer.

        Args:
            param_group: A dict with "params", and what differs from the other groups ("lr", "weight_decay", ...).
        """
        if self.built:
            param_group.setdefault("iterations", self.iterations)
        super().add_param_group(param_group)
        self.refresh()

    def exclude_from_weight_decay(
        self, var_list: Sequence[Tensor] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude variables from weight decay; call it before `build`.

        Args:
            var_list: The variables.
            var_names: Regular expressions; a variable in whose name one is found is excluded ("bias").

        Raises:
            ValueError: The optimizer is built already.
        """
        if self.built:
            raise errors.value_error(
                "exclude_from_weight_decay()",
                expected="an optimizer that is not built yet",
                received=errors.Said("one that is built"),
                remedy="Call it right after making the optimizer, before `fit` or `build`.",
            )
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self._undecayed = ({id(variable) for variable in var_list or ()}, pattern)

    def is_decayed(self, param: Tensor, name: str | None) -> bool:
        excluded, pattern = self._undecayed
        return id(param) not in excluded and not (pattern is not None and pattern.search(name or ""))

    def follow(self, now: dict[int, Tensor]) -> None:
        """Parameters were replaced.

        Args:
            now: What stands for each, by the `id` it had.
        """
        self._added = [(name, None if p is None else now.get(id(p), p)) for name, p in self._added]
        excluded, pattern = self._undecayed
        self._undecayed = ({id(now[key]) if key in now else key for key in excluded}, pattern)
        self.refresh()

    # Learning rate.

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next update, a float. Set it to a number, a schedule or a function at any time.

        Raises:
            TypeError: A number is set where a `LearningRateSchedule` rules.
            ValueError: It is set to something that is no learning rate.
        """
        if self._schedule is not None:
            steps = self._accumulation or 1
            return Rate(self._rate_at(self.iterations * steps + self._accumulated), self._set_rate)
        return Rate((self.param_groups or [self.defaults])[0]["lr"], self._set_rate)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_rate(value)

    @property
    def lr(self) -> Any:
        """Another name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def _set_rate(self, value: Any) -> None:
        if callable(value) and not isinstance(value, Tensor):
            self._schedule = value
            return
        if isinstance(self._schedule, LearningRateSchedule):
            raise errors.type_error(
                f"`learning_rate` of optimizer {type(self).__name__}",
                expected=f"no other number, as it follows the schedule {type(self._schedule).__name__}",
                received=value,
                remedy="Make the optimizer with a number as `learning_rate`, or set another schedule.",
            )
        rate = checked_rate(value)
        self._schedule = None
        self.write_rate(rate)

    def scheduled_rate(self) -> float:
        # Keras counts batches: the update that ends a window of k batches sees the last of them.
        steps = self._accumulation or 1
        return self._rate_at(self.iterations * steps + steps - 1)

    def _rate_at(self, step: int) -> float:
        schedule = self._schedule
        return float(schedule(step) if isinstance(schedule, LearningRateSchedule) else schedule())

    # One update.

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        """Update a bucket; this one calls `update_step` for each parameter."""
        for grad, param in zip(grads, bucket.params, strict=True):
            self.update_step(grad, param, bucket.group["lr"])

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: float) -> None:
        """Update one variable in place: what an optimizer written in Keras's style overrides.

        Args:
            gradient: Its gradient, clipped.
            variable: The parameter; change it with `assign`, `assign_add`, `assign_sub`.
            learning_rate: The current learning rate.

        Raises:
            NotImplementedError: The subclass defines neither this nor `update`.
        """
        raise NotImplementedError(
            errors.message(
                f"Optimizer {type(self).__name__}",
                expected="a method `update_step(gradient, variable, learning_rate)`",
                received=errors.Said("none"),
                remedy="Define it in the subclass.",
            )
        )

    def extra_slots(self) -> list[Slot]:
        return [AVERAGE] * bool(self.use_ema) + [ACCUMULATOR] * bool(self._accumulation)

    def preparations(self) -> list[gradients.Preparation]:
        chosen = gradients.preparations(self.loss_scale_factor, self.clipnorm, self.global_clipnorm, self.clipvalue)
        if self.use_ema and self._accumulation:
            average = self._average()
            chosen.append(lambda grads: average.before_update(self.iterations))
        return chosen

    def finishes(self) -> list[Callable[[], None]]:
        chosen: list[Callable[[], None]] = []
        if self.use_ema and self.trainable_variables:
            average = self._average()
            chosen.append(lambda: average.after_update(self.iterations))
        constrained = [p for p in self.trainable_variables if getattr(p, "constraint", None) is not None]
        if constrained:
            chosen.append(lambda: _constrain(constrained))
        return chosen

    def _average(self) -> MovingAverage:
        params = self.trainable_variables
        averages = [self.state[p]["average"] for p in params]
        return MovingAverage(params, averages, self.ema_momentum, self.ema_overwrite_frequency, self._accumulation or 1)

    def finalize_variable_values(self, var_list: Sequence[Tensor]) -> None:
        """Give variables the values of their moving averages, if those are kept (`fit` does so at its end).

        Args:
            var_list: The model's trainable variables.

        Raises:
            ValueError: These are not the variables the optimizer was built with.
        """
        if self.use_ema:
            self._check_known(var_list)
            for param in var_list:
                param.data.copy_(self.state[param]["average"])

    def scale_loss(self, loss: Any) -> Any:
        """`loss` times `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # State and config.

    def own_numbers(self) -> list[tuple[str, Tensor]]:
        batches = self.iterations * (self._accumulation or 1) + self._accumulated
        numbers = [("iteration", torch.tensor(batches, dtype=torch.int32))]
        if self._schedule is None:
            numbers.append(("learning_rate", torch.tensor(float(self.learning_rate), dtype=torch.float32)))
        return numbers

    def load_own_numbers(self, values: list[Any]) -> None:
        self.iterations, self._accumulated = divmod(int(values[0]), self._accumulation or 1)
        if self._schedule is None:
            # Files hold float32: the shortest number that it rounds to gives 0.001 back, not 0.0010000000474974513.
            self.learning_rate = float(str(np.float32(values[1])))

    def state_dict(self) -> dict[str, Any]:
        """Torch's state dict; it says too how many batches of an accumulation window `apply` has seen."""
        if self._accumulation:
            for group in self.param_groups:
                group["accumulated"] = self._accumulated
        return super().state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict`, of this or of torch's optimizer of the same rule, gave."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            self._accumulated = group.pop("accumulated", 0)

    def get_config(self) -> dict[str, Any]:
        """The constructor arguments as plain values, under Keras's keys."""
        rate = self._schedule
        return {
            "name": self.name,
            "learning_rate": float(self.learning_rate) if rate is None else serialization.serialize_keras_object(rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """Make an optimizer from `get_config`'s dict.

        Args:
            config: The dict, from here or from Keras.
            custom_objects: The user's own schedules by name.
        """
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = serialization.deserialize_keras_object(config["learning_rate"], custom_objects)
        return cls(**config)


def _constrain(params: list[Tensor]) -> None:
    for param in params:
        value = param.constraint(to_keras(param, whole(param)))  # type: ignore[attr-defined]
        param.data.copy_(spread(to_torch(param, value), param))


registry.accept_objects("optimizers", Optimizer, torch.optim.Optimizer)
