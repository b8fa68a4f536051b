from __future__ import annotations

from pathlib import Path

import pytest

from tests.convert.written import MODEL, convert


@pytest.mark.parametrize("seed", ["keras.utils.set_random_seed(3)", "tf.random.set_seed(3)"])
def test_seeds(tmp_path: Path, seed: str) -> None:
    text = f"import tensorflow as tf\n{MODEL}{seed}\nmodel.fit(x, y)\n"
    torch = convert(tmp_path, text).text
    assert "torch.manual_seed(3)\nnp.random.seed(3)\n" in torch
    assert "pl.seed_everything(3)\n" in convert(tmp_path, text, "lightning").text


@pytest.mark.parametrize(("policy", "precision"), [("mixed_float16", "16-mixed"), ("mixed_bfloat16", "bf16-mixed")])
def test_precision(tmp_path: Path, policy: str, precision: str) -> None:
    text = f"{MODEL}keras.mixed_precision.set_global_policy('{policy}')\nmodel.fit(x, y)\n"
    assert f'precision="{precision}"' in convert(tmp_path, text, "lightning").text
    (mark,) = convert(tmp_path, text).marks
    assert "torch.autocast" in mark.do


def test_what_is_not_needed_is_left_out(tmp_path: Path) -> None:
    text = "import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras\nkeras.backend.clear_session()\nprint(1)\n"
    assert (
        convert(tmp_path, text).text.endswith("print(1)\n")
        and "os" not in convert(tmp_path, text).text.split("\n", 1)[1]
    )
    assert "# Left out: keras.backend.clear_session() (nothing to clear" in convert(tmp_path, text, explain=True).text


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("model.evaluate(x, y, sample_weight=w)", "model.evaluate(sample_weight=w)"),
        ("model.predict(x, steps=2)", "model.predict(steps=2)"),
        ("model.fit(x, y, validation_data=(x, y, w))", "validation_data=(x, y, w)"),
    ],
)
def test_arguments_without_a_counterpart(tmp_path: Path, call: str, what: str) -> None:
    for to in ("torch", "lightning"):
        assert [mark.what for mark in convert(tmp_path, f"{MODEL}w = y[:, 0]\nr = {call}\n", to).marks] == [what]
