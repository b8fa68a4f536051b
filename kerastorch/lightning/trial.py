"""Trials: what a run would do, done for a moment beside it, after which everything is as it was."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kerastorch.base import chance
from kerastorch.data.source import closing
from kerastorch.engine.loop import Loop
from kerastorch.engine.snapshot import Snapshot
from kerastorch.lightning import legacy
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.hooks import Hooks
from kerastorch.lightning.profilers import PassThroughProfiler


def sibling(trainer: Any, callbacks: Sequence[Any] = (), **flags: Any) -> Any:
    """A Trainer of the same plan, with callbacks of its own and no loggers; it is in no run.

    Args:
        trainer: The Trainer.
        callbacks: The callbacks.
        **flags: The flags that differ.
    """
    made = copy.copy(trainer)  # as it travels to ranks: without its run
    made.options, made.batches = replace(made.options, **flags), dict(made.batches)
    made.own_callbacks = made.callbacks = list(callbacks)
    made.loggers, made.profiler, made.state = [], PassThroughProfiler(), replace(made.state)
    made.ckpt_path, made.should_stop, made.tuned = None, False, True
    return made


def run(trainer: Any, callbacks: Sequence[Any] = (), **flags: Any) -> Any:
    """Do what a run is about to do, with its module, optimizers and data, by a sibling of its Trainer.

    Weights, gradients, optimizers, figures, random numbers and the module's attributes are put back afterwards, also
    after an error. Schedulers are not stepped, nothing is validated, and the run's own callbacks are told nothing.
    (What an iterator has given is gone.)

    Args:
        trainer: The Trainer, in a hook before its first batch or that of an epoch.
        callbacks: Who watches.
        **flags: The flags that differ.

    Returns:
        The sibling, which knows its dataloaders.
    """
    module, record = trainer.lightning_module, trainer.record
    other = sibling(trainer, callbacks, max_steps=-1, **flags)
    for name in ("lightning_module", "datamodule", "given", "record", "optimizers"):
        setattr(other, name, getattr(trainer, name))
    other.hooks = Hooks(other, module, [*legacy.old_hooks(module), *callbacks], Callback)
    held, figures = Snapshot(module, *trainer.optimizers, trainer.plan.precision), dict(vars(record))
    drawn = chance.state(trainer.plan.device)
    try:
        module.trainer = other
        record.forget()
        if other.state.fn == "fit":
            _train(other, trainer.fitting.step)
        else:
            other._evaluation(other.state.fn).run(inference=other.options.inference_mode)
    finally:
        held.restore()
        vars(record).update(figures)
        chance.restore(drawn)
    return other


def _train(other: Any, step: Any) -> None:
    """Train by the program of a running step: a module cannot be wrapped for the ranks twice."""
    fit = other.fitting = other._fit(step.program, other._state(False))
    fit.step.every = step.every
    fit.load(validation=False)
    drawn = fit.source._drawn()
    try:
        with closing(fit.source):
            loop: Any = Loop(fit.state, fit, other.plan.strategy.any)
            loop.run(fit.phase, other.max_epochs, lambda epoch: {}, lambda: None)
    finally:
        fit.source._draw_from(drawn)
