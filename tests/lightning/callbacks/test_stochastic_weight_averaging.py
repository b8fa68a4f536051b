"""The averaged weights, rates and statistics are real Lightning's, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from tests.lightning import parity

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {"swa_lrs": 0.01},
    "linear": {"swa_lrs": 0.02, "swa_epoch_start": 2, "annealing_epochs": 2, "annealing_strategy": "linear"},
    "own mean": {"swa_lrs": [0.02], "swa_epoch_start": 3, "avg_fn": lambda mean, own, n: 0.9 * mean + 0.1 * own,
                 "device": None},
}  # fmt: skip


def make(normed: bool, scheduled: bool) -> Any:
    def build(lib: Any) -> Any:
        class Own(parity.classifier(lib)):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.rates: list[Any] = []
                if normed:
                    parts = (nn.Linear(10, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
                    self.net = nn.Sequential(*parts)

            def on_train_epoch_start(self) -> None:
                self.rates.append([group["lr"] for group in self.trainer.optimizers[0].param_groups])

            def configure_optimizers(self) -> Any:
                one = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)
                return ([one], [torch.optim.lr_scheduler.StepLR(one, 1, gamma=0.5)]) if scheduled else one

        return Own

    return build


def averaging(**options: Any) -> Any:
    return [lambda lib: lib.callbacks.StochasticWeightAveraging(**options)]


def check_same(module: Any, other: Any) -> None:
    wanted = other.state_dict()
    for name, value in module.state_dict().items():
        assert torch.equal(value, wanted[name]), name


@pytest.mark.parametrize(("normed", "scheduled"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_same_weights(normed: bool, scheduled: bool, options: dict[str, Any], tmp_path: Path) -> None:
    own, real = parity.run_both(
        make(normed, scheduled), tmp_path, lambda: parity.data(40, shuffle=True), lambda: parity.data(8), max_epochs=5,
        callbacks=averaging(**options),
    )  # fmt: skip
    parity.check_equal(own, real)
    assert own[0].rates == real[0].rates and len(own[0].rates) == 5 + normed
    check_same(own[0], real[0])
    assert own[1].max_epochs == 5
    norms = [one.momentum for one in own[0].modules() if isinstance(one, nn.BatchNorm1d)]
    assert norms == [0.1] * normed


def test_the_epoch_of_statistics_changes_no_weight(tmp_path: Path) -> None:
    """Real Lightning makes an update there with the gradients of the last one, unless a validation forgot them."""
    seen: list[Any] = []

    def build(lib: Any) -> Any:
        class Own(make(True, False)(lib)):  # type: ignore[misc]
            def on_train_epoch_start(self) -> None:
                seen.append([p.detach().clone() for p in self.parameters()])

        return Own

    module, _, _ = parity.run(
        pl, build, tmp_path, parity.data(24), max_epochs=3, callbacks=averaging(swa_lrs=0.1, swa_epoch_start=2)
    )
    mean = [(a + b) / 2 for a, b in zip(*seen[1:3], strict=True)]
    assert all(torch.allclose(p, m, atol=1e-6) for p, m in zip(module.parameters(), mean, strict=True))
    x = module.net[0](parity.data(24).dataset.tensors[0].reshape(3, 8, 10))
    assert torch.allclose(module.net[1].running_mean, x.mean(1).mean(0), atol=1e-6)
    assert torch.allclose(module.net[1].running_var, x.var(1).mean(0), atol=1e-6)


@pytest.mark.parametrize("writer", ["own", "real"])
def test_it_goes_on(writer: str, tmp_path: Path) -> None:
    own, real = parity.both()
    lib, options = (own if writer == "own" else real), {"swa_lrs": 0.02, "swa_epoch_start": 2}

    def fit(lib: Any, folder: Path, epochs: int, **more: Any) -> Any:
        return parity.run(
            lib, make(True, True), folder, parity.data(24), parity.data(8), max_epochs=epochs,
            callbacks=averaging(**options), **more,
        )  # fmt: skip

    whole, _, _ = fit(own, tmp_path / "whole", 5)
    torch.manual_seed(7)
    saving = lib.callbacks.ModelCheckpoint(tmp_path / "kept", save_top_k=-1)
    parity.run(
        lib, make(True, True), tmp_path / "cut", parity.data(24), parity.data(8), max_epochs=5,
        callbacks=[*averaging(**options), lambda lib: saving], enable_checkpointing=True,
    )  # fmt: skip
    path = next((tmp_path / "kept").glob("epoch=2-*.ckpt"))
    torch.manual_seed(7)
    module = make(True, True)(own)()
    trainer = own.Trainer(
        max_epochs=5, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[one(own) for one in averaging(**options)],
    )  # fmt: skip
    trainer.fit(module, parity.data(24), parity.data(8), ckpt_path=path)
    assert module.rates == whole.rates[3:]
    if writer == "own":  # which also keeps the random numbers that Dropout draws
        check_same(module, whole)


def test_bad_arguments(tmp_path: Path) -> None:
    make_one = pl.callbacks.StochasticWeightAveraging
    bad: list[dict[str, Any]] = [
        {"swa_lrs": 1}, {"swa_lrs": -0.1}, {"swa_lrs": []}, {"swa_lrs": 0.1, "swa_epoch_start": 0},
        {"swa_lrs": 0.1, "swa_epoch_start": 1.5}, {"swa_lrs": 0.1, "annealing_strategy": "step"},
        {"swa_lrs": 0.1, "annealing_epochs": -1}, {"swa_lrs": 0.1, "avg_fn": 3},
    ]  # fmt: skip
    for options in bad:
        with pytest.raises((ValueError, TypeError), match=r"of StochasticWeightAveraging"):
            make_one(**options)
    with pytest.raises(ValueError, match="one optimizer"):
        parity.run(pl, parity.gan, tmp_path, parity.data(8), max_epochs=1, callbacks=averaging(swa_lrs=0.1))
    with pytest.raises(ValueError, match="received a fraction"):
        parity.run(pl, parity.classifier, tmp_path, parity.data(8), max_steps=1, callbacks=averaging(swa_lrs=0.1))
