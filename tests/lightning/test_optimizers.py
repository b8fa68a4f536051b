"""Every documented form of `configure_optimizers`; schedulers step when real Lightning's do."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

import kerastorch.lightning as pl
from kerastorch.lightning.optimizers import LightningOptimizer, NoOptimizer, configured, needs_closure, parameters_of
from tests.lightning import parity


def sgd(module: Any) -> Any:
    return torch.optim.SGD(module.parameters(), lr=0.1)


def with_scheduler(module: Any, **how: Any) -> Any:
    optimizer = sgd(module)
    return optimizer, {"scheduler": StepLR(optimizer, 1, 0.5), **how} if how else StepLR(optimizer, 1, 0.5)


def plateau(module: Any, **how: Any) -> Any:
    optimizer = sgd(module)
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=10.0)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, **how}}


def cycle(module: Any) -> Any:
    optimizer = sgd(module)
    total = int(module.trainer.estimated_stepping_batches)
    return [optimizer], [{"scheduler": OneCycleLR(optimizer, 0.2, total_steps=total), "interval": "step"}]


def rate(optimizer: Any) -> float:
    return float(optimizer.param_groups[0].get("lr", 0)) if optimizer.param_groups else 0.0


FORMS: dict[str, Any] = {
    "one": sgd,
    "a list": lambda m: [sgd(m)],
    "two lists": lambda m: [[one] for one in with_scheduler(m)],
    "a tuple of lists": lambda m: tuple([one] for one in with_scheduler(m, interval="step")),
    "a dict": lambda m: dict(zip(("optimizer", "lr_scheduler"), with_scheduler(m, frequency=2), strict=True)),
    "dicts": lambda m: [dict(zip(("optimizer", "lr_scheduler"), with_scheduler(m), strict=True))],
    "steps of two": lambda m: [[one] for one in with_scheduler(m, interval="step", frequency=2)],
    "a plateau": lambda m: plateau(m, monitor="val_loss"),
    "a plateau in steps": lambda m: plateau(m, monitor="loss_step", interval="step", frequency=3),
    "a missing figure": lambda m: plateau(m, monitor="none", strict=False),
    "one cycle": cycle,
    "none": lambda m: None,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_forms(form: Any, tmp_path: Path) -> None:
    rates: list[list[float]] = []

    def make(lib: Any) -> Any:
        rates.append([])

        class Own(parity.classifier(lib)):  # type: ignore[misc]
            def configure_optimizers(self) -> Any:
                return form(self)

            def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
                rates[-1].append(rate(self.optimizers()))

            def on_validation_end(self) -> None:
                rates[-1].append(-rate(self.trainer.optimizers[0]))

        return Own

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        own, real = parity.run_both(
            make, tmp_path, parity.data, lambda: parity.data(12, seed=1), max_epochs=3, accumulate_grad_batches=2
        )
    parity.check_equal(own, real)
    assert rates[0] == rates[1]


def test_turns_are_read() -> None:
    class Two(pl.LightningModule):
        def configure_optimizers(self) -> Any:
            return tuple({"optimizer": torch.optim.SGD([torch.ones(1)], lr=i), "frequency": i} for i in (1, 5))

    optimizers, schedulers, turns = configured(Two())
    assert ([o.param_groups[0]["lr"] for o in optimizers], schedulers, turns) == ([1, 5], [], [1, 5])


def test_a_handed_out_optimizer() -> None:
    optimizer, told = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1), []
    held = LightningOptimizer(optimizer, lambda *given, **more: told.append((given, more)), (told.append, told.append))
    assert held.param_groups is optimizer.param_groups and len(parameters_of(optimizer)) == 1
    held.step(None, foo=1)
    assert told == [((optimizer, None), {"foo": 1})]
    with held.toggle_model():
        assert told[-1] is held
    assert not needs_closure(optimizer) and needs_closure(torch.optim.LBFGS(parameters_of(optimizer)))
    nothing = NoOptimizer()
    assert nothing.step(lambda: 3) == 3 and nothing.state_dict() == {} and nothing.load_state_dict({}) is None
