"""What happens to one batch: order of an update, windows, modes, own steps."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from kerastorch.data.batch import Batch
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.state import RunState
from kerastorch.engine.step import EvalStep, ManualStep, PredictStep, Step, TrainStep
from kerastorch.runtime.clipping import NoClipping
from kerastorch.runtime.precision import Precision
from tests.engine import fakes


class Written(Precision, NoClipping):
    """A precision and a clipping that write down when they are asked."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    @contextmanager
    def context(self) -> Any:
        self.told.append("context")
        yield
        self.told.append("end of context")

    def backward(self, loss: torch.Tensor) -> None:
        self.told.append("backward")
        super().backward(loss)

    def unscale(self, optimizer: Any) -> None:
        self.told.append("unscale")

    def __call__(self, parameters: Any) -> None:
        self.told.append("clip")

    def step(self, optimizer: Any) -> None:
        self.told.append("step")
        super().step(optimizer)


def _step(sizes: list[int], **options: Any) -> tuple[fakes.LinearProgram, TrainStep, list[Batch]]:
    program = fakes.LinearProgram()
    return program, TrainStep(program, fakes.plan(**options), RunState()), fakes.batches(sizes)


def test_order_of_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    program, batches = fakes.LinearProgram(), fakes.batches([2, 3])
    written = Written(told)
    plan = replace(fakes.plan(accumulate_grad_batches=2), precision=written, clipping=written)
    step = TrainStep(program, plan, RunState())
    normalize = step.window.normalize
    monkeypatch.setattr(step.window, "normalize", lambda p: told.append("normalize") or normalize(p))
    assert program.optimizer is not None
    monkeypatch.setattr(program.optimizer, "zero_grad", lambda *a, **k: told.append("zero"))
    for batch in batches:
        step(batch)
    forward = ["context", "end of context", "backward"]
    assert told == [*forward, *forward, "normalize", "unscale", "clip", "step", "zero"]
    assert step.state.step == 1


@pytest.mark.parametrize("sizes", [[2, 2, 2], [3, 3, 1], [1, 5, 2, 4]])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_accumulated_updates_are_those_of_large_batches(sizes: list[int], length: int) -> None:
    program, step, batches = _step(sizes, accumulate_grad_batches=length)
    for batch in batches:
        step(batch)
    step.flush()

    bare = fakes.LinearProgram()
    assert bare.optimizer is not None
    windows = [batches[i : i + length] for i in range(0, len(batches), length)]
    for window in windows:
        bare.optimizer.zero_grad()
        x, y = torch.cat([b.x for b in window]), torch.cat([b.y for b in window])
        nn.functional.mse_loss(bare.module(x), y).backward()
        bare.optimizer.step()
    assert step.state.step == len(windows)
    for ours, theirs in zip(program.module.parameters(), bare.module.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_flush_with_nothing_open_does_nothing() -> None:
    program, step, batches = _step([2, 2], accumulate_grad_batches=2)
    step.flush()
    for batch in batches:
        step(batch)
    before = [p.clone() for p in program.module.parameters()]
    step.flush()
    assert step.state.step == 1
    assert all(torch.equal(a, b) for a, b in zip(before, program.module.parameters(), strict=True))


def test_gradients_are_forgotten_after_an_update() -> None:
    program, step, batches = _step([2])
    step(batches[0])
    assert all(p.grad is None or not p.grad.any() for p in program.module.parameters())


def test_clipping_is_of_the_whole_windows_gradient() -> None:
    """The limit applies to the mean gradient: with a limit just above its norm nothing may change."""
    free, step, batches = _step([4, 4], accumulate_grad_batches=2)
    x, y = torch.cat([b.x for b in batches]), torch.cat([b.y for b in batches])
    gradients = torch.autograd.grad(nn.functional.mse_loss(free.module(x), y), list(free.module.parameters()))
    norm = torch.stack([g.norm() for g in gradients]).norm().item()
    for batch in batches:
        step(batch)
    for limit, same in ((norm * 1.001, True), (norm * 0.5, False)):
        clipped, step, _ = _step([4, 4], accumulate_grad_batches=2, gradient_clip_val=limit)
        for batch in batches:
            step(batch)
        pairs = zip(free.module.parameters(), clipped.module.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs) is same


@pytest.mark.parametrize(("kind", "training"), [(TrainStep, True), (EvalStep, False)])
@pytest.mark.parametrize("before", [True, False])
def test_a_session_sets_modes_and_puts_them_back(kind: type[Step], training: bool, before: bool) -> None:
    program = fakes.LinearProgram()
    inner = nn.Dropout().train(not before)
    program.module = nn.Sequential(program.module, inner).train(before)
    inner.train(not before)
    step = kind(program, fakes.plan(), RunState())
    with step.session():
        assert program.module.training is inner.training is torch.is_grad_enabled() is training
    assert program.module.training is before and inner.training is not before and torch.is_grad_enabled()


def test_a_session_forgets_the_figures_of_the_last() -> None:
    program, step, batches = _step([2])
    step(batches[0])
    assert float(program.results()["loss"]) > 0
    with step.session():
        assert float(program.results()["loss"]) == 0


def test_a_manual_program_steps_by_itself() -> None:
    program = fakes.LinearProgram()
    program.manual = True
    step = train_step_for(program, fakes.plan(), RunState())
    assert isinstance(step, ManualStep)
    before = [p.clone() for p in program.module.parameters()]
    assert set(step.results()) == {"loss"}
    step(fakes.batches([5])[0])
    assert step.results() == {"seen": 5} and step.state.step == 1 and step.logs["seen"] == 5.0
    assert all(torch.equal(a, b) for a, b in zip(before, program.module.parameters(), strict=True))


def test_an_automatic_program_gets_the_engines_step() -> None:
    assert type(train_step_for(fakes.LinearProgram(), fakes.plan(), RunState())) is TrainStep


def test_evaluation_may_tell_its_own_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    program = fakes.LinearProgram()
    step = EvalStep(program, fakes.plan(), RunState())
    step(fakes.batches([2])[0])
    assert set(step.results()) == {"loss"}
    monkeypatch.setattr(program, "validation_step", lambda batch: {"mine": 3})
    step(fakes.batches([2])[0])
    assert step.results() == {"mine": 3}


def test_prediction_hands_outputs_to_a_collector() -> None:
    program, found = fakes.LinearProgram(), []
    step = PredictStep(program, fakes.plan(), RunState(), lambda outputs, size, total: found.append((outputs, size)))
    batch = fakes.batches([4])[0]
    with step.session():
        step(batch)
    assert found[0][1] == 4 and not found[0][0].requires_grad
    torch.testing.assert_close(found[0][0], program.module(batch.x))
    assert step.results() == {}


def test_the_base_class_does_nothing_with_a_batch() -> None:
    with pytest.raises(NotImplementedError):
        Step(fakes.LinearProgram(), fakes.plan(), RunState())(fakes.batches([1])[0])


def test_training_needs_an_optimizer() -> None:
    program = fakes.LinearProgram()
    program.optimizer = None
    with pytest.raises(ValueError, match=r"(?s)optimizer.*[Ee]xpected"):
        TrainStep(program, fakes.plan(), RunState())
