"""Hyperparameters as YAML that other readers understand."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from kerastorch.lightning.loggers.settings import by_name, write


def test_yaml(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    given = {"lr": 0.1, "name": 'a "b": c', "none": None, "sizes": [1, 2], "net": {"depth": 2}, "a: b": True}
    write(str(tmp_path), Namespace(**given))
    assert yaml.safe_load((tmp_path / "hparams.yaml").read_text()) == given
    write(str(tmp_path), {})
    assert yaml.safe_load((tmp_path / "hparams.yaml").read_text()) == {}


def test_by_name() -> None:
    assert by_name(Namespace(a=1, b={"c": {"d": 2}})) == {"a": 1, "b/c/d": 2}
