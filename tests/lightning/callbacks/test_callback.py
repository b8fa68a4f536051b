"""The base class has real Lightning's hooks, with the same arguments."""

from __future__ import annotations

import inspect

import kerastorch.lightning as pl
from tests.lightning import parity


def test_hooks_and_arguments_are_lightnings() -> None:
    _, real = parity.both()
    names = [name for name in vars(real.Callback) if name.startswith("on_") or name in ("setup", "teardown")]
    assert len(names) > 30
    for name in names:
        wanted = list(inspect.signature(getattr(real.Callback, name)).parameters)
        assert list(inspect.signature(getattr(pl.Callback, name)).parameters) == wanted, name


def test_hooks_of_modules_are_lightnings() -> None:
    _, real = parity.both()
    not_ours = {"configure_sharded_model"}
    for base in real.LightningModule.__mro__:
        if base.__module__ == "lightning.pytorch.core.hooks":
            for name in vars(base):
                if not name.startswith("_") and name not in not_ours:
                    wanted = list(inspect.signature(getattr(base, name)).parameters)
                    assert list(inspect.signature(getattr(pl.LightningModule, name)).parameters) == wanted, name


def test_state_keys() -> None:
    _, real = parity.both()
    for lib in (pl, real):
        assert type("Mine", (lib.Callback,), {})().state_key == "Mine"
    for make in (lambda cb: cb.EarlyStopping("a", mode="max"), lambda cb: cb.ModelCheckpoint(every_n_train_steps=3)):
        assert make(pl.callbacks).state_key == make(real.callbacks).state_key


def test_a_key_of_arguments() -> None:
    keys = []
    for lib in parity.both():

        class Counter(lib.Callback):  # type: ignore[misc]
            @property
            def state_key(self) -> str:
                return str(self._generate_state_key(what="epochs"))

        keys.append(Counter().state_key)
    assert keys[0] == keys[1] and keys[0].endswith("Counter{'what': 'epochs'}")
