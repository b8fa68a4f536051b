"""What every test starts from: Keras on torch, one thread, no display, an empty cache, Keras's own defaults."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch

from kerastorch import config
from kerastorch.base import naming, policy
from kerastorch.nn import tracking
from tests.support import faults

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background; the tests of Ctrl+C send it
    signal.signal(signal.SIGINT, signal.default_int_handler)
torch.set_num_threads(1)
hypothesis.settings.register_profile("kerastorch", deadline=None, max_examples=50, database=None, derandomize=True)
hypothesis.settings.load_profile("kerastorch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a GPU where there is none."""
    if not torch.cuda.is_available():
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A row for each fault that was tried."""
    for number, line in enumerate(faults.table()):
        if number == 0:
            terminalreporter.section("faults")
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def mnist_path() -> str:
    """The real MNIST in Keras's file: the one that KERASTORCH_MNIST names, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist.npz"
    path = Path(os.environ.get("KERASTORCH_MNIST", beside))
    if not path.is_file():
        pytest.skip("needs MNIST: set KERASTORCH_MNIST to the path of mnist.npz")
    return str(path)


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Seeds, names and settings as at the start of a process; nothing of the user's cache is read or written."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.getbasetemp() / "keras_home"))
    for name in ("PL_GLOBAL_SEED", "PL_SEED_WORKERS"):  # what `seed_everything` leaves for processes that are started
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    naming.reset_names()
    monkeypatch.setattr(tracking.live, "on", tracking.live.on)  # what a test's layers switch on ends with the test
    yield
    policy.reset_dtype_policy()
    policy.set_floatx("float32")
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(None)
    config.enable_interactive_logging()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `KERAS_HOME` of one test."""
    home = tmp_path / "cache"
    home.mkdir()
    monkeypatch.setenv("KERAS_HOME", str(home))
    return home
