from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastorch.callbacks import ModelCheckpoint
from tests.callbacks.fakes import FakeModel


def fit(callback: object, values: list[float], steps: int, stride: int) -> list[str]:
    """Drive a `fit` whose batches are reported `stride` at a time; the files that were saved."""
    model = FakeModel()
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        for batch in range(stride - 1, steps, stride):
            callback.on_train_batch_end(batch, {"loss": value + batch})
        callback.on_epoch_end(epoch, {"loss": value, "val_loss": value})
    callback.on_train_end({})
    return model.saved


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.3, float("nan")]), min_size=1, max_size=5),
    st.integers(1, 5),
    st.integers(1, 2),
    st.fixed_dictionaries(
        {
            "monitor": st.just("loss"),
            "mode": st.sampled_from(["min", "max", "auto"]),
            "save_freq": st.sampled_from(["epoch", 1, 2, 3, 7]),
            "save_best_only": st.booleans(),
            "save_weights_only": st.booleans(),
            "initial_value_threshold": st.sampled_from([None, 0.2]),
            "verbose": st.sampled_from([0, 1]),
        }
    ),
)
def test_decisions_and_messages_are_those_of_keras(
    capsys: pytest.CaptureFixture[str], values: list[float], steps: int, stride: int, options: dict
) -> None:
    batch = "-{batch:02d}" if options["save_freq"] != "epoch" else ""
    ending = ".weights.h5" if options["save_weights_only"] else ".keras"
    saved, said = [], []
    for kind in (ModelCheckpoint, keras.callbacks.ModelCheckpoint):
        callback = kind("{epoch:02d}" + batch + "-{loss:.2f}" + ending, **options)
        if kind is not ModelCheckpoint:
            callback._set_monitor_op()  # Keras does so only after an epoch, and fails when it saves by batches
        saved.append(fit(callback, values, steps, stride))
        said.append(capsys.readouterr().out)
    assert saved[0] == saved[1]
    assert said[0] == said[1]


def test_folders_are_made(tmp_path: Path) -> None:
    fit(ModelCheckpoint(tmp_path / "a" / "{epoch}" / "m.keras"), [0.1, 0.2], 1, 1)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["1", "2"]


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.keras").mkdir()
    with pytest.raises(OSError, match=r"`filepath`.*the folder .*m\.keras"):
        fit(ModelCheckpoint(tmp_path / "m.keras"), [0.1], 1, 1)


def test_a_missing_value_is_saved_with_a_warning_and_waits_between_validations() -> None:
    callback = ModelCheckpoint("m.keras", "val_f1", save_best_only=True)
    model = FakeModel()
    callback.set_model(model)
    with pytest.warns(UserWarning, match="val_f1"):
        callback.on_epoch_end(0, {"loss": 1.0})
    assert len(model.saved) == 1
    callback.validate_monitors(["loss", "val_f1"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback.on_epoch_end(1, {"loss": 1.0})
    assert len(model.saved) == 1


def test_a_value_per_class_cannot_be_compared() -> None:
    callback = ModelCheckpoint("m.keras", "loss", save_best_only=True)
    callback.set_model(FakeModel())
    with pytest.warns(UserWarning, match=r"array of shape \(2,\)"):
        callback.on_epoch_end(0, {"loss": np.ones(2)})
    assert callback.model.saved == ["model m.keras"]


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("{val_los:.2f}.keras", {}, "Did you mean 'val_loss'"),
        ("{batch}.keras", {}, "`filepath`"),
        ("{val_loss:.2f}.keras", {"save_freq": 5}, "`filepath`"),
        ("m.keras", {"save_best_only": True, "monitor": "f1"}, "`monitor`.*loss, val_loss"),
    ],
)
def test_names_are_checked_before_the_first_step(path: str, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(path, **options).validate_monitors(["loss", "val_loss"])


def test_names_that_exist_pass() -> None:
    ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras").validate_monitors(["loss", "val_loss"])
    ModelCheckpoint("{epoch}-{batch}-{loss:.1f}.keras", save_freq=3).validate_monitors(["loss", "val_loss"])


def test_a_name_that_no_log_has_is_told_when_saving() -> None:
    callback = ModelCheckpoint("{val_loss}.keras")
    callback.set_model(FakeModel())
    with pytest.raises(KeyError, match="val_loss.*epoch, loss"):
        callback.on_epoch_end(0, {"loss": 1.0})


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("m.h5", {"save_weights_only": True}),
        ("m.pt", {}),
        ("m.keras", {"save_freq": 0}),
        ("m.keras", {"save_freq": "batch"}),
        ("m.keras", {"save_freq": 2.5}),
        ("m.keras", {"mode": "best"}),
    ],
)
def test_bad_arguments(path: str, options: dict) -> None:
    with pytest.raises(ValueError, match="of ModelCheckpoint"):
        ModelCheckpoint(path, **options)


def test_a_whole_run_that_goes_on(tmp_path):
    """A folder ending in .ckpt is the run: the best one replaces the one before."""
    from tests.callbacks.test_checkpointing import At, X, Y, small, stop

    def run(*callbacks, **options):
        model = small()
        history = model.fit(X, Y, batch_size=8, epochs=6, verbose=0, callbacks=list(callbacks), **options)
        return history.history, model.get_weights()

    kept = ModelCheckpoint(tmp_path / "best.ckpt", "loss", save_best_only=True)
    batches = ModelCheckpoint(tmp_path / "{epoch}-{batch}.ckpt", save_freq=8)
    with pytest.raises(InterruptedError):
        run(kept, batches, At(23, stop))
    assert {path.name for path in tmp_path.iterdir()} == {"best.ckpt", "2-3.ckpt", "4-1.ckpt"}
    assert len(list((tmp_path / "best.ckpt").glob("checkpoint-*"))) == 1
    want = run()
    for path in tmp_path.iterdir():
        found = run(At(99, stop), resume=path)
        assert found[0] == want[0] and all(map(np.array_equal, found[1], want[1])), path.name
