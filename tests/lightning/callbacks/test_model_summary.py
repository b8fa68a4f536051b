"""The table of parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.model_summary import summary, table
from tests.lightning import parity


def test_depths_and_counts() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Linear(3, 2), nn.Dropout()))
    module[0].requires_grad_(False)
    assert "1.0" not in table(module, 1) and "1.0" in table(module, -1)
    assert table(module, 1).endswith("8 trainable, 15 frozen, 23 parameters in all")


@pytest.mark.parametrize("depth", [1, 2, -1])
def test_the_parts_and_figures_are_lightnings(depth: int) -> None:
    with parity.quiet():
        from lightning.pytorch.utilities.model_summary import summarize
    found = []
    for lib in parity.both():

        class Module(parity.autoencoder(lib)):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                if depth == 1:  # deeper, Lightning counts parts twice and leaves out what is the module's own
                    self.scale = nn.Parameter(torch.ones(3))
                self.encoder.requires_grad_(False).eval()

        module = Module()
        if lib is pl:
            own = summary(module, depth)
            columns = dict(own.pop("summary_data"))
            found.append((columns, {**own, "model_size": round(own["model_size"], 9)}))
        else:
            real = summarize(module, max_depth=depth)
            names = ("total_parameters", "trainable_parameters", "total_training_modes", "total_flops")
            figures = {name: getattr(real, name) for name in names}
            found.append((dict(real._get_summary_data()), {**figures, "model_size": round(real.model_size, 9)}))
    (columns, figures), (wanted, real_figures) = found
    assert figures == real_figures
    assert columns == {name: [cell.strip() or " " for cell in wanted[name]] for name in columns}


def test_a_subclass_gets_what_lightnings_gets(tmp_path: Path) -> None:
    for number, lib in enumerate(parity.both()):
        told: dict[str, Any] = {}

        class Mine(lib.callbacks.ModelSummary):  # type: ignore[misc]
            @staticmethod
            def summarize(
                summary_data: Any, total_parameters: Any, trainable_parameters: Any, model_size: Any,
                total_training_modes: Any, total_flops: Any, told: dict[str, Any] = told, **summarize_kwargs: Any,
            ) -> None:  # fmt: skip
                told.update(total=total_parameters, modes=total_training_modes, more=summarize_kwargs)

        flags = {"max_epochs": 1, "enable_model_summary": True}
        made = Mine(max_depth=1, style="bold")
        parity.run(
            lib, parity.autoencoder, tmp_path / str(number), parity.data(8), None, [lambda lib, m=made: m], **flags
        )
        assert told == {"total": 66 + 28 + 30 + 70, "modes": {"train": 8, "eval": 0}, "more": {"style": "bold"}}


def test_lazy_parameters_count_nothing_yet() -> None:
    assert summary(nn.Sequential(nn.LazyLinear(3)), 1)["total_parameters"] == 0


def test_it_is_shown_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parity.run(pl, parity.autoencoder, tmp_path, parity.data(8), max_epochs=1, enable_model_summary=True)
    assert "encoder" in capsys.readouterr().out
