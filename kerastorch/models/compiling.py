"""From what `compile` was told to what a run needs: optimizer bound, outputs known, config written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch import losses as losses_module
from kerastorch import metrics as metrics_module
from kerastorch import optimizers
from kerastorch.base import errors, nested, serialization
from kerastorch.data.batch import Batch
from kerastorch.metrics.metric import Metric
from kerastorch.models import checks
from kerastorch.optimizers.replacing import replace_parameters
from kerastorch.optimizers.resolve import from_any
from kerastorch.runtime.plan import Plan
from kerastorch.runtime.precision import Precision


def check_names(loss: Any, metrics: Any, weighted_metrics: Any) -> None:
    """Look up every name at once, so that a misspelt one is refused by `compile`.

    Raises:
        ValueError: A loss or metric is unknown; the message says which name is nearest.
    """
    for leaf in nested.flatten(loss):
        if isinstance(leaf, str) and leaf.lower() not in ("crossentropy", "ce"):
            losses_module.get(leaf)
    for leaf in (*nested.flatten(metrics), *nested.flatten(weighted_metrics)):
        if isinstance(leaf, str) and leaf.lower() not in ("accuracy", "acc", "crossentropy", "ce"):
            metrics_module.get(leaf)
        elif not (leaf is None or isinstance(leaf, str) or callable(leaf) or hasattr(leaf, "update_state")):
            raise errors.type_error("`metrics` of compile", expected="names, functions or metrics", received=leaf)


def accumulation(optimizer: Any, batches: int) -> int:
    """Batches to an update, from compile's option and Keras's own place for it.

    Raises:
        ValueError: Both are given and differ.
    """
    steps = getattr(optimizer, "gradient_accumulation_steps", None)
    if steps is None:
        return batches
    if batches not in (1, steps):
        raise errors.value_error(
            "`accumulate_grad_batches` of compile",
            expected=f"the optimizer's gradient_accumulation_steps={steps}, or nothing",
            received=batches,
        )
    return int(steps)


class OptimizerScaled(Precision):
    """The loss is scaled for backward by the optimizer, which divides gradients again (Keras's loss scale)."""

    def __init__(self, inner: Precision, optimizer: Any) -> None:
        self.inner, self.optimizer, self.name = inner, optimizer, inner.name
        self.context, self.inputs, self.prepare = inner.context, inner.inputs, inner.prepare  # type: ignore[method-assign]

    def backward(self, loss: Tensor) -> None:
        self.optimizer.scale_loss(loss).backward()

    def forgives(self) -> bool:
        scales = isinstance(self.optimizer, optimizers.LossScaleOptimizer)
        return scales and float(self.optimizer.dynamic_scale) > 1.0


def with_scaled_loss(plan: Plan, optimizer: Any) -> Plan:
    """The plan, with the loss scaled where the optimizer asks for it."""
    scales = isinstance(optimizer, optimizers.LossScaleOptimizer)
    asks = scales or getattr(optimizer, "loss_scale_factor", None) is not None
    return replace(plan, precision=OptimizerScaled(plan.precision, optimizer)) if asks else plan


def policy_of(module: nn.Module) -> str | None:
    """The precision that a model's own dtype policy asks for; torch modules have none."""
    policy = getattr(module, "dtype_policy", None)
    return None if policy is None else policy.name


def bound_optimizer(module: nn.Module, optimizer: Any) -> Any:
    """The optimizer, bound to the trained parameters of `module`; those of layers unfrozen since are added."""
    params = [p for p in module.parameters() if p.requires_grad]
    if not params:
        return optimizer
    if isinstance(optimizer, optimizers.Optimizer) and optimizer.built:
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        added = [p for p in params if id(p) not in known]
        if 0 < len(added) < len(params):
            optimizer.add_param_group({"params": added})
    return from_any(optimizer, params)


def follow(optimizer: Any, pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
    """Let an optimizer that has parameters go on with those that stand for them now, where they are now."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        return
    if pairs:
        replace_parameters(optimizer, pairs)
    for parameter, entries in optimizer.state.items():
        for name, value in entries.items():
            if isinstance(value, Tensor) and value.ndim and value.device != parameter.device:
                entries[name] = value.to(parameter.device)


def own_metrics(module: nn.Module) -> list[Metric]:
    """The metrics that a model or its layers hold as attributes, or in lists and dicts of them."""
    found: dict[int, Metric] = {}
    for child in module.modules():
        for value in child.__dict__.values():
            leaves = nested.flatten(value) if isinstance(value, (list, dict)) else [value]
            found.update({id(leaf): leaf for leaf in leaves if isinstance(leaf, Metric)})
    return list(found.values())


def outputs_for(module: Any, plan: Plan, batch: Batch) -> Any:
    """The outputs for a batch, or their shapes: building what is not built yet.

    Returns:
        Tensors, symbolic tensors, or None when the model has no forward pass of its own (a custom `train_step`).
    """
    symbolic = getattr(module, "symbolic_outputs", None)
    if symbolic is not None:
        return symbolic
    before = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), plan.precision.context():
            x = plan.precision.inputs(batch.x)
            with checks.layers_refuse(lambda: module(x)):
                return module(x)
    except NotImplementedError:
        return None
    finally:
        for child, training in before:
            child.training = training


def config(**given: Any) -> dict[str, Any] | None:
    """The arguments of `compile` as plain values in Keras's form; None when one of them cannot be written."""
    given = {**given, "run_eagerly": False}
    optimizer = given["optimizer"]
    if isinstance(optimizer, torch.optim.Optimizer) and not isinstance(optimizer, optimizers.Optimizer):
        return None
    try:
        return {name: serialization.serialize_keras_object(value) for name, value in given.items()}
    except (ValueError, TypeError, NotImplementedError):
        return None
