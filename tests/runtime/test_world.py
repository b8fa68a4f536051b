"""Which rank this process is, from faked environments of torchrun and SLURM."""

from __future__ import annotations

import pytest

from kerastorch.runtime.world import World, first_host

TORCHRUN = {
    "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "node0", "MASTER_PORT": "29501",
}  # fmt: skip
SLURM = {
    "SLURM_PROCID": "13", "SLURM_STEP_NUM_TASKS": "32", "SLURM_STEP_NUM_NODES": "4", "SLURM_LOCALID": "5",
    "SLURM_STEP_NODELIST": "gpu[003-005,9]", "SLURM_JOB_ID": "123456", "SLURM_STEP_TASKS_PER_NODE": "8(x4)",
}  # fmt: skip


def test_torchrun() -> None:
    world = World.here(TORCHRUN)
    assert world == World(5, 8, 1, 4, ("node0", 29501)) and world.nodes == 2
    assert World.here({"RANK": "1", "WORLD_SIZE": "2"}) == World(1, 2, 1, 2, ("127.0.0.1", 29500))


def test_slurm() -> None:
    world = World.here(SLURM)
    assert world == World(13, 32, 5, 8, ("gpu003", 15000 + 123456 % 15000)) and world.nodes == 4
    given = World.here({**SLURM, "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "4242"})
    assert given is not None and given.master == ("10.0.0.7", 4242)


def test_all_tasks_of_a_slurm_step_agree_on_the_master() -> None:
    worlds = [World.here({**SLURM, "SLURM_PROCID": str(n), "SLURM_LOCALID": str(n % 8)}) for n in range(32)]
    assert len({w.master for w in worlds if w}) == 1 and [w.rank for w in worlds if w] == list(range(32))


def test_torchrun_within_a_slurm_job_counts() -> None:
    world = World.here({**SLURM, **TORCHRUN})
    assert world is not None and world.rank == 5


def test_a_plain_process_is_no_rank_nor_is_one_in_an_sbatch_script_or_an_salloc_shell() -> None:
    assert World.here({}) is None
    assert World.here({"WORLD_SIZE": "2"}) is None
    allocated = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_NODELIST": "n1"}
    assert World.here(allocated) is None


@pytest.mark.parametrize(
    "wrong",
    [{"RANK": "8"}, {"RANK": "-1"}, {"LOCAL_RANK": "4"}, {"LOCAL_WORLD_SIZE": "9"}, {"WORLD_SIZE": "0"}],
)
def test_contradictions(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"RANK < WORLD_SIZE.*received World\(.*torchrun"):
        World.here({**TORCHRUN, **wrong})


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("node1", "node1"),
        ("a1,a2", "a1"),
        ("gpu[003-006,9],login1", "gpu003"),
        ("gpu[12]", "gpu12"),
        ("r1-gpu[01-04]", "r1-gpu01"),
        ("rack[1-2]n3.cluster", "rack1n3.cluster"),
        ("x[1-2]y[07-09]", "x1y07"),
        ("node-a.domain,node-b.domain", "node-a.domain"),
    ],
)
def test_the_first_host_of_a_node_list(hosts: str, first: str) -> None:
    assert first_host(hosts) == first
