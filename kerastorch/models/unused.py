"""Whether all trainable parameters take part in the loss: replicas that exchange gradients would wait for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from kerastorch.base import errors
from kerastorch.base.chance import forked
from kerastorch.data.batch import Batch
from kerastorch.data.rows import rows
from kerastorch.models.program import ModelProgram


def check_all_used(program: ModelProgram, batch: Batch) -> None:
    """Refuse, where the strategy needs every gradient, a model that has parameters without one.

    One batch is looked at: in evaluation mode, and where that misses a parameter in training mode too, whose
    statistics are put back.

    Args:
        program: The compiled model.
        batch: Inputs, targets and weights.

    Raises:
        ValueError: Names the parameters.
    """
    if not program.plan.strategy.whole_graph or program.manual:
        return
    few = rows(batch, 0, 2)
    unused = _unused(program, few, training=False) and _unused(program, few, training=True)
    if unused:
        raise errors.value_error(
            f"Model {getattr(program.model, 'name', type(program.model).__name__)!r} on several devices",
            expected="that all trainable parameters take part in the loss",
            received=errors.Said(f"{', '.join(unused[:8])}{', ...' if len(unused) > 8 else ''} without a gradient"),
            remedy="Freeze them (`layer.trainable = False`, `parameter.requires_grad_(False)`), or compile with "
            'strategy=StrategyOptions("ddp", {"find_unused_parameters": True}) of `kerastorch.runtime.strategies`.',
        )


def _unused(program: ModelProgram, batch: Batch, training: bool) -> list[str]:
    named = {name: p for name, p in program.module.named_parameters() if p.requires_grad}
    precision = program.plan.precision
    with _untouched(program.module, training), precision.context():
        y_pred = program.model.engine_module(precision.inputs(batch.x))
        loss = program.compute_loss(x=batch.x, y=batch.y, y_pred=y_pred, sample_weight=batch.sample_weight)
        if not loss.requires_grad:
            return list(named)
        gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return [name for name, gradient in zip(named, gradients, strict=True) if gradient is None]


@contextmanager
def _untouched(module: nn.Module, training: bool) -> Iterator[None]:
    """Let a module compute in a mode, and afterwards be as it was, random numbers to come included."""
    modes = [(m, m.training) for m in module.modules()]
    buffers = [(b, b.clone()) for b in module.buffers()] if training else []
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    module.train(training)
    try:
        with torch.enable_grad(), torch.random.fork_rng(devices=forked(device)):
            yield
    finally:
        for m, mode in modes:
            m.training = mode
        for buffer, before in buffers:
            buffer.copy_(before)
