"""Scripts of earlier years take their flags from the command line."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser
from typing import Any

import pytest

import kerastorch.lightning as pl


def parsed(words: str, *kinds: Any) -> Any:
    parser = ArgumentParser()
    parser.add_argument("--batch_size", type=int, default=3)  # the script's own
    with pytest.warns(DeprecationWarning, match="add_argparse_args"):
        for kind in kinds:
            parser = kind.add_argparse_args(parser)
    return parser.parse_args(words.split())


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--max_epochs 3 --limit_train_batches 0.5", {"max_epochs": 3, "limit_train_batches": 0.5}),
        ("--fast_dev_run --gradient_clip_val 1e-1", {"fast_dev_run": True, "gradient_clip_val": 0.1}),
        ("--check_val_every_n_epoch None --val_check_interval 7", {"check_val_every_n_epoch": None}),
        ("--max_time 00:01:00:00 --accelerator cpu", {"max_time": "00:01:00:00"}),
    ],
)
def test_flags_of_a_trainer(words: str, wanted: dict[str, Any]) -> None:
    args = parsed(words, pl.Trainer)
    with pytest.warns(DeprecationWarning, match="from_argparse_args") as told:
        trainer = pl.Trainer.from_argparse_args(args, logger=False)
    assert len(told) == 1 and {name: getattr(trainer.options, name) for name in wanted} == wanted


def test_older_flags() -> None:
    args = parsed("--max_nb_epochs 2 --gpus 0", pl.Trainer)
    with pytest.warns(DeprecationWarning):
        trainer = pl.Trainer.from_argparse_args(args, logger=False)
    assert (trainer.max_epochs, trainer.options.accelerator) == (2, "cpu")


def test_a_datamodule() -> None:
    class Data(pl.LightningDataModule):
        def __init__(self, folder: str, batch_size: int = 8, shuffle: bool = True) -> None:
            super().__init__()
            self.said = (folder, batch_size, shuffle)

    args = parsed("--batch_size 5 --folder there --shuffle False --max_epochs 1", Data, pl.Trainer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Data.from_argparse_args(args).said == ("there", 5, False)
        assert Data.from_argparse_args(args, folder="here").said == ("here", 5, False)
