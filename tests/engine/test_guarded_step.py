"""A run ends before an update that is not finite, and nothing of it stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.guarded_step import GuardedStep, step_on_nonfinite
from kerastorch.engine.splitting_step import splitting_step_for
from kerastorch.engine.state import RunState
from kerastorch.engine.step import TrainStep
from kerastorch.runtime.plan import Plan
from kerastorch.runtime.precision import ScaledPrecision
from tests.engine import fakes
from tests.engine.counted import CountedProgram

NAN, INF = float("nan"), float("inf")


def normalized() -> CountedProgram:
    program = CountedProgram()
    torch.manual_seed(2)
    program.module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 2)).double()
    program.optimizer = torch.optim.Adam(program.module.parameters(), lr=0.1)
    return program


def state_of(program: Any) -> list[Any]:
    slots = [v for state in program.optimizer.state_dict()["state"].values() for v in state.values()]
    return [torch.as_tensor(t).clone() for t in (*program.module.state_dict().values(), *slots)]


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def make(kind: type[TrainStep], program: Any, **options: Any) -> Any:
    return kind(program, Plan.make(**{"device": "cpu", **options}), RunState())


@given(sizes=st.lists(st.integers(2, 9), min_size=1, max_size=6), window=st.integers(1, 3))
@settings(max_examples=15)
def test_what_is_finite_is_bit_for_bit_the_plain_step(sizes: list[int], window: int) -> None:
    found = []
    for kind in (TrainStep, GuardedStep):
        program = normalized()
        step = make(kind, program, accumulate_grad_batches=window, gradient_clip_val=0.5)
        torch.manual_seed(7)
        with step.session():
            for batch in fakes.batches(sizes):
                step(batch)
            figures = step.finish()
        found.append((state_of(program), figures, step.state.step))
    (plain, *others), (guarded, *more) = found
    assert same(plain, guarded) and others == more


@given(
    bad=st.integers(0, 6),
    window=st.integers(1, 3),
    part=st.sampled_from(["x", "y"]),
    value=st.sampled_from([NAN, INF, -INF]),
    row=st.integers(0, 4),
)
@settings(max_examples=25)
def test_the_run_ends_with_the_state_before_the_window(
    bad: int, window: int, part: str, value: float, row: int
) -> None:
    program, batches = normalized(), fakes.batches([5] * 7)
    getattr(batches[bad], part)[row, 1] = value
    step = make(GuardedStep, program, accumulate_grad_batches=window)
    step.samples = lambda epoch, batch: range(100 * batch, 100 * batch + 5)
    step.state.epoch, before = 3, state_of(program)
    with pytest.raises(FloatingPointError) as caught, step.session():
        for number, batch in enumerate(batches):
            step(batch)
            step.state.batch = number + 1
            if not step.window.open:
                before = state_of(program)
        step.finish()
    assert step.state.step == bad // window
    assert same(state_of(program), before)
    assert all(p.grad is None or not p.grad.any() for p in program.module.parameters())
    text = str(caught.value)
    assert f"epoch 3, batch {bad}, step {bad // window}, rank 0" in text
    kind = "input" if part == "x" else "target"
    assert f"the {kind} `{part}`, in row {row} of the batch (sample {100 * bad + row} of the data)" in text


def test_a_gradient_alone_is_told_by_its_parameter() -> None:
    program, (batch,) = CountedProgram(), fakes.batches([4])
    program.module[0].bias.register_hook(lambda gradient: gradient * NAN)
    before = state_of(program)
    with pytest.raises(FloatingPointError, match=r"gradients that are not finite .* parameter '0.bias'\. "):
        make(GuardedStep, program)(batch)
    assert same(state_of(program), before)


def test_the_pass_made_again_draws_the_same_numbers() -> None:
    """A layer whose output is infinite for one drawing only."""

    class Unlucky(nn.Module):
        def forward(self, x: Any) -> Any:
            drawn = torch.rand(x.shape[0], 1)
            return torch.where(drawn == drawn.max(), INF, x)

    program, (batch,) = CountedProgram(), fakes.batches([64])
    program.module = nn.Sequential(nn.Linear(3, 2).double(), Unlucky())
    torch.manual_seed(11)
    row = int(torch.rand(64, 1).argmax())
    torch.manual_seed(11)
    with pytest.raises(FloatingPointError, match=rf"layer '1' \(Unlucky\), in row {row} of the batch\. "):
        make(GuardedStep, program)(batch)


def test_a_sum_that_overflows_is_no_error() -> None:
    program = fakes.LinearProgram(learning_rate=0.0)
    program.module = nn.Linear(3, 2)
    program.optimizer = torch.optim.SGD(program.module.parameters(), lr=0.0)
    (batch,) = fakes.batches([4])
    batch.x, batch.y = batch.x.float(), batch.y.float()
    program.module.weight.register_hook(lambda gradient: torch.full_like(gradient, 3e38))
    step = make(GuardedStep, program)
    step(batch)
    assert step.state.step == 1


def test_long_lists_are_cut() -> None:
    program, (batch,) = CountedProgram(), fakes.batches([30])
    batch.x[4:] = NAN
    with pytest.raises(FloatingPointError, match="in rows 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 16 more of the batch"):
        make(GuardedStep, program)(batch)


class Scaled(ScaledPrecision):
    """That of 16-mixed, on the CPU, in float32."""

    def __init__(self, scale: float) -> None:
        super().__init__("16-mixed", torch.device("cpu"), torch.float16)
        self.scaler = torch.amp.GradScaler("cpu", init_scale=scale)


@pytest.mark.parametrize("scale", [64.0, 1.0])
def test_an_overflow_of_the_scaled_loss_is_left_to_the_scaler(scale: float) -> None:
    program, batches = CountedProgram(), fakes.batches([4, 4])
    program.module = nn.Sequential(nn.Linear(3, 2))
    program.optimizer = torch.optim.SGD(program.module.parameters(), lr=0.1)
    for batch in batches:
        batch.x, batch.y = batch.x.float(), batch.y.float()
    step = make(GuardedStep, program)
    step.precision = Scaled(scale)
    before = state_of(program)
    hook = program.module[0].bias.register_hook(lambda gradient: gradient * INF)
    if scale > 1:
        step(batches[0])
        assert same(state_of(program), before) and step.precision.scaler.get_scale() == scale / 2
        hook.remove()
        batches[1].y[0, 0] = NAN
        with pytest.raises(FloatingPointError, match="target `y`, in row 0"):
            step(batches[1])
    else:
        with pytest.raises(FloatingPointError, match="gradient of parameter"):
            step(batches[0])


def test_which_step_an_option_chooses() -> None:
    def samples(epoch: int, batch: int) -> None: ...

    assert step_on_nonfinite("ignore", splitting_step_for, samples) is splitting_step_for
    with pytest.raises(ValueError, match="Did you mean 'raise'"):
        step_on_nonfinite("rais", train_step_for, samples)
    chosen = step_on_nonfinite("raise", train_step_for, samples)
    program = CountedProgram()
    assert type(chosen(program, fakes.plan(), RunState())) is GuardedStep
    with pytest.raises(ValueError, match="on_oom"):
        step_on_nonfinite("raise", splitting_step_for, samples)(program, fakes.plan(), RunState())
    with pytest.raises(ValueError, match="jit_compile"):
        chosen(program, fakes.plan(jit_compile=True), RunState())
    program.manual = True
    with pytest.raises(ValueError, match="own `train_step`"):
        chosen(program, fakes.plan(), RunState())


def test_fit() -> None:
    """The sample of shuffled arrays, the layer by its name; the model trains on."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype("float32")
    y = x.sum(1, keepdims=True)
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, name="first")(inputs)
    hidden = layers.Activation(lambda t: torch.where(t > 1e6, torch.log(-t), t), name="logarithm")(hidden)
    model = keras.Model(inputs, layers.Dense(1)(layers.BatchNormalization()(hidden)))
    model.compile("adam", "mse", metrics=["mae"])
    options: dict[str, Any] = {"batch_size": 8, "on_nonfinite": "raise", "check_data": False, "verbose": 0}
    model.fit(x, y, epochs=2, **options)
    bad = y.copy()
    bad[31] = np.nan
    with pytest.raises(FloatingPointError, match=r"target `y`, in row \d of the batch \(sample 31 of the data\)"):
        model.fit(x, bad, epochs=1, **options)
    before = model.get_weights()
    x[4] = 1e10
    with pytest.raises(FloatingPointError, match=r"output of layer 'logarithm' \(Activation\), in row 4 .*sample 4 "):
        model.fit(x[:5], y[:5], shuffle=False, **options)
    assert all(map(np.array_equal, model.get_weights(), before))
    model.fit(x[5:], y[5:], epochs=1, **options)
    with pytest.raises(ValueError, match="Did you mean 'ignore'"):
        model.fit(x, y, on_nonfinite="ignored", verbose=0)
