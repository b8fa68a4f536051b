"""The same training on 1, 2 and 3 ranks that a plain process starts: the same figures, to 1e-12 in float64."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kerastorch.runtime.launch import run_on_ranks
from tests.support import cases

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("ranks", "names"), [(2, tuple(cases.CASES)), (3, ("arrays", "windows", "loader", "generator", "sums", "few_rows"))]
)
def test_ranks_that_this_process_starts(ranks: int, names: tuple[str, ...]) -> None:
    cases.agree(run_on_ranks(ranks, cases.figures, names))


SCRIPT = """
    import pickle, sys
    import numpy as np, torch
    import kerastorch as keras
    from kerastorch import callbacks, layers
    from tests.support import cases

    class Own(layers.Layer):  # defined in the script: travels by value
        def call(self, x):
            return x * FACTOR

    FACTOR = 2.0

    def loss(y_true, y_pred):
        return ((y_true - y_pred) ** 2).mean(-1)

    class Stop(callbacks.Callback):
        '''Ends training, on rank 1 alone, after the third batch of the second epoch.'''

        def __init__(self, rank):
            super().__init__()
            self.rank, self.seen = rank, []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(batch)
            rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else self.rank
            if rank == self.rank and len(self.seen) == 8:
                self.model.stop_training = True

    def train(folder, **options):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((6,)), layers.Dense(4, "tanh"), Own(), layers.Dense(1)])
        cases.compile_(model, loss, metrics=["mae"], **options)
        plateau = callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=10.0)
        stop, kept = Stop(1), callbacks.ModelCheckpoint(f"{folder}/{{epoch}}.weights.h5", save_weights_only=True)
        writers = [callbacks.CSVLogger(f"{folder}/log.csv"), callbacks.TensorBoard(f"{folder}/board")]
        history = model.fit(cases.X, cases.B, 24, 5, callbacks=[stop, plateau, kept, *writers], verbose=2)
        assert model.stop_training and model.history is history
        found = cases.told(model, history, y=cases.B)
        return {**found, "seen": stop.seen, "waited": plateau.wait, "rate": float(model.optimizer.learning_rate),
                "steps": int(model.optimizer.iterations), "epochs": history.epoch}

    if __name__ == "__main__":
        torch.set_num_threads(1)
        folder = sys.argv[1]
        one, two = train(folder + "/one"), train(folder + "/two", devices=2)
        assert cases.difference(one, two) < 1e-12, (one, two)
        assert two["epochs"] == [0, 1] and two["seen"] == [0, 1, 2, 3, 4, 0, 1, 2] and two["steps"] == 8
        print("equal")
"""


def test_a_script_whose_classes_are_its_own(tmp_path: Path) -> None:
    """One rank stops all; callbacks, optimizer and history come back; rank 0 alone prints and writes."""
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "script.py", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    said = done.stdout.splitlines()
    assert said[-1] == "equal" and sum(line.startswith("Epoch 1/5") for line in said) == 2  # once for each training
    one, two = (sorted(_shape(path) for path in (tmp_path / name).rglob("*")) for name in ("one", "two"))
    assert one == two and (tmp_path / "one/log.csv").read_text().count("\n") == 3
    logged = [_figures(tmp_path / name / "log.csv") for name in ("one", "two")]
    assert logged[0] == pytest.approx(logged[1], rel=1e-6, nan_ok=True)


def _shape(path: Path) -> str:
    return "events" if path.name.startswith("events") else path.name


def _figures(path: Path) -> list[float]:
    return [float(v.replace("NA", "nan")) for line in path.read_text().splitlines()[1:] for v in line.split(",")]
