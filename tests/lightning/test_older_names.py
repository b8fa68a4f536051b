"""A Trainer's attributes of earlier years, with a line that names today's."""

from __future__ import annotations

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.older_names import OLDER


def test_each_has_a_value() -> None:
    trainer = pl.Trainer(accelerator="cpu", logger=False)
    for name, (today, _) in OLDER.items():
        with pytest.warns(DeprecationWarning, match=f"trainer.{name}`") as told:
            value = getattr(trainer, name)
        assert today in str(told[0].message) and told[0].filename == __file__
        if name.startswith("use_") or name == "num_gpus":
            assert not value
    with pytest.raises(AttributeError, match="'Trainer' object has no attribute 'nonsense'"):
        _ = trainer.nonsense
