"""The job script, with stand-ins for `srun` and `scontrol`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.examples import running

SCRIPT = running.EXAMPLES / "slurm_mnist.sh"
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def _start(folder: Path, srun: str, *options: Any, **environment: str) -> subprocess.Popen[str]:
    """Start the job with commands of its own in the place of SLURM's."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    texts = {"srun": srun, "scontrol": f'echo "$@" >> {folder}/scontrol', "python": f'exec {sys.executable} "$@"'}
    for name, text in texts.items():
        (commands / name).write_text(f"#!/bin/bash\n{text}\n")
        (commands / name).chmod(0o755)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_NTASKS_PER_NODE": "2", "SLURM_JOB_NUM_NODES": "1", **environment}
    return subprocess.Popen(
        ["bash", str(SCRIPT), *map(str, options)],
        env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", **slurm},
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def _wait_for(there: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_it_asks_for() -> None:
    lines = [line.split(" #")[0].split()[1] for line in SCRIPT.read_text().splitlines() if line.startswith("#SBATCH")]
    assert {"--requeue", "--signal=B:USR1@120", "--ntasks-per-node=4", "--gres=gpu:4", "--nodes=2"} <= set(lines)
    assert os.access(SCRIPT, os.X_OK)
    assert subprocess.run(["bash", "-n", str(SCRIPT)], check=False).returncode == 0


@pytest.mark.parametrize("status", [0, 3, 200])
def test_starts_the_script_and_ends_as_it_does(status: int, tmp_path: Path) -> None:
    job = _start(tmp_path, f'echo "$@"; echo $OMP_NUM_THREADS; exit {status}', "--epochs", 2, SLURM_CPUS_PER_TASK="8")
    said, _ = job.communicate(timeout=60)
    assert said.splitlines() == [
        "--cpus-per-task=8 python examples/lightning_mnist.py --devices 2 --nodes 1 --out runs/slurm-7 "
        "--resume --save-every 100 --epochs 2",
        "8",
    ]
    assert job.returncode == status and not (tmp_path / "scontrol").exists()


def test_goes_back_into_the_queue_at_the_signal(tmp_path: Path) -> None:
    job = _start(tmp_path, f"touch {tmp_path}/started; sleep 0.5; echo over; exit 5")
    _wait_for((tmp_path / "started").exists)
    job.send_signal(signal.SIGUSR1)
    said, _ = job.communicate(timeout=60)
    assert (tmp_path / "scontrol").read_text() == "requeue 7\n"
    assert said.splitlines() == ["Out of time: back into the queue.", "over"]  # the work goes on until it is cut
    assert job.returncode == 5


RANKS = """
cd {top}
for rank in 0 1; do
    SLURM_PROCID=$rank SLURM_LOCALID=$rank SLURM_STEP_NUM_TASKS=2 SLURM_STEP_NUM_NODES=1 \\
    SLURM_STEP_NODELIST=127.0.0.1 MASTER_PORT={port} "${{@:2}}" --out {out} &
done
wait
"""


@pytest.mark.slow
def test_a_job_that_is_cut_goes_on_to_the_same_weights(mnist_path: str, tmp_path: Path) -> None:
    data = running.part_of_mnist(mnist_path, tmp_path / "part.npz")
    options = ("--data", data, "--accelerator", "cpu", "--epochs", 3, "--save-every", 3)
    weights = []
    for name in ("whole", "cut"):
        folder, out = tmp_path / name, tmp_path / name / "out"
        folder.mkdir()
        last = out / "checkpoints" / "last.ckpt"
        port = 20000 + os.getpid() % 10000
        srun = RANKS.format(top=running.EXAMPLES.parent, out=out, port=port)
        environment = {"PYTHONPATH": str(running.EXAMPLES.parent), "OMP_NUM_THREADS": "1"}
        if name == "cut":
            job = _start(folder, srun, *options, **environment)
            _wait_for(last.exists, 120)
            job.send_signal(signal.SIGUSR1)
            _wait_for((folder / "scontrol").exists)
            os.killpg(job.pid, signal.SIGKILL)  # as SLURM does
            job.communicate(timeout=60)
            before = torch.load(last, weights_only=True)["global_step"]
            assert 0 < before < 3 * 29
        job = _start(folder, srun, *options, **environment)
        said, _ = job.communicate(timeout=200)
        assert job.returncode == 0 and said.count("Test accuracy: ") == 1, said
        weights.append(torch.load(last, weights_only=True))
    assert weights[0]["global_step"] == weights[1]["global_step"] == 3 * 29
    assert all(map(torch.equal, *(one["state_dict"].values() for one in weights)))
