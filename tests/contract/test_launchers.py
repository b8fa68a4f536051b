"""The same training on 2 and 4 ranks under torchrun and SLURM: the figures of one device, to 1e-12 in float64."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch.distributed as dist

from tests.support import cases

ROOT = Path(__file__).parents[2]


def run(*commands: list[str], environments: Any = ({},), seconds: float = 120) -> None:
    """Run commands side by side, as from a shell."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "MASTER_"))}
    plain.update({"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    started = [
        subprocess.Popen(command, env={**plain, **more}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for command, more in zip(commands, environments, strict=True)
    ]
    try:
        outputs = [process.communicate(timeout=seconds)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, output in zip(started, outputs, strict=True):
        assert process.returncode == 0, output


def figures_of(folder: Path, ranks: int) -> dict[str, Any]:
    found = [pickle.loads((folder / f"{rank}.pickle").read_bytes()) for rank in range(ranks)]
    assert all(cases.difference(found[0], other) == 0.0 for other in found)
    return found[0]  # type: ignore[no-any-return]


def free_port() -> int:
    return dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False).port  # type: ignore[no-any-return]


def test_torchrun(tmp_path: Path) -> None:
    """Two ranks under one agent; then two machines of two, each with an agent of its own."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    script = ["-m", "tests.support.cases", str(tmp_path)]
    run([*torchrun, "--standalone", *script, "loader", "manual"])
    cases.agree(figures_of(tmp_path, 2))
    meet = ["--nnodes=2", "--master-addr=127.0.0.1", f"--master-port={free_port()}"]
    run(
        *([*torchrun, *meet, f"--node-rank={node}", *script, "arrays", "windows"] for node in (0, 1)),
        environments=({}, {}),
    )
    cases.agree(figures_of(tmp_path, 4))


def test_srun(tmp_path: Path) -> None:
    """Two tasks of a SLURM step, as `srun` starts them."""
    step = {
        "SLURM_JOB_ID": str(free_port() - 15000), "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1",
        "SLURM_STEP_NODELIST": "localhost", "MASTER_PORT": str(free_port()),
    }  # fmt: skip
    tasks = [{**step, "SLURM_PROCID": n, "SLURM_LOCALID": n} for n in "01"]
    run(
        *([[sys.executable, "-m", "tests.support.cases", str(tmp_path), "generator", "two_outputs"]] * 2),
        environments=tasks,
    )
    cases.agree(figures_of(tmp_path, 2))
