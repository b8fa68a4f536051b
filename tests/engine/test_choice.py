"""The training step that a run takes."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch.engine.choice import train_step_for
from kerastorch.engine.compiled_step import CompiledStep
from kerastorch.engine.state import RunState
from kerastorch.engine.step import ManualStep, TrainStep
from kerastorch.runtime.plan import Plan
from tests.engine.fakes import LinearProgram


@pytest.mark.parametrize(
    ("manual", "jit", "kind"),
    [(False, False, TrainStep), (False, True, CompiledStep), (True, False, ManualStep), (True, True, ManualStep)],
)
def test_the_plan_and_the_program_choose(manual: bool, jit: bool, kind: Any) -> None:
    program = LinearProgram()
    program.manual = manual
    assert type(train_step_for(program, Plan.make(device="cpu", jit_compile=jit), RunState())) is kind
