"""Which training step a run takes: decided once, from the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch.engine.compiled_step import CompiledStep
from kerastorch.engine.program import Program
from kerastorch.engine.state import RunState
from kerastorch.engine.step import ManualStep, Step, TrainStep
from kerastorch.runtime.plan import Plan


def train_step_for(program: Program, plan: Plan, state: RunState, say: Callable[[str], Any] | None = None) -> Step:
    """The training step that a program asks for: its own, or the engine's, compiled or plain.

    Args:
        program: What to train.
        plan: How.
        state: The cursor.
        say: Where a line goes that says what compiling cost; default a logger.
    """
    if program.manual:
        return ManualStep(program, plan, state)
    return CompiledStep(program, plan, state, say) if plan.jit_compile else TrainStep(program, plan, state)
