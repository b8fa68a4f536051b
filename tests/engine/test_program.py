"""The engine runs anything that keeps to the protocol, and computes what a bare torch loop computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from kerastorch.engine.choice import train_step_for
from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.program import Program
from kerastorch.engine.state import RunState
from kerastorch.models.program import ModelProgram
from tests.engine import fakes

ASKED = [*sorted(n for n in vars(Program) if not n.startswith("_")), "module", "optimizer", "manual"]


@pytest.mark.parametrize("name", ASKED)
def test_a_compiled_model_is_a_program(name: str) -> None:
    assert hasattr(ModelProgram, name) or name in ModelProgram.__init__.__code__.co_names


def test_weights_are_those_of_a_bare_loop_bit_for_bit() -> None:
    program, batches = fakes.LinearProgram(), fakes.batches([4, 4, 3])
    bare = fakes.LinearProgram()
    assert bare.optimizer is not None
    for _ in range(3):
        for batch in batches:
            bare.optimizer.zero_grad()
            nn.functional.mse_loss(bare.module(batch.x), batch.y).backward()
            bare.optimizer.step()

    state, watching = RunState(), fakes.Recorder()
    step = train_step_for(program, fakes.plan(), state)
    phase = Phase.make("train", fakes.ListSource(batches), step, watching)  # type: ignore[arg-type]
    Loop(state, watching).run(phase, 3, lambda epoch: {}, lambda: None)  # type: ignore[arg-type]

    assert state.step == 9
    for ours, theirs in zip(program.module.parameters(), bare.module.parameters(), strict=True):
        assert torch.equal(ours, theirs)
