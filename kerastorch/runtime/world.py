"""Which rank this process is: as torchrun, SLURM's `srun` or our own launcher said in its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kerastorch.base import errors

LAUNCHED = "KERASTORCH_LAUNCHED"  # set for the processes that `runtime.launch` starts


@dataclass(frozen=True)
class World:
    """The processes of a run, and which one this is.

    Attributes:
        rank: This process among all, from 0.
        size: The number of processes.
        local_rank: This process among those of its machine.
        local_size: Processes on this machine.
        master: Where rank 0 listens: (address, port).
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    master: tuple[str, int]

    @property
    def nodes(self) -> int:
        """The number of machines."""
        return max(1, self.size // self.local_size)

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> World | None:
        """The world that the environment tells of; None for a process that was started plainly.

        Args:
            environment: The environment variables.

        Raises:
            ValueError: They contradict each other.

        Example:
            >>> World.here({"RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "29500"}).rank
            1
            >>> World.here({}) is None
            True
        """
        if "RANK" in environment and "WORLD_SIZE" in environment:
            return _torchrun(environment)
        if "SLURM_PROCID" in environment and "SLURM_STEP_NUM_TASKS" in environment:
            return _slurm(environment)
        return None


def _torchrun(environment: Mapping[str, str]) -> World:
    size = int(environment["WORLD_SIZE"])
    return _checked(
        World(
            rank=int(environment["RANK"]),
            size=size,
            local_rank=int(environment.get("LOCAL_RANK", environment["RANK"])),
            local_size=int(environment.get("LOCAL_WORLD_SIZE", size)),
            master=(environment.get("MASTER_ADDR", "127.0.0.1"), int(environment.get("MASTER_PORT", "29500"))),
        )
    )


def _slurm(environment: Mapping[str, str]) -> World:
    size = int(environment["SLURM_STEP_NUM_TASKS"])
    nodes = int(environment.get("SLURM_STEP_NUM_NODES", environment.get("SLURM_NNODES", "1")))
    hosts = environment.get("SLURM_STEP_NODELIST", environment.get("SLURM_JOB_NODELIST", "127.0.0.1"))
    # A port that is the same on all ranks and differs between jobs that share a machine.
    port = 15000 + int(environment.get("SLURM_JOB_ID", "0")) % 15000
    return _checked(
        World(
            rank=int(environment["SLURM_PROCID"]),
            size=size,
            local_rank=int(environment.get("SLURM_LOCALID", "0")),
            local_size=max(1, size // nodes),
            master=(environment.get("MASTER_ADDR", first_host(hosts)), int(environment.get("MASTER_PORT", port))),
        )
    )


def _checked(world: World) -> World:
    if not 0 <= world.rank < world.size or not 0 <= world.local_rank < world.local_size <= world.size:
        raise errors.value_error(
            "The environment of this process",
            expected="0 <= RANK < WORLD_SIZE and 0 <= LOCAL_RANK < LOCAL_WORLD_SIZE <= WORLD_SIZE",
            received=errors.Said(str(world)),
            remedy="Start the script with `torchrun` or `srun`, which set them; or unset RANK and WORLD_SIZE.",
        )
    return world


def first_host(hosts: str) -> str:
    """The first machine of a SLURM node list.

    Example:
        >>> first_host("gpu[003-006,9],login1"), first_host("a1,a2")
        ('gpu003', 'a1')
    """
    found = re.match(r"(?:[^,\[]|\[[^\]]*\])+", hosts)  # up to a comma outside of brackets
    return "127.0.0.1" if found is None else re.sub(r"\[(\w+)[^\]]*\]", r"\1", found[0])
