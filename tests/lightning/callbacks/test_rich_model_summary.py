"""The table of parts, drawn by rich."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from rich.console import Console

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks import rich_model_summary
from kerastorch.lightning.callbacks.model_summary import summary
from tests.lightning import parity


def shown(folder: Path, lib: Any, callback: Any) -> str:
    """What a fit shows on a wide console."""
    console = Console(width=200, record=True, quiet=False)
    with (
        mock.patch.object(rich_model_summary, "get_console", lambda: console),
        mock.patch("rich.get_console", lambda: console),
    ):
        parity.run(lib, parity.autoencoder, folder, parity.data(8), callbacks=[lambda lib: callback], max_epochs=1,
                   enable_model_summary=True)  # fmt: skip
    return console.export_text(styles=True)


def test_every_part_has_a_row_and_the_figures_are_lightnings(tmp_path: Path) -> None:
    for depth in (1, -1):
        texts = [shown(tmp_path, lib, lib.callbacks.RichModelSummary(depth)) for lib in parity.both()]
        columns = dict(summary(parity.autoencoder(pl)(), depth)["summary_data"])
        for text in texts:
            for row in zip(*(columns[name] for name in ("Name", "Type", "Params", "Mode")), strict=True):
                assert any(all(cell in line for cell in row) for line in text.splitlines()), row
            for name, figure in (("Total params", 194), ("Non-trainable params", 0), ("Modules in train mode", 8)):
                line = next(line for line in text.splitlines() if name in line)
                assert line.split()[-1] == str(figure), line


def test_the_style_of_the_header(tmp_path: Path) -> None:
    plain, green = (
        shown(tmp_path, pl, pl.callbacks.RichModelSummary(**how)) for how in ({}, {"header_style": "green"})
    )
    assert "Params" in green and plain != green


def test_it_takes_the_place_of_the_plain_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = pl.Trainer(
        callbacks=pl.callbacks.RichModelSummary(0), logger=False, default_root_dir=tmp_path, max_epochs=1
    )
    assert [type(one).__name__ for one in trainer.callbacks if isinstance(one, pl.callbacks.ModelSummary)] == [
        "RichModelSummary"
    ]
    assert shown(tmp_path, pl, pl.callbacks.RichModelSummary(0)) == "" == capsys.readouterr().out
