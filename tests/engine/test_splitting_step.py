"""Batches in pieces: the same updates and figures as without, and nothing left of what failed."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kerastorch.data.batch import Batch
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.splitting_step import SplittingStep, splitting_step_for, step_on_oom
from kerastorch.engine.state import RunState
from kerastorch.engine.step import ManualStep, TrainStep
from kerastorch.runtime.plan import Plan
from tests.engine import fakes
from tests.engine.counted import CountedProgram

PLACES = ["forward", "loss", "count", "backward"]


def room_for(limit: int, place: str) -> Callable[[str, int], None]:
    """Memory for `limit` rows; the error comes at `place`."""

    def watch(at: str, size: int) -> None:
        if at == place and size > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more.")

    return watch


def weighted(sizes: list[int]) -> list[Batch]:
    generator = torch.Generator().manual_seed(3)
    batches = fakes.batches(sizes)
    for batch in batches:
        batch.sample_weight = torch.rand(batch.size, generator=generator, dtype=torch.float64)
    return batches


def run(kind: type[TrainStep], program: Any, batches: list[Batch], **options: Any) -> tuple[Any, dict[str, float]]:
    step = kind(program, Plan.make(**{"device": "cpu", **options}), RunState())
    with step.session():
        for batch in batches:
            step(batch)
        return step, step.finish()


def same(ours: CountedProgram, theirs: CountedProgram) -> None:
    for a, b in zip(ours.module.parameters(), theirs.module.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    limit=st.integers(1, 12),
    window=st.integers(1, 3),
    place=st.sampled_from(PLACES),
    weights=st.booleans(),
)
@settings(max_examples=25)
def test_updates_and_figures_are_those_of_whole_batches(
    sizes: list[int], limit: int, window: int, place: str, weights: bool
) -> None:
    batches = weighted(sizes) if weights else fakes.batches(sizes)
    options = {"accumulate_grad_batches": window, "gradient_clip_val": 0.5}
    whole, split = CountedProgram(), CountedProgram(room_for(limit, place))
    expected_step, expected = run(TrainStep, whole, batches, **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        step, figures = run(SplittingStep, split, batches, **options)
    assert len(caught) == (max(sizes) > limit)
    assert step.state.step == expected_step.state.step
    same(split, whole)
    assert figures == pytest.approx(expected, rel=1e-12)
    assert step.limit is None or step.limit <= limit


def test_what_fits_is_bit_for_bit_the_plain_step() -> None:
    whole, split = CountedProgram(), CountedProgram()
    batches = fakes.batches([5, 5, 3])
    _, expected = run(TrainStep, whole, batches)
    _, figures = run(SplittingStep, split, batches)
    assert figures == expected
    assert all(torch.equal(a, b) for a, b in zip(whole.module.parameters(), split.module.parameters(), strict=True))


def test_the_smaller_size_is_remembered_and_said_once() -> None:
    seen: list[int] = []
    room = room_for(3, "loss")

    def watch(place: str, size: int) -> None:
        if place == "forward":
            seen.append(size)
        room(place, size)

    with pytest.warns(UserWarning, match="Out of memory with 10 rows: batches are taken in pieces of 5") as caught:
        run(SplittingStep, CountedProgram(watch), fakes.batches([10, 10]))
    assert len(caught) == 1
    assert seen == [10, 5, 3, 3, 3, 1, 3, 3, 3, 1]


@pytest.mark.parametrize("place", PLACES)
def test_a_failed_piece_leaves_no_trace(place: str) -> None:
    """Memory that suffices once and then does not: in the second piece of the second batch of a window."""
    calls = itertools.count(1)

    def watch(at: str, size: int) -> None:
        if at == place and next(calls) in (1, 5):  # the first batch as a whole; a piece of the second batch
            raise torch.OutOfMemoryError("CUDA out of memory.")

    whole, split = CountedProgram(), CountedProgram(watch)
    options = {"accumulate_grad_batches": 3}
    _, expected = run(TrainStep, whole, fakes.batches([8, 8, 8]), **options)
    with pytest.warns(UserWarning, match="Out of memory"):
        step, figures = run(SplittingStep, split, fakes.batches([8, 8, 8]), **options)
    assert step.limit == 2
    same(split, whole)
    assert figures == pytest.approx(expected, rel=1e-12)


def test_running_statistics_of_a_failed_piece_are_taken_back() -> None:
    program = CountedProgram(room_for(4, "backward"))
    program.module = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).double()
    program.optimizer = torch.optim.SGD(program.module.parameters(), lr=0.1)
    (batch,) = fakes.batches([8])
    with pytest.warns(UserWarning, match="Out of memory"):
        run(SplittingStep, program, [batch])
    norm: Any = program.module[0]
    bare = nn.BatchNorm1d(3).double()
    bare(batch.x[:4])
    bare(batch.x[4:])
    assert int(norm.num_batches_tracked) == 2
    torch.testing.assert_close(norm.running_mean, bare.running_mean, rtol=1e-12, atol=0)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no"), RuntimeError("shapes"), KeyboardInterrupt()])
def test_what_cannot_be_helped_is_raised(error: BaseException) -> None:
    def watch(place: str, size: int) -> None:
        if place == "loss":
            raise error

    size = 1 if isinstance(error, torch.OutOfMemoryError) else 8
    with pytest.raises(type(error)):
        run(SplittingStep, CountedProgram(watch), fakes.batches([size]))


def test_a_row_that_stands_in_for_none_is_processed_once() -> None:
    """A rank without rows of its own joins in with one that does not count."""
    program = CountedProgram()
    step = SplittingStep(program, fakes.plan(), RunState())
    step.limit = 2
    (batch,) = fakes.batches([1])
    batch.size, batch.total, batch.share = 0, 5, 0.0
    before = [p.detach().clone() for p in program.module.parameters()]
    step(batch)
    assert step.state.step == 1
    assert all(torch.equal(a, b) for a, b in zip(before, program.module.parameters(), strict=True))


def test_which_step_an_option_chooses() -> None:
    assert step_on_oom("raise") is train_step_for and step_on_oom("split") is splitting_step_for
    with pytest.raises(ValueError, match="Did you mean 'split'"):
        step_on_oom("spilt")
    program = CountedProgram()
    assert type(splitting_step_for(program, fakes.plan(), RunState())) is SplittingStep
    program.manual = True
    assert type(train_step_for(program, fakes.plan(), RunState())) is ManualStep
    with pytest.raises(ValueError, match="own `train_step`"):
        splitting_step_for(program, fakes.plan(), RunState())


@pytest.mark.gpu
def test_real_memory_runs_out_and_the_update_is_the_same() -> None:
    """Two layers of activations, (32768, 4096) in float64, are 2 GiB: there is room for half of them, not for all."""
    programs = []
    for _ in range(2):
        program = CountedProgram()
        torch.manual_seed(1)
        program.module = nn.Sequential(nn.Linear(3, 4096), nn.Tanh(), nn.Linear(4096, 2)).double().cuda()
        program.optimizer = torch.optim.SGD(program.module.parameters(), lr=0.1)
        program.metric.to("cuda")
        programs.append(program)
    (batch,) = fakes.batches([1 << 15])
    batch.x, batch.y = batch.x.cuda(), batch.y.cuda()
    whole, split = programs
    _, expected = run(TrainStep, whole, [batch], device="cuda")
    torch.cuda.empty_cache()
    room = torch.cuda.memory_reserved() + (2 << 30)
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        with pytest.warns(UserWarning, match="Out of memory with 32768 rows"):
            _, figures = run(SplittingStep, split, [batch], device="cuda")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    same(split, whole)
    assert figures == pytest.approx(expected, rel=1e-12)


def test_a_compiled_step_is_refused() -> None:
    from kerastorch.runtime.plan import Plan

    plan = Plan.make(device="cpu", jit_compile=True)
    with pytest.raises(ValueError, match="jit_compile"):
        splitting_step_for(fakes.LinearProgram(), plan, RunState())
