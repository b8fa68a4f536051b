"""Plain loops train to what `fit` trains to, whatever was compiled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.convert.written import DATA, assert_equal_weights, convert, train

FIT = "model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0)\nresult = model.evaluate(x, y, verbose=0)\n"


@pytest.mark.parametrize(
    "told",
    [
        "'adam', 'mae', metrics=['mse', 'mae']",
        "keras.optimizers.RMSprop(0.01, momentum=0.5), keras.losses.Huber()",
        "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)), 'mse'",
        "keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=0.5), 'mse'",
        "keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=1.0), 'mse'",
    ],
)
def test_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    found = train(tmp_path, f"{DATA}model.compile({told})\n{FIT}")
    assert_equal_weights(found)
    for to in ("torch", "lightning"):
        assert np.ravel(found[to]["result"]) == pytest.approx(np.ravel(found["keras"]["result"]), rel=1e-5)


def test_penalties_are_part_of_the_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = DATA.replace("keras.layers.Dense(1)", "keras.layers.Dense(1, kernel_regularizer='l2')")
    found = train(tmp_path, f"{text}model.compile('sgd', 'mse')\n{FIT}")
    assert_equal_weights(found)
    assert found["torch"]["result"] == pytest.approx(found["keras"]["result"], rel=1e-5)


@pytest.mark.parametrize("split", ["validation_split=0.3", "validation_data=(x[30:], y[30:])", "validation_data=held"])
def test_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str) -> None:
    monkeypatch.chdir(tmp_path)
    fit = f"h = model.fit(x, y, epochs=2, batch_size=16, shuffle=False, {split}, verbose=0)\n"
    found = train(tmp_path, f"{DATA}held = (x[:9], y[:9])\nmodel.compile('sgd', 'mse', metrics=['mae'])\n{fit}")
    assert_equal_weights(found)
    expected = found["keras"]["h"].history
    assert list(found["torch"]["h"]) == list(expected)
    for name, values in expected.items():
        assert found["torch"]["h"][name] == pytest.approx(values, rel=1e-4), name
        assert found["lightning"]["h"].history[name] == pytest.approx(values, rel=1e-4), name


def test_predictions_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        f"{DATA}model.compile('adam', 'mse')\n{FIT}model.save('a.keras')\nagain = keras.models.load_model('a.keras')\n"
        "p = again.predict(x, batch_size=7, verbose=0)\nq = (model.predict(x, verbose=0) > 0).mean()\n"
    )
    found = train(tmp_path, text)
    for to in ("torch", "lightning"):
        np.testing.assert_allclose(found[to]["p"], found["keras"]["p"], rtol=1e-5, atol=1e-6)
        assert found[to]["q"] == found["keras"]["q"]


def test_histories_that_are_passed_on_keep_their_form(tmp_path: Path) -> None:
    start = f"{DATA}model.compile('sgd', 'mse')\n"
    plain = convert(tmp_path, f"{start}h = model.fit(x, y)\nprint(h.history['loss'])\n")
    assert "print(h['loss'])" in plain.text and "SimpleNamespace" not in plain.text
    passed = convert(tmp_path, f"{start}h = model.fit(x, y)\nplot(h)\n".replace("plot", "print"))
    assert 'h = SimpleNamespace(history=figures, epoch=list(range(len(figures["loss"]))))' in passed.text


def test_arguments_of_the_target_alone(tmp_path: Path) -> None:
    fit = f"{DATA}model.compile('sgd', 'mse')\nmodel.fit(x, y, initial_epoch=2, epochs=4)\n"
    assert "in range(2, 4):" in convert(tmp_path, fit).text
    steps = f"{DATA}model.compile('sgd', 'mse')\nmodel.fit(x, y, steps_per_epoch=2)\n"
    assert "limit_train_batches=2" in convert(tmp_path, steps, "lightning").text
    assert [mark.what for mark in convert(tmp_path, steps).marks] == ["model.fit(steps_per_epoch=2)"]


SEVERAL = """import keras
import numpy as np
first = np.arange(6)
second = np.arange(12.0).reshape(6, 2)
one, two = keras.Input((1,), name="one"), keras.Input((2,), name="two")
h = keras.layers.Concatenate()([one, two])
model = keras.Model([one, two], [keras.layers.Dense(1, name="p")(h), keras.layers.Dense(2, name="q")(h)])
model.compile("sgd", loss=["mse", "mae"])
y = [first, second]
model.fit({"two": second, "one": first}, y, epochs=1, verbose=0)
outputs = model.predict([first, second])
names = model.metrics_names
print(f"{names[0]} {model.metrics_names[1]}")
"""


@pytest.mark.parametrize("to", ["torch", "lightning"])
def test_several_inputs_and_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    monkeypatch.chdir(tmp_path)
    made = convert(tmp_path, SEVERAL, to)
    assert not made.marks
    space: dict[str, object] = {"__name__": "__main__"}
    exec(made.text.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
    assert [array.shape for array in space["outputs"]] == [(6, 1), (6, 2)]  # type: ignore[attr-defined]
    assert space["names"] == ["loss", "p_loss", "q_loss"]


@pytest.mark.parametrize("to", ["torch", "lightning"])
def test_a_model_called_on_data_is_what_predict_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    monkeypatch.chdir(tmp_path)
    drop = DATA.replace("keras.layers.Dense(1)]", "keras.layers.Dropout(0.5), keras.layers.Dense(1)]")
    text = f"{drop}model.compile('sgd', 'mse')\ncalled = model(x).numpy()\nall = model.predict(x)\n"
    made = convert(tmp_path, text, to)
    assert not made.marks
    space: dict[str, object] = {"__name__": "__main__"}
    exec(made.text.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
    np.testing.assert_allclose(space["called"], space["all"], rtol=1e-6)  # type: ignore[arg-type]
