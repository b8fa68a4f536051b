"""Several loaders as one give what Lightning's give, alone and in a Trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities import CombinedLoader as Real
from torch.utils.data import DataLoader

from kerastorch.lightning.combined_loader import MODES, CombinedLoader
from tests.lightning import parity

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning on newer torch


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loaders", [{"a": [1, 2, 3], "b": ["x", "y"]}, [range(2), range(4)], [range(3)]])
def test_the_same_batches(mode: str, loaders: Any) -> None:
    if isinstance(loaders, dict):  # a list within is a structure to Lightning
        loaders = {name: tuple_of(values) for name, values in loaders.items()}
    own, real = (list(iter(kind(loaders, mode))) for kind in (CombinedLoader, Real))
    assert own == [tuple(one) for one in real]
    assert len(CombinedLoader(loaders, mode)) == len(own)


def tuple_of(values: Any) -> Any:
    return DataLoader(values, batch_size=None)


def test_wrong_mode_and_unknown_length() -> None:
    with pytest.raises(ValueError, match="max_size"):
        CombinedLoader([], "max_sise")
    with pytest.raises(TypeError, match="no length"):
        len(CombinedLoader([iter([1])]))


@pytest.mark.parametrize("mode", MODES)
def test_in_a_trainer(mode: str, tmp_path: Path) -> None:
    seen: dict[str, list[Any]] = {}

    def make(lib: Any) -> Any:
        calls = seen.setdefault(lib.__name__, [])

        class Seeing(lib.LightningModule):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.layer = torch.nn.Linear(1, 1)

            def training_step(self, batch: Any, batch_idx: int) -> Any:
                calls.append(("train", str(batch), batch_idx))
                return self.layer(torch.ones(1, 1)).sum()

            def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
                calls.append(("val", str(batch), batch_idx, dataloader_idx))

            def configure_optimizers(self) -> Any:
                return torch.optim.SGD(self.parameters(), lr=0.1)

        return Seeing

    for lib, kind in zip(parity.both(), (CombinedLoader, Real), strict=True):

        def loaders(mode: str, kind: Any = kind) -> Any:
            parts = {"a": torch.arange(3.0), "b": torch.arange(2.0)}
            return kind({name: DataLoader(rows, batch_size=1) for name, rows in parts.items()}, mode)

        parity.run(
            lib,
            make,
            tmp_path / lib.__name__,
            loaders("min_size" if mode == "sequential" else mode),
            loaders(mode),
            max_epochs=2,
        )
    own, real = seen.values()
    assert own == real and own
