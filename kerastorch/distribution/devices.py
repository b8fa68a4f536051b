"""The devices there are, and the processes that take part."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

import torch

from kerastorch.base import errors
from kerastorch.runtime.device import available
from kerastorch.runtime.world import World

_NAMES = {"cuda": "gpu"}  # torch's name -> Keras's
_PREFIX = "KERAS_DISTRIBUTION_"


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices of one kind: this machine's, or in a run of several processes one for each of them.

    Args:
        device_type: "gpu", "cpu" or "mps"; default the best kind there is.

    Returns:
        Names such as "gpu:0".

    Raises:
        ValueError: There is no such kind.

    Example:
        >>> list_devices("cpu")
        ['cpu:0']
    """
    kinds = [_NAMES.get(kind, kind) for kind in available()]
    kind = kinds[0] if device_type is None else str(device_type).lower().replace("cuda", "gpu")
    if kind not in ("gpu", "cpu", "mps", "tpu"):
        raise errors.unknown_name("device_type", device_type, ["gpu", "cpu", "mps"])
    if kind not in kinds:
        return []
    world = World.here()
    if world is not None and world.size > 1:
        count = world.size
    else:
        count = torch.cuda.device_count() if kind == "gpu" else 1
    return [f"{kind}:{index}" for index in range(count)]


def get_device_count(device_type: str | None = None) -> int:
    """How many devices `list_devices` lists.

    Example:
        >>> get_device_count("cpu")
        1
    """
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    environment: MutableMapping[str, str] = os.environ,
) -> None:
    """Make this process one of several that train together; before anything is computed.

    A process that `torchrun` or `srun` started need not call it. What is left out is taken from
    `KERAS_DISTRIBUTION_JOB_ADDRESSES`, `KERAS_DISTRIBUTION_NUM_PROCESSES` and `KERAS_DISTRIBUTION_PROCESS_ID`.

    Args:
        job_addresses: "address:port" of each process, with commas; that of process 0, where all meet, is enough where
            each runs on a machine of its own.
        num_processes: How many they are.
        process_id: Which one this is, from 0.
        environment: Where it is noted, in the words of `torchrun`.

    Raises:
        ValueError: Something is missing or out of its range.

    Example:
        >>> noted = {}
        >>> initialize("10.0.0.1:1234,10.0.0.2:1234", 2, 1, environment=noted)
        >>> noted["RANK"], noted["MASTER_ADDR"], noted["LOCAL_RANK"]
        ('1', '10.0.0.1', '0')
    """
    job_addresses = job_addresses or environment.get(f"{_PREFIX}JOB_ADDRESSES")
    size = _number("num_processes", num_processes, environment, least=1)
    rank = _number("process_id", process_id, environment, least=0)
    if job_addresses is None and size is None and rank is None:
        return  # the launcher's own words are there, or this is the only process
    if job_addresses is None or size is None or rank is None or rank >= size:
        raise errors.value_error(
            "keras.distribution.initialize",
            expected="job_addresses, num_processes, and a process_id below it",
            received=(job_addresses, size, rank),
            remedy=f"Give them, set {_PREFIX}JOB_ADDRESSES, ..._NUM_PROCESSES and ..._PROCESS_ID, or use `torchrun`.",
        )
    hosts = [address.strip().rpartition(":") for address in job_addresses.split(",")]
    if len(hosts) not in (1, size) or any(not host or not port.isdigit() for host, _, port in hosts):
        raise errors.value_error(
            "`job_addresses` of initialize", expected=f'1 or {size} of "address:port"', received=job_addresses
        )
    names = [host for host, _, _ in hosts]
    same = [index for index, name in enumerate(names) if name == names[rank]] if len(names) == size else [rank]
    noted = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": same.index(rank), "LOCAL_WORLD_SIZE": len(same)}
    environment.update({name: str(value) for name, value in noted.items()})
    environment.update({"MASTER_ADDR": names[0], "MASTER_PORT": hosts[0][2]})


def _number(name: str, given: int | None, environment: MutableMapping[str, str], least: int) -> int | None:
    text = environment.get(_PREFIX + name.upper()) if given is None else str(given)
    if text is None:
        return None
    if not text.strip().isdecimal() or int(text) < least:
        raise errors.value_error(f"`{name}` of initialize", expected=f"an integer >= {least}", received=text)
    return int(text)
