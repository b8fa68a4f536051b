from __future__ import annotations

from pathlib import Path

import pytest

from tests.convert.written import MODEL, find_roles


def test_each_statement_has_its_role(tmp_path: Path) -> None:
    text = (
        MODEL
        + "keras.utils.set_random_seed(1)\nkeras.backend.clear_session()\nmodel.fit(x, y)\nprint(1)\nmodel.layers\n"
    )
    found = find_roles(tmp_path, text)
    roles = [
        "import",
        "import",
        "plain",
        "plain",
        "definition",
        "compile",
        "seed",
        "dropped",
        "use",
        "plain",
        "refused",
    ]
    assert [part.role for part in found.parts] == roles
    assert list(found.models) == ["model"] and found.built_at == {"model": 4}


@pytest.mark.parametrize(
    "definition",
    [
        "model = keras.Sequential()\nmodel.add(keras.Input((4,)))\n"
        "for n in (3, 1):\n    model.add(keras.layers.Dense(n))",
        "i = keras.Input((4,))\nh = keras.layers.Dense(3)(i)\no = keras.layers.Dense(1)(h)\nmodel = keras.Model(i, o)",
        "def build(n):\n    parts = [keras.Input((n,)), keras.layers.Dense(3), keras.layers.Dense(1)]\n"
        "    return keras.Sequential(parts)\nmodel = build(4)",
        "parts = [keras.Input((4,))]\nparts.append(keras.layers.Dense(3))\nparts += [keras.layers.Dense(1)]\n"
        "model = keras.Sequential(parts)",
    ],
)
def test_models_in_every_style(tmp_path: Path, definition: str) -> None:
    found = find_roles(tmp_path, f"import keras\n{definition}\nmodel.compile('sgd', 'mse')\n")
    assert {part.role for part in found.parts} == {"import", "definition", "compile"}
    assert [tuple(w.shape) for w in found.models["model"].weights] == [(3, 4), (3,), (1, 3), (1,)]
    assert found.built_at["model"] == len(found.parts) - 2


def test_another_name_of_a_model_is_an_alias(tmp_path: Path) -> None:
    found = find_roles(tmp_path, MODEL + "net = model\nnet.fit(x, y)\n")
    assert found.current == {"net": "model", "model": "model"} and found.parts[-1].role == "use"


def test_load_model_of_a_file_that_was_written(tmp_path: Path) -> None:
    text = (
        MODEL
        + "model.save('a.keras')\nagain = keras.models.load_model('a.keras')\nother = keras.models.load_model('b')\n"
    )
    found = find_roles(tmp_path, text)
    assert [part.role for part in found.parts[-2:]] == ["load", "refused"]
    assert (found.parts[-2].model, found.parts[-2].path) == ("model", '"a.keras"')


def test_freezing_after_compile_is_refused(tmp_path: Path) -> None:
    frozen = "other = keras.layers.Dense(1)\nother.trainable = False\nmodel.layers[0].trainable = False\n"
    found = find_roles(tmp_path, MODEL + frozen)
    assert [part.role for part in found.parts[-2:]] == ["definition", "refused"]
    before = find_roles(tmp_path, MODEL.replace("model.compile", "model.layers[0].trainable = False\nmodel.compile"))
    assert {part.role for part in before.parts} == {"import", "plain", "definition", "compile"}


def test_each_compile_is_remembered(tmp_path: Path) -> None:
    found = find_roles(tmp_path, MODEL + "model.fit(x, y)\nmodel.compile('adam', 'mae')\n")
    assert [part.told.loss for part in found.parts if part.role == "compile"] == ["mse", "mae"]


@pytest.mark.parametrize(
    "definition",
    [
        "model = keras.Sequential([keras.Input((4,))])\nmodel.add(keras.layers.NoSuch(1))\n"
        "model.add(keras.layers.Dense(1))",
        "i = keras.Input((4,))\nh = keras.layers.Dense(2)(i)\nh = keras.layers.NoSuch(1)(h)\nmodel = keras.Model(i, h)",
    ],
)
def test_a_model_that_misses_a_layer_is_not_written(tmp_path: Path, definition: str) -> None:
    found = find_roles(tmp_path, f"import keras\n{definition}\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n")
    assert not found.models and [part.role for part in found.parts[-2:]] == ["refused", "refused"]
    assert all("keras.layers.NoSuch is not in kerastorch" in part.why for part in found.parts[-3:])


def test_of_an_if_that_trains_the_branch_that_is_taken(tmp_path: Path) -> None:
    branches = "if not quick:\n    model.fit(x, y, epochs=9)\nelse:\n    print('quick')\n    model.fit(x, y)\n"
    found = find_roles(tmp_path, f"{MODEL}quick = True\n{branches}")
    assert [part.statement.text for part in found.parts[-2:]] == ["print('quick')", "model.fit(x, y)"]
    assert "`if not quick:` is False in this script" in found.parts[-2].statement.above
    found = find_roles(tmp_path, f"{MODEL}import os\nquick = os.getcwd()\n{branches}")
    assert found.parts[-1].role == "refused" and "inside a block (if)" in found.parts[-1].why


def test_a_function_that_trains_what_it_is_given_is_refused(tmp_path: Path) -> None:
    text = f"{MODEL}def train(m):\n    m.fit(x, y, epochs=2)\ntrain(model)\n"
    assert [part.role for part in find_roles(tmp_path, text).parts[-2:]] == ["refused", "refused"]


def test_a_model_is_called_on_data_or_on_what_keras_made(tmp_path: Path) -> None:
    text = f"{MODEL}model(x[:2])\ni = keras.Input((4,))\nother = keras.Model(i, model(i))\n"
    assert [part.role for part in find_roles(tmp_path, text).parts[-3:]] == ["use", "definition", "definition"]
