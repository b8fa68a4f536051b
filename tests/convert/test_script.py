"""Whole scripts: converted, run in both targets, and compared with the Keras script on the same data."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastorch.convert import script
from tests.convert import small_data

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
NAMES = [path.stem for path in SCRIPTS]
# Scripts without chance after the first weights once nothing is shuffled, and the variable of their model.
COMPARED = {"mnist_convnet": "model", "tabular_main": "model", "two_inputs": "model", "autoencoder": "autoencoder"}
MARKS = {"awkward": 7, "subclassed": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with small data."""
    path = tmp_path_factory.mktemp("scripts")
    small_data.write(path)
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


@pytest.fixture(scope="module")
def conversions(folder: Path) -> dict[tuple[str, str], script.Conversion]:
    """Every script for every target; what is compared is not shuffled."""
    found = {}
    for path in SCRIPTS:
        text = path.read_text()
        if path.stem in COMPARED and "shuffle=False" not in text:
            text = re.sub(r"\bepochs=", "shuffle=False, epochs=", text)
        (folder / path.name).write_text(text)
        for target in script.TARGETS:
            found[path.stem, target] = script.convert(folder / path.name, target)
    return found


@pytest.fixture(scope="module")
def runs(folder: Path, conversions: dict[tuple[str, str], script.Conversion]) -> dict[tuple[str, str], dict[str, Any]]:
    """(script, target) -> what it wrote; "keras" is the script itself by kerastorch, which leaves its first weights."""
    texts = {(name, "keras"): _by_kerastorch(folder, name) for name in COMPARED}
    for (name, target), conversion in conversions.items():
        texts[name, target] = _with_first_weights(conversion.text, name) if name in COMPARED else conversion.text
        if target == "lightning":
            own = texts[name, target].replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl")
            texts[name, "pl"] = own
    return dict(zip(texts, _run(folder, texts), strict=True))


def _run(folder: Path, texts: dict[tuple[str, str], str]) -> list[dict[str, Any]]:
    paths = []
    for (name, target), text in texts.items():
        paths.append(folder / f"run_{name}_{target}.py")
        paths[-1].write_text(text)
    settings = {"KERAS_HOME": str(folder), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(HERE / "runner.py"), *map(str, paths)],
        cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _by_kerastorch(folder: Path, name: str) -> str:
    """The Keras script as kerastorch runs it, on the same data; it leaves its first weights in a file."""
    text = (folder / f"{name}.py").read_text()
    text = re.sub(r"^(import|from) (tensorflow\.)?keras\b", r"\1 kerastorch", text, flags=re.M)
    text = text.replace("import kerastorch\n", "import kerastorch as keras\n")
    text = text.replace("mnist.load_data()", f"mnist.load_data(path={str(folder / 'MNIST.npz')!r})")
    variable = COMPARED[name]
    save = f"import torch; torch.save({variable}.state_dict(), {name + '.start'!r})"
    return re.sub(rf"^( *)(history = )?({variable}\.fit\()", rf"\1{save}\n\1\2\3", text, count=1, flags=re.M)


def _with_first_weights(text: str, name: str) -> str:
    """A converted script that begins with the weights of the Keras script."""
    load = f"{COMPARED[name]}.load_state_dict(torch.load({name + '.start'!r}, weights_only=True))"
    return re.sub(rf"^( *){COMPARED[name]} = .*$", rf"\g<0>\n\1{load}", text, count=1, flags=re.M)


