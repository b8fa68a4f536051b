"""Precisions: in which numbers a step computes, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kerastorch.runtime.precision import (
    MixedPrecision,
    Precision,
    ScaledPrecision,
    TruePrecision,
    choose_precision,
)

CPU = torch.device("cpu")
NAMES = {
    "32": (Precision, ["32", "float32", "32-true", 32, None]),
    "64": (TruePrecision, ["64", "float64", "64-true", 64]),
    "bf16-true": (TruePrecision, ["bf16-true", "bfloat16"]),
    "16-true": (TruePrecision, ["16-true", "float16"]),
    "bf16-mixed": (MixedPrecision, ["bf16-mixed", "mixed_bfloat16", "bf16"]),
    "16-mixed": (ScaledPrecision, ["16-mixed", "mixed_float16", 16, "16"]),
}


@pytest.mark.parametrize(("wanted", "name"), [(w, name) for name, (_, ways) in NAMES.items() for w in ways])
def test_lightnings_and_keras_names(wanted: Any, name: str) -> None:
    found = choose_precision(wanted, CPU)
    assert found.name == name and type(found) is NAMES[name][0]


def test_a_precision_is_taken_as_it_is() -> None:
    mine = Precision()
    assert choose_precision(mine, CPU) is mine


@pytest.mark.parametrize("wanted", ["bf16-mixd", "fp8", "int8", "int32", "", 8, 1.5, True, [], {}, object()])
def test_unknown_names(wanted: Any) -> None:
    with pytest.raises(ValueError, match="precision"):
        choose_precision(wanted, CPU)


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(ValueError, match="bf16-mixed"):
        choose_precision("bf16-mixd", CPU)


def _one_step(precision: Precision) -> tuple[nn.Linear, torch.Tensor]:
    torch.manual_seed(0)
    module, x = nn.Linear(4, 2), torch.randn(8, 4)
    precision.prepare(module)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    with precision.context():
        outputs = module(precision.inputs(x))
        loss = outputs.float().pow(2).mean()
    precision.backward(loss)
    precision.unscale(optimizer)
    precision.step(optimizer)
    return module, outputs


@pytest.mark.parametrize(
    ("name", "weights", "computed", "tolerance"),
    [
        ("32", torch.float32, torch.float32, 0.0),
        ("64", torch.float64, torch.float64, 1e-6),
        ("bf16-mixed", torch.float32, torch.bfloat16, 2e-2),
        ("bf16-true", torch.bfloat16, torch.bfloat16, 2e-2),
        ("16-mixed", torch.float32, torch.float16, 2e-3),
        ("16-true", torch.float16, torch.float16, 2e-3),
    ],
)
def test_a_step_in_each_precision(name: str, weights: Any, computed: Any, tolerance: float) -> None:
    plain, _ = _one_step(Precision())
    module, outputs = _one_step(choose_precision(name, CPU))
    assert module.weight.dtype is weights and outputs.dtype is computed
    torch.testing.assert_close(module.weight.float(), plain.weight, rtol=0, atol=tolerance)


def test_true_precision_casts_floats_and_leaves_integers() -> None:
    inputs = {"x": torch.ones(2), "ids": torch.ones(2, dtype=torch.int64)}
    cast = TruePrecision("bf16-true", torch.bfloat16).inputs(inputs)
    assert cast["x"].dtype is torch.bfloat16 and cast["ids"] is inputs["ids"]
    assert Precision().inputs(inputs) is inputs


class CountingScaler:
    """Stands for `torch.amp.GradScaler`: writes down what it is asked, and really scales."""

    def __init__(self, device: str, factor: float = 1024.0) -> None:
        self.device, self.factor, self.told = device, factor, []

    def scale(self, loss: torch.Tensor) -> torch.Tensor:
        self.told.append("scale")
        return loss * self.factor

    def unscale_(self, optimizer: torch.optim.Optimizer) -> None:
        self.told.append("unscale_")
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad /= self.factor

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        self.told.append("step")
        optimizer.step()

    def update(self) -> None:
        self.told.append("update")


def test_a_scaled_step_goes_through_the_scaler_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.amp, "GradScaler", CountingScaler)
    precision = choose_precision("16-mixed", CPU)
    assert isinstance(precision, ScaledPrecision)
    module, _ = _one_step(precision)
    scaler: Any = precision.scaler
    assert scaler.told == ["scale", "unscale_", "step", "update"] and scaler.device == "cpu"
    plain, _ = _one_step(Precision())
    torch.testing.assert_close(module.weight, plain.weight, rtol=0, atol=2e-3)


def test_an_overflow_skips_the_update_and_lowers_the_scale() -> None:
    precision = ScaledPrecision("16-mixed", CPU, torch.float16)
    weight = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    before = precision.scaler.get_scale()
    precision.backward((weight * float("inf")).sum())
    precision.unscale(optimizer)
    precision.step(optimizer)
    assert weight.item() == 1.0 and precision.scaler.get_scale() == before / 2


def test_the_scale_is_kept_and_taken_up() -> None:
    precision, other = (ScaledPrecision("16-mixed", CPU, torch.float16) for _ in range(2))
    weight = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    precision.backward((weight * float("inf")).sum())
    precision.step(optimizer)
    other.load_state_dict(precision.state_dict())
    assert other.scaler.get_scale() == precision.scaler.get_scale() != 65536.0
    assert all(isinstance(v, (int, float)) for v in precision.state_dict().values())


def test_plain_precision_has_no_state() -> None:
    precision = Precision()
    assert precision.state_dict() == {}
    precision.load_state_dict({})


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["bf16-mixed", "16-mixed", "bf16-true"])
def test_a_step_on_a_gpu(name: str) -> None:
    device = torch.device("cuda")
    precision, module = choose_precision(name, device), nn.Linear(4, 2).to(device)
    precision.prepare(module)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    before = module.weight.detach().clone()
    with precision.context():
        loss = module(precision.inputs(torch.randn(8, 4, device=device))).pow(2).mean()
    precision.backward(loss)
    precision.unscale(optimizer)
    precision.step(optimizer)
    assert not torch.equal(module.weight, before) and module.weight.isfinite().all()
