"""The loop: who is told what, in which order, and how a run ends."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.state import RunState
from kerastorch.engine.step import EvalStep, PredictStep, Step, TrainStep
from tests.engine import fakes


class Run:
    """A training run over small batches, watched by a recorder."""

    def __init__(self, sizes: list[int], known: bool = True, every: int = 1, epoch: int = 0, **options: Any) -> None:
        self.program, self.state, self.watching = fakes.LinearProgram(), RunState(epoch=epoch), fakes.Recorder()
        self.source = fakes.ListSource(fakes.batches(sizes), known)
        self.step = TrainStep(self.program, fakes.plan(**options), self.state)
        self.loop = Loop(self.state, self.watching)  # type: ignore[arg-type]
        self.phase = Phase.make("train", self.source, self.step, self.watching, every)  # type: ignore[arg-type]

    def fit(self, epochs: int = 1, validate: Any = lambda epoch: {}) -> Any:
        self.loop.run(self.phase, epochs, validate, lambda: self.watching.heard.append(("finish",)))
        return self.watching.heard


def test_order_of_hooks() -> None:
    run = Run([2, 2])
    validated: list[int] = []
    heard = run.fit(2, lambda epoch: validated.append(epoch) or {"val_loss": 1.0})
    epoch = [("train_begin", 0), ("train_end", 0), ("train_begin", 1), ("train_end", 1)]
    assert heard == [
        ("on_train_begin",),
        ("on_epoch_begin", 0), *epoch, ("on_epoch_end", 0),
        ("on_epoch_begin", 1), *epoch, ("on_epoch_end", 1),
        ("finish",), ("on_train_end",),
    ]  # fmt: skip
    assert validated == [0, 1]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("count", "every", "begins", "ends"),
    [
        (5, 1, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (5, 2, [0, 2, 4], [1, 3, 4]),
        (6, 3, [0, 3], [2, 5]),
        (2, 5, [0], [1]),
        (1, 1, [0], [0]),
    ],
)
def test_steps_per_execution_groups_the_hooks(
    count: int, every: int, begins: list[int], ends: list[int], known: bool
) -> None:
    run = Run([2] * count, known, every)
    heard = run.fit()
    assert [index for name, *rest in heard if name == "train_begin" for index in rest] == begins
    assert [index for name, *rest in heard if name == "train_end" for index in rest] == ends
    assert run.state.step == count


def test_a_stop_requested_in_a_batch_ends_the_epoch_and_the_run() -> None:
    run = Run([2] * 5)

    def stop(index: int, logs: Any) -> None:
        if index == 1:
            run.state.request_stop("enough")

    run.phase.batch_end = [*run.phase.batch_end, stop]
    heard = run.fit(4)
    assert run.source.given == 2 and run.state.step == 2
    assert heard[-3:] == [("on_epoch_end", 0), ("finish",), ("on_train_end",)]


def test_a_stop_requested_at_the_end_of_an_epoch_ends_the_run() -> None:
    run = Run([2])
    heard = run.fit(9, lambda epoch: run.state.request_stop("flat") or {} if epoch == 2 else {})
    assert [h for h in heard if h[0] == "on_epoch_end"] == [("on_epoch_end", e) for e in range(3)]
    assert run.state.epoch == 3 and run.state.batch == 0 and run.state.figures is None


def test_a_run_begins_with_the_epoch_of_its_state() -> None:
    heard = Run([2], epoch=3).fit(5)
    assert [h[1] for h in heard if h[0] == "on_epoch_begin"] == [3, 4]


def test_no_epoch_left_is_no_error() -> None:
    assert Run([2], epoch=3).fit(3) == [("on_train_begin",), ("finish",), ("on_train_end",)]


def test_an_epoch_may_begin_in_the_middle() -> None:
    run = Run([2, 3, 4])
    run.loop.run_epoch(run.phase, start=1)
    assert run.watching.heard == [("train_begin", 1), ("train_end", 1), ("train_begin", 2), ("train_end", 2)]


def test_the_loss_of_an_epoch_is_the_mean_over_rows() -> None:
    """Whatever the sizes of the batches: here with a learning rate of 0, so that all see the same weights."""
    figures = []
    for sizes in ([6], [1, 2, 3], [5, 1]):
        program = fakes.LinearProgram(learning_rate=0.0)
        whole = fakes.batches([6])[0]
        parts = [
            type(whole)(x, y, None, len(x)) for x, y in zip(whole.x.split(sizes), whole.y.split(sizes), strict=True)
        ]
        state, watching = RunState(), fakes.Recorder()
        step = TrainStep(program, fakes.plan(), state)
        phase = Phase.make("train", fakes.ListSource(parts), step, watching)  # type: ignore[arg-type]
        figures.append(Loop(state, watching).run_epoch(phase)["loss"])  # type: ignore[arg-type]
    assert figures == pytest.approx([figures[0]] * 3, rel=1e-14)


def test_logs_are_fetched_only_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run([2] * 20)
    reads: list[int] = []
    plain = run.program.results
    monkeypatch.setattr(run.program, "results", lambda: reads.append(1) or plain())
    run.fit()
    assert len(reads) == 1  # for the end of the epoch
    run.phase.batch_end = [lambda index, logs: logs["loss"] if index == 7 else None]
    run.loop.run_epoch(run.phase)
    assert len(reads) == 3


def test_logs_of_a_batch_are_the_figures_so_far() -> None:
    run = Run([2, 2])
    seen: list[float] = []
    run.phase.batch_end = [lambda index, logs: seen.append(logs["loss"])]
    figures = run.loop.run_epoch(run.phase)
    assert len(set(seen)) == 2 and seen[-1] == figures["loss"]


def test_an_epoch_begins_with_empty_figures() -> None:
    run = Run([2, 2])
    run.program.optimizer = None
    for group in run.step.optimizer.param_groups:
        group["lr"] = 0.0
    assert run.loop.run_epoch(run.phase) == run.loop.run_epoch(run.phase)


@pytest.mark.parametrize("kind", ["test", "predict"])
def test_evaluation_and_prediction_go_through_the_same_runner(kind: str) -> None:
    program, state, watching, outputs = fakes.LinearProgram(), RunState(), fakes.Recorder(), []
    step: Step = EvalStep(program, fakes.plan(), state)
    if kind == "predict":
        step = PredictStep(program, fakes.plan(), state, lambda out, size, total: outputs.append((out.shape, size)))
    phase = Phase.make(kind, fakes.ListSource(fakes.batches([2, 3])), step, watching)  # type: ignore[arg-type]
    figures = Loop(state, watching).run_epoch(phase)  # type: ignore[arg-type]
    assert watching.heard == [(f"{kind}_begin", 0), (f"{kind}_end", 0), (f"{kind}_begin", 1), (f"{kind}_end", 1)]
    assert state.step == 0
    if kind == "predict":
        assert figures == {} and outputs == [(torch.Size([2, 2]), 2), (torch.Size([3, 2]), 3)]
    else:
        assert set(figures) == {"loss"}


def test_an_error_in_a_batch_leaves_modes_as_they_were() -> None:
    run = Run([2, 2])
    run.program.module.eval()

    def fail(index: int, logs: Any) -> None:
        raise RuntimeError("broken")

    run.phase.batch_end = [fail]
    with pytest.raises(RuntimeError, match="broken"):
        run.fit()
    assert not run.program.module.training and torch.is_grad_enabled()