def _figures(output: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(Test \w+): ([\d.e+-]+)$", output, flags=re.M)}


@pytest.mark.parametrize("target", ["torch", "lightning", "pl"])
@pytest.mark.parametrize("name", NAMES)
def test_runs(runs: dict[tuple[str, str], dict[str, Any]], name: str, target: str) -> None:
    run = runs[name, target]
    assert not run["error"], run["error"]
    assert "Test loss" in _figures(run["output"]), run["output"]


@pytest.mark.parametrize("target", ["torch", "lightning", "pl"])
@pytest.mark.parametrize("name", COMPARED)
def test_trains_to_what_keras_trains_to(runs: dict[tuple[str, str], dict[str, Any]], name: str, target: str) -> None:
    keras = runs[name, "keras"]
    assert not keras["error"], keras["error"]
    expected, found = _figures(keras["output"]), _figures(runs[name, target]["output"])
    assert expected and found == pytest.approx(expected, abs=1e-4, rel=1e-5)


@pytest.mark.parametrize("target", script.TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_tells_what_it_did(conversions: dict[tuple[str, str], script.Conversion], name: str, target: str) -> None:
    conversion = conversions[name, target]
    assert len(conversion.marks) == MARKS.get(name, 0)
    assert conversion.text.count("# NOT CONVERTED: ") == len(conversion.marks)
    assert all(mark.why and mark.do for mark in conversion.marks)
    assert len(conversion.models) == 1


def test_keeps_nothing_of_keras(conversions: dict[tuple[str, str], script.Conversion]) -> None:
    for (name, _), conversion in conversions.items():
        imports = [line for line in conversion.text.splitlines() if re.match(r"(import|from) ", line)]
        foreign = [line for line in imports if re.match(r"(import|from) (keras|tensorflow|kerastorch)", line)]
        assert bool(foreign) == (name == "subclassed"), foreign


@pytest.mark.parametrize("explain", [True, False])
def test_is_formatted(folder: Path, conversions: dict[tuple[str, str], script.Conversion], explain: bool) -> None:
    target = folder / f"formatted_{explain}"
    target.mkdir()
    for (name, to), conversion in conversions.items():
        made = conversion if explain else script.convert(folder / f"{name}.py", to, explain=False)
        (target / f"{name}_{to}.py").write_text(made.text)
    for command in (["format", "--check", "--diff"], ["check", "--select", "E,F,W,I,B,UP"]):
        call = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--line-length", "120", str(target)]
        done = subprocess.run(call, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_explains_or_not(folder: Path, conversions: dict[tuple[str, str], script.Conversion]) -> None:
    explained = conversions["mnist_convnet", "lightning"].text
    assert "# Keras:     model.compile(loss=" in explained and "# Lightning: in LitModel, above" in explained
    assert "Scale images to the [0, 1] range" in explained  # the script's own comments stay
    plain = script.convert(folder / "mnist_convnet.py", "lightning", explain=False).text
    assert "# Keras:" not in plain and "Scale images to the [0, 1] range" in plain


def _converted(tmp_path: Path, text: str, to: str = "torch") -> script.Conversion:
    (tmp_path / "keras_script.py").write_text(text)
    return script.convert(tmp_path / "keras_script.py", to, explain=False)


MODEL = """
import keras
import numpy as np
x = np.ones((8, 4)); y = np.ones((8, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
"""


def test_training_does_not_run(tmp_path: Path) -> None:
    text = (
        MODEL + f"open({str(tmp_path / 'ran')!r}, 'w').write('x')\nmodel.fit(x, y)\nmodel.save({str(tmp_path / 'm')!r})"
    )
    assert not _converted(tmp_path, text).marks
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keras_script.py"]


@pytest.mark.parametrize(
    ("line", "to", "why"),
    [
        ("model.evaluate(x, y, sample_weight=x[:, 0])", "lightning", "This argument is not converted."),
        ("model.fit(x, y, initial_epoch=2, epochs=4)", "lightning", "This argument is not converted."),
        ("options = {}\nmodel.fit(x, y, **options)", "torch", "cannot be told apart"),
        ("def train():\n    model.fit(x, y)", "torch", "stands inside a block (function)"),
        ("print(model.count_params())", "torch", "It uses model, made with Keras, in a way that has no"),
        ("grads = keras.ops.mean(x)", "torch", "keras.ops.mean has no counterpart"),
        ("model.fit(x, y)\nmodel.add(keras.layers.Dense(2))", "torch", "changes a model that was trained"),
        ("model.fit(x, y)\nmodel.compile('adam', 'mae')\nmodel.fit(x, y)", "lightning", "one configure_optimizers"),
        ("lstm = keras.layers.NoSuchLayer(3)", "torch", "keras.layers.NoSuchLayer is not in kerastorch"),
        ("path = keras.utils.get_file('a.txt', 'http://localhost/a.txt')", "torch", "not downloaded"),
    ],
)
def test_marks(tmp_path: Path, line: str, to: str, why: str) -> None:
    conversion = _converted(tmp_path, MODEL + line, to)
    assert [why in mark.why for mark in conversion.marks] == [True], conversion.marks


def test_what_misses_a_marked_name_is_marked_too(tmp_path: Path) -> None:
    conversion = _converted(tmp_path, MODEL + "w = model.get_weights()\nn = len(w)\nprint(n)\nprint('kept')")
    assert [mark.line for mark in conversion.marks] == [7, 8, 9]
    assert conversion.text.endswith("print('kept')\n")


def test_a_model_compiled_twice_gets_two_optimizers_in_torch(tmp_path: Path) -> None:
    conversion = _converted(tmp_path, MODEL + "model.fit(x, y)\nmodel.compile('adam', 'mae')\nmodel.fit(x, y)\n")
    assert not conversion.marks
    assert "torch.optim.SGD(" in conversion.text and "KerasAdam(model.parameters()" in conversion.text
    assert "measure_2(model, " in conversion.text


def test_a_variable_may_hold_one_model_after_the_other(tmp_path: Path) -> None:
    second = "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, use_bias=False)])\n"
    text = f"{MODEL}model.fit(x, y)\n{second}model.compile('adam', 'mae')\nmodel.fit(x, y)\nmodel.predict(x)\n"
    for to, names in (("torch", ("Model", "Model_2")), ("lightning", ("LitModel", "LitModel_2"))):
        conversion = _converted(tmp_path, text, to)
        assert not conversion.marks and conversion.models == names
        assert f"model = {names[0]}()" in conversion.text and f"model = {names[1]}()" in conversion.text
        assert conversion.text.count("bias=False") == 1


def test_the_example_of_this_repository() -> None:
    """Its plots ask kerastorch's own History; the rest is converted, `argparse` and `main` included."""
    conversion = script.convert(ROOT / "examples" / "mnist_convnet.py", "torch")
    assert len(conversion.models) == 1 and "for epoch in range(arguments.epochs):" in conversion.text
    assert all("plot(" in mark.what for mark in conversion.marks), conversion.marks


def test_an_uncompiled_model_is_not_evaluated(tmp_path: Path) -> None:
    text = MODEL.replace('model.compile("sgd", "mse")\n', "") + "model.evaluate(x, y)\n"
    assert [mark.why for mark in _converted(tmp_path, text).marks] == ["The model is not compiled."]


def test_a_model_that_its_data_build_is_built_from_them(tmp_path: Path) -> None:
    text = MODEL.replace("keras.Input((4,)), ", "") + "model.fit(x, y)\n"
    assert "nn.Linear(4, 1)" in _converted(tmp_path, text).text


def test_a_model_that_nothing_builds_is_marked(tmp_path: Path) -> None:
    text = MODEL.replace("keras.Input((4,)), ", "") + "model.summary()\n"
    conversion = _converted(tmp_path, text)
    assert "expected a built model" in conversion.marks[0].why


def test_targets_and_paths_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="target: expected one of"):
        script.convert(tmp_path / "a.py", "jax")
    with pytest.raises(ValueError, match="The script to convert: expected a readable Python file"):
        script.convert(tmp_path / "a.py", "torch")
    (tmp_path / "b.py").write_text("def (")
    with pytest.raises(ValueError, match="b.py \\(invalid syntax"):
        script.convert(tmp_path / "b.py", "torch")
