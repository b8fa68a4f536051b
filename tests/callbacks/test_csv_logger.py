from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kerastorch.callbacks import CSVLogger
from tests.callbacks.fakes import FakeModel, run

RUNS = [
    [{"loss": 0.5, "accuracy": 0.25}, {"loss": 1e-7, "accuracy": 1 / 3}],
    [{"loss": 0.5, "val_loss": 2.0, "learning_rate": 0.001}, {"loss": 0.5}],
    [{"loss": 0.5}, {"loss": 0.5, "val_loss": 1.5}],
    [{"loss": np.float32(0.1), "per_class": np.array([0.5, 1.5]), "note": "a,b", "one": np.array(3.5), "few": [1, 2]}],
    [{}],
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("logs", RUNS)
def test_the_bytes_are_those_of_keras(tmp_path: Path, logs: list[dict], append: bool, separator: str) -> None:
    files = []
    for kind in (CSVLogger, keras.callbacks.CSVLogger):
        file = tmp_path / kind.__module__ / "log.csv"
        file.parent.mkdir()
        file.write_bytes(b"epoch,loss\r\n0,1.0\r\n")
        callback = kind(file, separator=separator, append=append)
        run(callback, FakeModel(), logs)
        run(callback, FakeModel(), logs)  # fit twice
        files.append(file.read_bytes())
    assert files[0] == files[1]
    assert files[0].startswith(b"epoch,loss\r\n0,1.0") == append


def test_appending_to_nothing_writes_a_header(tmp_path: Path) -> None:
    run(CSVLogger(tmp_path / "new" / "log.csv", append=True), FakeModel(), [{"loss": 1.0}])
    assert (tmp_path / "new" / "log.csv").read_bytes() == b"epoch,loss,val_loss\r\n0,1.0,NA\r\n"


def test_the_file_is_whole_after_each_epoch(tmp_path: Path) -> None:
    callback = CSVLogger(tmp_path / "log.csv")
    callback.on_train_begin()
    callback.on_epoch_end(0, {"val_loss": 1.0})
    assert (tmp_path / "log.csv").read_text() == "epoch,val_loss\n0,1.0\n"


@pytest.mark.parametrize("separator", ["", ", ", None])
def test_a_separator_is_one_character(separator: object) -> None:
    with pytest.raises(ValueError, match="one character"):
        CSVLogger("log.csv", separator=separator)


def test_a_run_that_goes_on_goes_on_in_its_file(tmp_path):
    """Epochs after the last checkpoint are written once, whatever the cut run had written."""
    from tests.callbacks.test_checkpointing import At, fit, small, stop

    def run(name, *callbacks, folder=None):
        fit(small(), folder, epochs=5, resume=folder and "auto", callbacks=[CSVLogger(tmp_path / name), *callbacks])
        return (tmp_path / name).read_text()

    want = run("whole.csv")
    with pytest.raises(InterruptedError):
        run("cut.csv", At(13, stop), folder=tmp_path / "run")
    lines = (tmp_path / "cut.csv").read_text().splitlines()
    assert len(lines) == 3
    (tmp_path / "cut.csv").write_text("\n".join([*lines, "2,0.5,NA", ""]))  # an epoch whose checkpoint was not written
    assert run("cut.csv", At(99, stop), folder=tmp_path / "run") == want
