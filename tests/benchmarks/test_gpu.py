"""The measurements on a GPU: what of them needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import gpu

CPU = torch.device("cpu")
ROOT = Path(gpu.__file__).resolve().parents[1]


def work(model: str, batches: int = 3) -> gpu.Work:
    """A small one."""
    return gpu.Work.make(model, batches, CPU, size=4)


def test_without_a_device_it_says_so_and_ends_well(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main(["--small"]) == 0
    assert capsys.readouterr().out == gpu.NO_DEVICE + "\n"


def test_as_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = subprocess.run([sys.executable, "-m", "benchmarks.gpu"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, gpu.NO_DEVICE + "\n", "")


def test_the_resnet_is_that_for_small_images() -> None:
    net = gpu.resnet18()
    assert sum(p.numel() for p in net.parameters()) == 11_173_962
    assert net.layer1(net.maxpool(net.conv1(torch.zeros(2, 3, 32, 32)))).shape == (2, 64, 32, 32)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("model", ["tiny", "mlp", "cnn", "resnet18"])
def test_every_side_trains_every_network(model: str) -> None:
    given = work(model)
    assert [(len(x), len(y)) for x, y in given.batches(2)] == [(4, 4), (4, 4)]
    assert given.precision == ("bf16-mixed" if model == "resnet18" else "32")
    bare, ours = gpu.Bare(given), gpu.Ours(given)
    trained = bare.net
    before = [p.detach().clone() for p in trained.parameters()]
    bare.train(2)
    assert any(not torch.equal(a, b) for a, b in zip(before, trained.parameters(), strict=True))
    assert bare.total.item() > 0 and int(bare.correct) <= 8
    ours.train(2)
    assert ours.model.optimizer.iterations == 2 and ours.refused is None
    assert sum(p.numel() for p in ours.model.parameters()) == sum(p.numel() for p in trained.parameters())


@pytest.mark.parametrize("side", ["lightning", "keras"])
def test_the_peers_train_where_they_are_installed(side: str) -> None:
    pytest.importorskip(side)
    given = work("cnn")
    made = gpu.sides_of(given, [side])[side]
    made.train(2)


def test_what_is_missing_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def missing(work: gpu.Work) -> Any:
        raise ModuleNotFoundError("No module named 'nobody'", name="nobody")

    monkeypatch.setitem(gpu.KINDS, "lightning", missing)
    assert list(gpu.sides_of(work("tiny"), ["bare", "lightning"])) == ["bare"]
    assert capsys.readouterr().err == "tiny: lightning is left out, nobody is not there\n"


class Clocked:
    """A side whose runs take a time that is known."""

    def __init__(self, now: list[float], once: float, each: float) -> None:
        self.now, self.once, self.each = now, once, each

    def train(self, steps: int) -> None:
        """Let time pass."""
        self.now[0] += self.once + self.each * steps


def test_a_step_is_what_further_steps_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(gpu.time, "perf_counter", lambda: now[0])
    sides = {"bare": Clocked(now, 5.0, 1.0), "kerastorch": Clocked(now, 9.0, 0.5)}
    times = gpu.measure(sides, CPU, 2, 6, repeats=3)
    assert times == {"bare": [pytest.approx(1.0)] * 3, "kerastorch": [pytest.approx(0.5)] * 3}


def test_tables() -> None:
    times = {"bare": [2e-5, 2e-5], "graph": [1e-5, 1e-5], "captured": [1.2e-5, 1.2e-5]}
    lines = gpu.table(work("tiny"), times, {"captured": 0}, {"captured": "not compiled: why"}).splitlines()
    assert lines[0] == "| tiny, batch 4, 32 | us a step | to `bare` | to `graph` | waits in 16 steps |"
    assert lines[2:] == [
        "| bare | 20.0 | 1.00 | 2.00 |  |",
        "| graph | 10.0 | 0.50 | 1.00 |  |",
        "| captured (not compiled: why) | 12.0 | 0.60 | 1.20 | 0 |",
    ]
    told = gpu.verdicts({"tiny": times, "resnet18": {"bare": [1.0], "kerastorch": [1.01]}}, {"tiny": {"captured": 2}})
    assert told.splitlines()[2:] == [
        "| tiny: captured to graph | 1.1 | 1.2 (missed) |",
        "| resnet18: kerastorch to bare | 1.02 | 1.01 |",
        "| tiny: waits of captured | 0 | 2 (missed) |",
    ]


def test_waits_are_counted_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = ["default"]
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def waiting() -> None:
        if modes[-1] == "error":
            raise RuntimeError("called a synchronizing CUDA operation")
        for _ in range(3):
            gpu.warnings.warn("called a synchronizing CUDA operation", stacklevel=1)

    assert gpu.waits_in(waiting) == 3 and modes[-1] == "default"
    assert gpu.waits_in(lambda: None) == 0
    watch = gpu.Waits()

    def epoch() -> None:
        for batch in range(40):
            watch(batch)
            if modes[-1] != "default":
                waiting()

    assert gpu.waits_in(epoch, watch) == 3 * gpu.WATCHED
    with pytest.raises(RuntimeError, match="another"):
        gpu.waits_in(_fail)


def _fail() -> None:
    raise RuntimeError("another")


def test_arguments() -> None:
    small, full = gpu.arguments(["--small"]), gpu.arguments([])
    assert (small.models, small.repeats) == (["tiny", "resnet18"], 3)
    assert full.models == ["tiny", "mlp", "cnn", "resnet18"] and tuple(full.sides) == gpu.SIDES == tuple(gpu.KINDS)
    assert all(gpu.steps_for(m, s)[1] >= 2 * gpu.WATCHED for m in full.models for s in (True, False))


@pytest.mark.gpu
def test_small_runs_on_a_gpu(capsys: Any) -> None:
    assert gpu.main(["--small", "--models", "tiny", "--sides", "bare", "graph", "kerastorch", "captured"]) == 0
    told = capsys.readouterr().out
    assert "not compiled" not in told and "| tiny: waits of captured | 0 | 0 |" in told
