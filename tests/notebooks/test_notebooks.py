"""The notebooks are committed with their outputs, name no machine, and run without the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import matplotlib
import nbformat
import numpy as np
import pytest

from kerastorch import datasets

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request: pytest.FixtureRequest) -> Any:
    """One notebook."""
    return nbformat.read(request.param, as_version=4)


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01_mnist.ipynb", "02_many_devices.ipynb", "03_keras_to_lightning.ipynb"]


def test_is_valid_and_was_run_from_top_to_bottom(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in _code(notebook)] == list(range(1, len(_code(notebook)) + 1))


def test_outputs_hold_no_error_warning_or_machine_path(notebook: Any) -> None:
    outputs = [output for cell in _code(notebook) for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    for output in outputs:
        assert output.output_type != "error" and output.get("name") != "stderr", output
        texts = [output.get("text", ""), *(v for k, v in output.get("data", {}).items() if k.startswith("text/"))]
        assert not [t for t in texts if re.search(r"(^|[\s'\"])(/[a-z]+/|[A-Z]:\\)", t)], output


def test_was_run_on_the_real_mnist() -> None:
    first = nbformat.read(NOTEBOOKS[0], as_version=4)
    said = "".join(output.get("text", "") for cell in _code(first) for output in cell.outputs)
    assert "(60000, 28, 28)" in said and "bundled" not in said


def _run(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run all cells without the network and without a display; the names that they leave."""

    def unreachable(*args: Any, **kwargs: Any) -> NoReturn:
        raise OSError("no network")

    monkeypatch.setattr(datasets.mnist, "load_data", unreachable)
    matplotlib.use("Agg", force=True)
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in _code(notebook):
        exec(compile(cell.source, "cell", "exec"), names)
    pyplot.close("all")
    return names


def test_mnist_runs_on_the_bundled_digits(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    names = _run(nbformat.read(NOTEBOOKS[0], as_version=4), monkeypatch)
    assert capsys.readouterr().out.count("bundled 8x8 digits") == 1
    assert names["accuracy"] > 0.8
    assert int(np.trace(names["confusion"])) == round(names["accuracy"] * len(names["y_test"]))


def test_many_devices_runs_and_rank_0_is_heard(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    notebook = nbformat.read(NOTEBOOKS[1], as_version=4)
    names = _run(notebook, monkeypatch)
    said, told = capsys.readouterr(), "".join(o.get("text", "") for cell in _code(notebook) for o in cell.outputs)
    for out in (said.out, told):
        assert out.count("Epoch 5/5") == 2 and out.count("in this process: True") == 1
        told = "ArithmeticError - after batch 0 on rank 1\nraised on rank 1 after epoch 0, batch 0"
        assert out.count("True") == 4 and told in out
    assert not said.err and names["accuracy"] > 0.9


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning on newer torch
def test_keras_and_lightning_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    names = _run(nbformat.read(NOTEBOOKS[2], as_version=4), monkeypatch)
    want = {name: values[-1] for name, values in names["history"].history.items()}
    assert {name: names["refit"].history[name][-1] for name in want} == pytest.approx(want, abs=0.01)
    assert names["figures"] == pytest.approx(want, abs=1e-5), "the generated code, under Lightning itself"
