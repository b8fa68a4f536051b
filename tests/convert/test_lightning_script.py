from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.convert.written import DATA, MODEL, assert_equal_weights, convert, train


def _text(folder: Path, *lines: str) -> str:
    made = convert(folder, MODEL + "\n".join(lines), "lightning")
    assert not made.marks, made.marks
    return made.text


def test_flags(tmp_path: Path) -> None:
    assert "trainer = pl.Trainer(max_epochs=3, logger=False, enable_checkpointing=False)" in _text(
        tmp_path, "model.fit(x, y, epochs=3)"
    )
    text = _text(tmp_path, "model.fit(x, y, verbose=0, steps_per_epoch=2, validation_steps=1, validation_freq=2)")
    for flag in (
        "enable_progress_bar=False",
        "limit_train_batches=2",
        "limit_val_batches=1",
        "check_val_every_n_epoch=2",
    ):
        assert f"    {flag},\n" in text


def test_models_that_were_not_trained_get_a_trainer(tmp_path: Path) -> None:
    text = _text(tmp_path, "a = model.evaluate(x, y)", "b = model.predict(x)")
    assert text.count("pl.Trainer(logger=False, enable_checkpointing=False)") == 1


def test_results_are_taken_by_name(tmp_path: Path) -> None:
    text = _text(tmp_path, "loss, mae = model.evaluate(x, y)", "print(model.evaluate(x, y)[1])")
    assert 'loss, mae = results["test_loss"], results["test_mae"]' in text
    assert 'print(results_2["test_mae"])' in text or 'print(test_results["test_mae"])' in text
    text = _text(tmp_path, "print(f'{model.evaluate(x, y)}')", "d = model.evaluate(x, y, return_dict=True)")
    assert "print(f'{result}')" in text and 'removeprefix("test_")' in text


def test_checkpoints(tmp_path: Path) -> None:
    text = _text(
        tmp_path, "model.fit(x, y)", "model.save('a.keras')", "m = keras.models.load_model('a.keras')", "m.predict(x)"
    )
    assert 'trainer.save_checkpoint("a.ckpt")' in text and 'm = LitModel.load_from_checkpoint("a.ckpt")' in text
    text = _text(tmp_path, "model.save_weights('a.weights.h5')", "model.load_weights('a.weights.h5')")
    assert 'torch.save(model.state_dict(), "a.pt")' in text


def test_plateau_beside_a_schedule_is_marked(tmp_path: Path) -> None:
    text = MODEL.replace('"sgd"', "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5))")
    fit = "model.fit(x, y, validation_split=0.5, callbacks=[keras.callbacks.ReduceLROnPlateau()])\n"
    (mark,) = convert(tmp_path, text + fit, "lightning").marks
    assert "schedule already" in mark.why


def test_the_history_has_metrics_that_collect_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fit = "history = model.fit(x, y > 0, epochs=3, validation_split=0.5, shuffle=False, verbose=0)\n"
    text = f"{DATA}model.compile('sgd', 'mse', metrics=[keras.metrics.Precision(name='p')])\n{fit}"
    made = convert(tmp_path, text, "lightning").text
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(made.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
    assert {name: len(values) for name, values in space["history"].history.items()} == {
        name: 3 for name in ("loss", "p", "val_loss", "val_p")
    }


def test_plateau_of_one_fit_of_several_is_marked(tmp_path: Path) -> None:
    fit = "model.fit(x, y, validation_split=0.5, callbacks=[keras.callbacks.ReduceLROnPlateau()])\n"
    made = convert(tmp_path, f"{MODEL}model.fit(x, y)\n{fit}", "lightning")
    assert ["every fit" in mark.why for mark in made.marks] == [True] and "lr_scheduler" not in made.text


@pytest.mark.parametrize("name", ["LitModel", "Network", "measure"])
def test_names_of_the_script_are_not_taken(tmp_path: Path, name: str) -> None:
    for to in ("torch", "lightning"):
        made = convert(tmp_path, f"{MODEL}\ndef {name}():\n    pass\n{name}()\nmodel.fit(x, y)\n", to)
        assert not made.marks and made.text.count(f"def {name}(") == 1 and f"class {name}(" not in made.text


def test_a_second_fit_goes_on_with_the_optimizer_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fit = "model.fit(x, y, epochs=2, shuffle=False, verbose=0)\n"
    found = train(tmp_path, f"{DATA}model.compile('adam', 'mse')\n{fit}model.evaluate(x, y, verbose=0)\n{fit}")
    assert_equal_weights(found)
    assert "make_optimizers" not in convert(tmp_path, MODEL + fit, "lightning").text
