"""Updates from gradients that are given by hand: `apply` and `apply_gradients`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.optimizers.core import Slot
from kerastorch.optimizers.variables import KerasState

ACCUMULATOR = Slot("gradient_accumulator", "gradient_accumulator", lazy=True)


class ByHand(KerasState):
    """The part of an optimizer that takes gradients from its caller instead of from `.grad`."""

    def __init__(self, defaults: dict[str, Any], gradient_accumulation_steps: int | None) -> None:
        super().__init__(defaults)
        self._accumulation = gradient_accumulation_steps
        self._accumulated = 0

    def build(self, variables: Iterable[Any]) -> None:
        """Bind the parameters to be optimized."""
        raise NotImplementedError

    @property
    def gradient_accumulation_steps(self) -> int | None:
        """How many batches make one update, or None."""
        return self._accumulation

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Tensor]]) -> int:
        """Update from (gradient, variable) pairs.

        Returns:
            The number of updates done.
        """
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Tensor] | None = None) -> None:
        """Update from gradients given by hand; those in `.grad` are neither used nor changed.

        With `gradient_accumulation_steps` the gradients are added up, and every so many calls make one update.

        Args:
            grads: One gradient for each variable, or None where there is none.
            trainable_variables: The variables; default those of `build`. On the first call they build the optimizer.

        Raises:
            ValueError: The optimizer is not built and no variables are given, the numbers or shapes differ, a variable
                is unknown, or there is no gradient at all.
        """
        given = list(grads)
        if not given:
            return
        params = self._targets(given, trainable_variables)
        if self._buckets is None:
            self._make_buckets()
        _warn_missing(given, params)
        with torch.no_grad():
            pairs = [(p, self._laid_like(g, p)) for g, p in zip(given, params, strict=True) if g is not None]
            if self._accumulation:
                pairs = self._accumulate(pairs)
            if pairs:
                self._step_with(pairs)

    def _targets(self, grads: list[Any], variables: Iterable[Tensor] | None) -> list[Tensor]:
        if variables is not None:
            params = list(variables)
            if not self.built:
                self.build(params)
            self._check_known(params)
        else:
            self._require_built("apply(grads)")
            params = self.trainable_variables
        if len(params) != len(grads):
            raise errors.value_error(
                "`grads` of apply",
                expected=f"one for each of the {len(params)} variables (None where there is none)",
                received=errors.Said(f"{len(grads)} gradients"),
            )
        return params

    def _laid_like(self, grad: Any, param: Tensor) -> Tensor:
        """`grad` as the kernels need it: with the dtype, device and strides of `param`, and ours to clip in place."""
        grad = torch.as_tensor(grad).detach()
        if grad.shape != param.shape:
            raise errors.value_error(
                f"A gradient for variable {getattr(param, 'name', None) or 'of shape ' + str(tuple(param.shape))}",
                expected=f"shape {tuple(param.shape)}",
                received=grad,
            )
        alike = grad.dtype == param.dtype and grad.device == param.device and grad.stride() == param.stride()
        return grad if alike and not self._prepare else torch.empty_like(param).copy_(grad)

    def _accumulate(self, pairs: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
        """Add gradients up; hand out their means when the window is full, and nothing before."""
        steps = self._accumulation or 1
        for param, grad in pairs:
            state = self.state[param]
            if ACCUMULATOR.key not in state:
                state[ACCUMULATOR.key] = self.make_slot(ACCUMULATOR, param)
            state[ACCUMULATOR.key].add_(grad)
        self._accumulated = (self._accumulated + 1) % steps
        if self._accumulated:
            return []
        means = [(param, self.state[param][ACCUMULATOR.key] / steps) for param, _ in pairs]
        for param in self.trainable_variables:
            if ACCUMULATOR.key in self.state[param]:
                self.state[param][ACCUMULATOR.key].zero_()
        return means

    def _step_with(self, pairs: list[tuple[Tensor, Tensor]]) -> None:
        params = self.trainable_variables
        kept = [param.grad for param in params]
        chosen = {id(param): grad for param, grad in pairs}
        try:
            for param in params:
                param.grad = chosen.get(id(param))
            self.step()
        finally:
            for param, grad in zip(params, kept, strict=True):
                param.grad = grad

    def _check_known(self, variables: Iterable[Any]) -> None:
        known = {id(param) for param in self.trainable_variables}
        unknown = [v for v in (v[1] if isinstance(v, tuple) else v for v in variables) if id(v) not in known]
        if unknown:
            raise errors.value_error(
                f"Variables of optimizer {type(self).__name__}",
                expected=f"some of the {len(known)} it was built with",
                received=errors.Said(f"{len(unknown)} others, the first {errors.describe(unknown[0])}"),
                remedy="Make a new optimizer for other variables, or add them with `optimizer.add_param_group`.",
            )


def _warn_missing(grads: list[Any], params: list[Tensor]) -> None:
    missing = [
        getattr(p, "path", None) or f"#{i}" for i, (g, p) in enumerate(zip(grads, params, strict=True)) if g is None
    ]
    if len(missing) == len(params):
        raise errors.value_error(
            "`grads` of apply",
            expected="a gradient for one variable at least",
            received=errors.Said("None for every variable"),
            remedy="Compute the gradients first (`loss.backward()`), from a loss that depends on the variables.",
        )
    if missing:
        warnings.warn(
            f"No gradients for the variables {missing}: they are not updated. Does the loss depend on them?",
            stacklevel=3,
        )
