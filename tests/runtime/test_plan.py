"""The plan: every option checked, frozen before anything starts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch

from kerastorch.runtime.clipping import ClipByNorm, ClipByValue, NoClipping
from kerastorch.runtime.plan import Plan
from kerastorch.runtime.precision import Precision


def test_defaults_change_nothing() -> None:
    plan = Plan.make(device="cpu")
    assert plan.device == plan.strategy.device == torch.device("cpu")
    assert type(plan.precision) is Precision and type(plan.clipping) is NoClipping
    assert (plan.accumulate, plan.jit_compile, plan.steps_per_execution) == (1, False, 1)


def test_every_option_arrives() -> None:
    plan = Plan.make(
        device="cpu", devices=1, precision="bf16-mixed", accumulate_grad_batches=3, gradient_clip_val=0.5,
        gradient_clip_algorithm="value", jit_compile=True, steps_per_execution=4,
    )  # fmt: skip
    assert plan.precision.name == "bf16-mixed" and isinstance(plan.clipping, ClipByValue)
    assert plan.clipping.value == 0.5
    assert (plan.accumulate, plan.jit_compile, plan.steps_per_execution) == (3, True, 4)
    assert isinstance(Plan.make(device="cpu", gradient_clip_val=1).clipping, ClipByNorm)


def test_a_plan_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Plan.make(device="cpu").accumulate = 2  # type: ignore[misc]


@pytest.mark.parametrize("value", ["auto", False, None])
def test_only_true_compiles(value: Any) -> None:
    assert Plan.make(device="cpu", jit_compile=value).jit_compile is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "tpu"}, "device"),
        ({"device": "cpu", "devices": 0}, "devices"),
        ({"precision": "half-ish"}, "precision"),
        ({"accumulate_grad_batches": 0}, "accumulate_grad_batches"),
        ({"accumulate_grad_batches": 1.5}, "accumulate_grad_batches"),
        ({"accumulate_grad_batches": True}, "accumulate_grad_batches"),
        ({"steps_per_execution": -1}, "steps_per_execution"),
        ({"steps_per_execution": "2"}, "steps_per_execution"),
        ({"gradient_clip_val": -1.0}, "gradient_clip_val"),
        ({"gradient_clip_val": 1.0, "gradient_clip_algorithm": "max"}, "gradient_clip_algorithm"),
        ({"gradient_clip_algorithm": "norm"}, "gradient_clip_val"),
        ({"jit_compile": "yes"}, "jit_compile"),
    ],
)
def test_wrong_options_and_contradictions(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Plan.make(**{"device": "cpu", **options})


@pytest.mark.parametrize("precision", ["16-mixed", "16-true", 16])
def test_float16_needs_a_cpu_that_has_it(precision: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerastorch.runtime.plan.computes_half", lambda: False)
    with pytest.raises(ValueError, match="no float16 units.*bf16-mixed"):
        Plan.make(device="cpu", precision=precision)
    assert Plan.make(device="cpu", precision="mixed_float16").precision.name == "16-mixed"
    monkeypatch.setattr("kerastorch.runtime.plan.computes_half", lambda: True)
    assert Plan.make(device="cpu", precision=precision).precision.name.startswith("16")
