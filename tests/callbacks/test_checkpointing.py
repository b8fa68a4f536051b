"""Checkpoints kept by `fit`: arguments, signals, what is restored, and that a failure leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch.callbacks import Callback, Checkpointing, EarlyStopping, ReduceLROnPlateau
from kerastorch.checkpoint import Store
from kerastorch.checkpoint.files import DamagedError
from kerastorch.checkpoint.lock import BusyError
from tests.support import exactness

X = np.random.default_rng(0).random((40, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def small(units: int = 3, **options: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", "device": "cpu", **options})
    return model


def fit(model: Any, folder: Any, epochs: int = 3, **options: Any) -> Any:
    given = {"batch_size": 8, "verbose": 0, "resume": "auto", **options}
    return model.fit(X, Y, epochs=epochs, checkpoint_dir=folder, **given)


class At(Callback):
    """Does something after so many batches."""

    def __init__(self, batch: int, action: Any, hook: str = "on_train_batch_end") -> None:
        super().__init__()
        self.batch, self.action, self.done = batch, action, 0
        setattr(self, hook, self._count)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def _count(self, *given: Any, **named: Any) -> None:
        self.done += 1
        if self.done == self.batch:
            self.action()


def stop() -> None:
    raise InterruptedError("stop")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"save_every": 0}, "`save_every` of fit"),
        ({"save_every": "daily"}, "received 'daily'"),
        ({"save_every": True}, "`save_every` of fit"),
        ({"resume": 3}, "`resume` of fit"),
        ({"checkpoint_dir": None}, "`checkpoint_dir` beside it"),
        ({"resume": "nowhere", "checkpoint_dir": None}, "the path of a checkpoint"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    model = small()
    before = [w.copy() for w in model.get_weights()]
    given = {"checkpoint_dir": tmp_path / "a", "resume": "auto", **options}
    with pytest.raises((ValueError, TypeError), match=told):
        model.fit(X, Y, verbose=0, **given)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.fit(X, Y, verbose=0)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seen = At(1, lambda: None)
    with pytest.raises(OSError, match=r"file/a.*choose another `checkpoint_dir`"):
        fit(small(), tmp_path / "file" / "a", callbacks=[seen])
    assert seen.done == 0


def test_checkpoints_of_an_earlier_run_are_not_touched(tmp_path: Path) -> None:
    fit(small(), tmp_path)
    with pytest.raises(ValueError, match='or `resume="auto"` to go on'):
        fit(small(), tmp_path, resume=None)
    assert len(Store(tmp_path).paths()) == 2


def test_a_finished_run_has_nothing_left_but_may_be_prolonged(tmp_path: Path) -> None:
    first = fit(small(), tmp_path)
    model, seen = small(), At(1, lambda: None)
    again = fit(model, tmp_path, callbacks=[seen])
    assert again.history == first.history and again.epoch == [0, 1, 2] and seen.done == 0
    longer = fit(small(), tmp_path, epochs=5)
    assert longer.history == small().fit(X, Y, epochs=5, batch_size=8, verbose=0).history


@pytest.mark.parametrize("resume", ["folder", "checkpoint"])
def test_resuming_from_a_path_without_keeping_more(resume: str, tmp_path: Path) -> None:
    fit(small(), tmp_path)
    path = tmp_path if resume == "folder" else Store(tmp_path).paths()[-1]
    files = sorted(tmp_path.iterdir())
    history = fit(small(), None, epochs=4, resume=path)
    assert history.epoch == [0, 1, 2, 3] and sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: fit(small(5), Path("a")), "Resuming: weights"),
        (lambda: fit(small(optimizer="sgd", loss="mae"), Path("a"), epochs=4), None),
        (lambda: small().fit(X[:20], Y[:20], batch_size=8, checkpoint_dir="a", resume="auto"), "the data have changed"),
        (lambda: fit(small(), Path("a"), batch_size=4), "the data have changed"),
    ],
)
def test_another_model_or_other_data_are_refused(
    change: Any, told: str | None, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(small(), Path("a"))
    if told is None:  # an optimizer of another kind takes what it knows
        change()
        return
    with pytest.raises(ValueError, match=told):
        change()
    assert fit(small(), Path("a")).epoch == [0, 1, 2]


def test_what_callbacks_have_noted_comes_back(tmp_path: Path) -> None:
    def callbacks(patience: int, *more: Any) -> list[Any]:
        rate = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)
        return [EarlyStopping("loss", patience=patience, min_delta=10.0, restore_best_weights=True), rate, *more]

    def rate(model: Any) -> float:
        return float(model.optimizer.learning_rate)

    whole = small()
    want = fit(whole, None, epochs=9, resume=None, callbacks=callbacks(4)).history
    with pytest.raises(InterruptedError):
        fit(small(), tmp_path, epochs=9, callbacks=callbacks(4, At(17, stop)))
    given = callbacks(4, At(99, stop))
    model = small()
    got = fit(model, tmp_path, epochs=9, callbacks=given)
    assert got.history == want and len(want["loss"]) == 5 and rate(model) == rate(whole) < 1e-3
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(a, b), "the best weights of the first part"
    again = small()
    fit(again, tmp_path, epochs=9, callbacks=[seen := At(1, lambda: None)])
    assert seen.done == 0, "a run that was stopped early is through"


def test_an_argument_of_the_new_script_counts(tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        fit(small(), tmp_path, epochs=9, callbacks=[EarlyStopping("loss", patience=2, min_delta=10.0), At(8, stop)])
    kept = EarlyStopping("loss", patience=5, min_delta=10.0)
    assert len(fit(small(), tmp_path, epochs=9, callbacks=[kept, At(99, stop)]).epoch) == 6
    assert kept.patience == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize(
    ("hook", "count"),
    [("on_train_batch_begin", 1), ("on_train_batch_begin", 7), ("on_test_batch_begin", 2), ("on_epoch_end", 2)],
    ids=["first batch", "batch", "validation", "epoch end"],
)
def test_a_signal_saves_and_ends(hook: str, count: int, number: int, tmp_path: Path) -> None:
    def run(folder: Any, *callbacks: Any) -> Any:
        exactness.SEEN.clear()
        model = exactness.made(True, 3)
        data = exactness.given("arrays", True)
        held_out = (data["x"][:20], data["y"][:20])
        options = {"epochs": 2, "verbose": 0, "validation_data": held_out, "validation_batch_size": 8}
        history = model.fit(
            **data, **options, callbacks=list(callbacks), checkpoint_dir=folder, resume=folder and "auto"
        )
        found = exactness.digest(model, history)
        return {name: found[name] for name in ("weights", "optimizer", "random", "history")}

    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended:
        run(tmp_path / "a", At(count, lambda: os.kill(os.getpid(), number), hook))
    assert ended.value.code == 128 + number and signal.getsignal(number) is before
    quiet = At(99, stop, hook)
    assert run(tmp_path / "a", quiet) == run(None, quiet)


def test_what_goes_wrong_while_writing_is_raised_at_a_later_batch(tmp_path: Path, monkeypatch: Any) -> None:
    write = Store.write

    def failing(self: Any, *given: Any) -> Any:
        if self.number == 2:
            raise OSError(28, "No space left on device")
        return write(self, *given)

    monkeypatch.setattr(Store, "write", failing)
    with pytest.raises(OSError, match="No space"):
        fit(small(), tmp_path, save_every=2)
    monkeypatch.undo()
    kept = Store(tmp_path).newest()
    assert kept is not None and kept.about == {"epoch": 0, "batch": 4, "step": 4}
    assert fit(small(), tmp_path).history == small().fit(X, Y, epochs=3, batch_size=8, verbose=0).history


def test_a_damaged_checkpoint_is_passed_over_and_said(tmp_path: Path) -> None:
    fit(small(), tmp_path)
    newest = Store(tmp_path).paths()[-1] / "shared.pt"
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="goes on from checkpoint-000002"):
        history = fit(small(), tmp_path)
    assert history.history == small().fit(X, Y, epochs=3, batch_size=8, verbose=0).history
    for path in Store(tmp_path).paths():
        (path / "manifest.json").write_text("{}")
    with pytest.raises(DamagedError, match="No other checkpoint"):
        fit(small(), tmp_path)


def test_one_run_in_a_folder(tmp_path: Path) -> None:
    def another() -> None:
        with pytest.raises(BusyError, match=f"process {os.getpid()} on"):
            fit(small(), tmp_path)

    seen = At(2, another)
    fit(small(), tmp_path, callbacks=[seen])
    assert seen.done > 2


def test_a_checkpoint_holds_no_code_and_says_where_it_stands(tmp_path: Path) -> None:
    fit(small(), tmp_path)
    path = Store(tmp_path).paths()[-1]
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["about"] == {"epoch": 3, "batch": 0, "step": 15}
    for name in manifest["files"]:
        torch.load(path / name, weights_only=True)


def test_two_optimizers_of_the_users_own_step(tmp_path: Path) -> None:
    class Pair(keras.Model):
        """Trains two parts in turn; one optimizer is built by its first update."""

        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = keras.layers.Dense(3), keras.layers.Dense(1)
            self.second = keras.optimizers.Adam(0.01)
            self.first = torch.optim.SGD

        def call(self, x: Any) -> Any:
            return self.b(self.a(x))

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            loss = torch.nn.functional.mse_loss(self(x), y)
            self.zero_grad()
            loss.backward()
            self.second.apply([p.grad for p in self.a.parameters()], list(self.a.parameters()))
            self.optimizer.apply([p.grad for p in self.b.parameters()], list(self.b.parameters()))
            return {"loss": loss}

    def run(folder: Any, *callbacks: Any) -> Any:
        keras.utils.set_random_seed(3)
        model = Pair()
        model.compile("rmsprop", device="cpu")
        history = fit(model, folder, save_every=1, callbacks=[*callbacks], resume=folder and "auto")
        states = [model.state_dict(), model.second.state_dict(), model.optimizer.state_dict(), history.history]
        return exactness._hash(states)

    with pytest.raises(InterruptedError):
        run(tmp_path, At(8, stop))
    assert run(tmp_path, At(99, stop)) == run(None)


def test_a_plain_module_with_torchs_own_parts(tmp_path: Path) -> None:
    torchmetrics = pytest.importorskip("torchmetrics")

    def run(folder: Any, *callbacks: Any) -> Any:
        keras.utils.set_random_seed(3)
        net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 1))
        model = keras.Model(net)
        model.compile(
            torch.optim.NAdam(net.parameters()), nn.MSELoss(), metrics=[torchmetrics.MeanAbsoluteError()], device="cpu"
        )
        history = fit(model, folder, save_every=3, callbacks=[*callbacks], resume=folder and "auto")
        return exactness._hash([net.state_dict(), model.optimizer.state_dict(), history.history])

    with pytest.raises(InterruptedError):
        run(tmp_path, At(8, stop))
    assert run(tmp_path, At(99, stop)) == run(None)


def test_true_half_precision_keeps_the_optimizers_numbers(tmp_path: Path) -> None:
    def run(folder: Any, *callbacks: Any) -> Any:
        model = small(precision="bf16-true")
        history = fit(model, folder, save_every=1, callbacks=[*callbacks], resume=folder and "auto")
        return exactness._hash([model.state_dict(), model.optimizer.state_dict(), history.history])

    with pytest.raises(InterruptedError):
        run(tmp_path, At(8, stop))
    assert run(tmp_path, At(99, stop)) == run(None)


def test_it_acts_last_and_adds_no_exchange() -> None:
    order: list[str] = []

    class Last(Checkpointing):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            order.append("last")

    class First(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            order.append("first")

    watching = keras.callbacks.CallbackList([Last("x"), First()])
    watching.on_epoch_end(0, {})
    assert order == ["first", "last"] and not watching.steers


HOOKS = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end"]
HOOKS += ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end", "on_epoch_end", "on_train_end"]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_callback_that_raises_anywhere(hook: str, tmp_path: Path) -> None:
    """The error itself comes out, others hear of it, nothing stays open, and the checkpoints can be used."""
    heard: list[BaseException] = []

    class Hearing(Callback):
        def on_exception(self, exception: BaseException) -> None:
            heard.append(exception)
            raise RuntimeError("told while telling")

    def fail() -> None:
        raise KeyError("of the user")

    before, model = signal.getsignal(signal.SIGTERM), small()
    count = 1 if hook in ("on_train_begin", "on_train_end") else 2
    options = {"validation_data": (X[:8], Y[:8]), "save_every": 1}
    with pytest.warns(UserWarning, match="told while telling"), pytest.raises(KeyError, match="of the user") as caught:
        fit(model, tmp_path, callbacks=[At(count, fail, hook), Hearing()], **options)
    assert heard == [caught.value] and any(entry.name == "fail" for entry in caught.traceback)
    assert signal.getsignal(signal.SIGTERM) is before and model._resumable is None
    quiet = At(99, stop, hook)
    found = fit(small(), tmp_path, callbacks=[quiet, Callback()], **options)
    want = small().fit(X, Y, epochs=3, batch_size=8, verbose=0, validation_data=options["validation_data"])
    assert found.history == want.history
