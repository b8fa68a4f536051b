"""Hyperparameters are found as in real Lightning."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.hparams import AttributeDict, setter
from tests.lightning import parity


def modules(lib: Any) -> list[Any]:
    class Plain(lib.LightningModule):  # type: ignore[misc]
        def __init__(self, a: int, b: float = 0.5, *args: Any, c: str = "x", **rest: Any) -> None:
            super().__init__()
            self.save_hyperparameters()

    class Child(Plain):
        def __init__(self, d: int = 4, a: int = 9) -> None:
            super().__init__(a + 1)
            self.d = d

    class Some(lib.LightningModule):  # type: ignore[misc]
        def __init__(self, a: int = 1, b: int = 2) -> None:
            super().__init__()
            self.save_hyperparameters("b")

    class Ignoring(lib.LightningModule):  # type: ignore[misc]
        def __init__(self, a: int = 1, b: int = 2) -> None:
            super().__init__()
            a += 6
            self.save_hyperparameters(ignore=["b"])

    class Dict(lib.LightningModule):  # type: ignore[misc]
        def __init__(self, conf: Any) -> None:
            super().__init__()
            self.save_hyperparameters(conf)

    return [Plain(1, 2.0, 3, c="y", z=5), Child(), Some(), Ignoring(), Dict({"lr": 1}), Dict(Namespace(lr=2))]


def test_the_same_are_found() -> None:
    own, real = (modules(lib) for lib in parity.both())
    for one, other in zip(own, real, strict=True):
        assert dict(one.hparams) == dict(other.hparams)
        assert one.hparams == one.hparams_initial


def test_attributes_and_the_older_way() -> None:
    held = AttributeDict(lr=0.1)
    held.depth = 3
    assert held == {"lr": 0.1, "depth": 3}
    with pytest.raises(AttributeError, match="Did you mean 'depth'"):
        _ = held.dept
    module = pl.LightningModule()
    assert module.hparams == {}
    module.hparams = Namespace(lr=0.2)
    assert module.hparams.lr == 0.2 and module.hparams_initial == {"lr": 0.2}


def test_wrong_names() -> None:
    class Wrong(pl.LightningModule):
        def __init__(self, rate: int = 1, given: Any = "rat") -> None:
            super().__init__()
            self.save_hyperparameters(given)

    with pytest.raises(ValueError, match="Did you mean 'rate'"):
        Wrong()
    with pytest.raises(TypeError, match="a dict or a Namespace"):
        Wrong(given=5)


def test_a_setting_is_set_wherever_it_is_kept_as_lightning_does() -> None:
    with parity.quiet():
        from lightning.pytorch.utilities.parsing import lightning_setattr
    for lib in parity.both():

        class Module(lib.LightningModule):  # type: ignore[misc]
            def __init__(self, rows: int = 1) -> None:
                super().__init__()
                self.save_hyperparameters()
                self.rows = rows

        class Data(lib.LightningDataModule):  # type: ignore[misc]
            def __init__(self, rows: int = 1) -> None:
                super().__init__()
                self.save_hyperparameters()

        module, data = Module(), Data()
        if lib is pl:
            setter([module, data], ["rate", "rows"])(5)
        else:
            with parity.quiet():
                module.trainer = lib.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
            module.trainer.datamodule = data
            lightning_setattr(module, "rows", 5)
        assert (module.rows, module.hparams.rows, data.hparams.rows, hasattr(data, "rows")) == (5, 5, 5, False)
    with pytest.raises(ValueError, match="'rate'"):
        setter([Module()], ["rate"])
