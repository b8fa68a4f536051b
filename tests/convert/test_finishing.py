from __future__ import annotations

from pathlib import Path

from tests.convert.written import convert


def test_what_only_models_needed_goes(tmp_path: Path) -> None:
    text = (
        "import keras\nimport math\nUNITS = 3\nWIDTH = math.floor(4.5)\nNAME = 'n'\nEPOCHS = 2\n"
        "def shape():\n    return (WIDTH,)\n"
        "model = keras.Sequential([keras.Input(shape()), keras.layers.Dense(UNITS)])\n"
        "model.compile('sgd', 'mse')\nmodel.fit(a, b, epochs=EPOCHS)\n"
    )
    made = convert(tmp_path, text.replace("model.fit", "a = b = [[0.0] * 4]\nmodel.fit"))
    assert not made.marks
    assert [name for name in ("UNITS", "WIDTH", "NAME", "EPOCHS", "math", "def shape") if name in made.text] == [
        "NAME",
        "EPOCHS",
    ]


def test_functions_may_use_what_comes_later(tmp_path: Path) -> None:
    made = convert(tmp_path, "def f():\n    return later\n\n\nlater = 3\nprint(f())\n")
    assert not made.marks and "return later" in made.text


def test_names_that_nobody_defines_are_marked(tmp_path: Path) -> None:
    made = convert(tmp_path, "print(unheard_of)\nprint(1)\n")
    assert [mark.why for mark in made.marks] == ["It needs unheard_of, which is not there any more."]


def test_imports_are_those_that_are_used(tmp_path: Path) -> None:
    made = convert(
        tmp_path,
        "from __future__ import annotations\nimport os, sys\nimport numpy as np, keras\nfrom math import floor, ceil\n"
        "print(np.ones(3), ceil(2.5), sys.argv)\n",
    )
    start = "from __future__ import annotations\n\nimport sys\nfrom math import ceil\n\nimport numpy as np\n\nprint("
    assert start in made.text


def test_a_name_of_a_function_that_is_written_is_marked(tmp_path: Path) -> None:
    text = (
        "import keras\nx = [[1.0]]\nmodel = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\nmodel.fit(x, x)\nmeans = 3\nprint(means)\n"
    )
    assert [mark.why for mark in convert(tmp_path, text).marks] == ["The converted script defines 'means' itself."]
