"""The command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastorch.__main__ import main

SCRIPT = (
    "import keras\nx = [[1.0]]\nmodel = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
    "model.compile('sgd', 'mse')\nmodel.fit(x, x)\n"
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "line.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize("target", ["torch", "lightning"])
def test_writes_a_file_and_tells(script: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    out = script.with_name("out.py")
    assert main(["convert", str(script), "--to", target, "--out", str(out)]) == 0
    written, told = capsys.readouterr()
    assert written == "" and told.startswith(f"{script} -> {out}: 5 statements, ")
    assert told.endswith("; nothing is left to do\n")
    assert "# Keras" in out.read_text()


def test_writes_to_the_standard_output(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(script), "--to", "torch", "--no-explain"]) == 0
    written = capsys.readouterr().out
    assert "class Network(nn.Module):" in written and "# Keras:" not in written


def test_marked_spots_are_told(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.write_text(SCRIPT + "keras.utils.plot_model(\n    model)\n")
    assert main(["convert", str(script), "--to", "torch"]) == 1
    written, told = capsys.readouterr()
    assert "# NOT CONVERTED: keras.utils.plot_model(\n" in written
    assert "1 marked NOT CONVERTED\n  line 6: keras.utils.plot_model: keras.utils.plot_model has no counterpart" in told


def test_what_is_ignored_is_told(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.write_text(SCRIPT.replace("'sgd'", "keras.optimizers.SGD(0.1, decay=1e-4)"))
    assert main(["convert", str(script), "--to", "torch"]) == 0
    told = capsys.readouterr().err
    assert "nothing is left to do\n  line 4: warning: `decay` is ignored" in told and told.count("\n") == 2


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path / "none.py"), "--to", "torch", "--out", str(tmp_path / "out.py")]) == 2
    assert "The script to convert: expected a readable Python file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_help_says_that_the_script_is_executed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["convert", "--help"])
    told = capsys.readouterr().out
    assert "EXECUTED" in told and "exit status" in told and "--no-explain" in told


def test_the_target_must_be_known(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["convert", str(script), "--to", "jax"])
    assert "invalid choice: 'jax'" in capsys.readouterr().err
