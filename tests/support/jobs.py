"""What tests let ranks do."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
import torch.distributed as dist
from torch import nn

from kerastorch import config
from kerastorch.runtime.signals import Signals
from kerastorch.runtime.strategies import choose_strategy
from kerastorch.runtime.world import World


class Refused(Exception):
    """An error of a user's own."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(code, what)
        self.code = code


def strategy(*args: Any) -> Any:
    """This rank's, ready."""
    chosen = choose_strategy(*(args or ("ddp", "cpu")))
    chosen.start()
    return chosen


def on_all(value: Any) -> list[Any]:
    """The value of each rank."""
    found: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(found, value)
    return found


def look(array: Any, mapped: Any, function: Callable[[int], int]) -> dict[str, Any]:
    """What a rank sees of its surroundings and of what it was sent; how much memory the arrays take in it."""
    drawn = (random.random(), float(np.random.rand()), float(torch.rand(())))
    strategy()
    before = _anonymous()
    seen = (float(array.sum()), float(mapped.sum()), function(4))
    own = _anonymous() - before
    home = str(Path(array.base.filename if hasattr(array.base, "filename") else "").parent)
    world = World.here()
    assert world is not None
    print(f"printed by rank {world.rank}", flush=True)
    return {
        "seen": on_all(seen), "own": on_all(own), "ranks": on_all(world.rank), "drawn": drawn, "home": home,
        "kinds": (type(array).__name__, type(mapped).__name__), "pids": on_all(os.getpid()), "local": world.local_size,
        "epsilon": config.epsilon(),
    }  # fmt: skip


def _anonymous() -> int:
    """The bytes of this process that lie in no file."""
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) * 1024


def fail(folder: str, how: str) -> None:
    """Fail on rank 1 while rank 0 waits for it."""
    rank = strategy().rank
    Path(folder, str(rank)).write_text(str(os.getpid()))
    on_all(None)
    if rank == 1 and how == "raise":
        raise Refused(7, "of rank 1")
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    on_all(None)


def sleep(folder: str) -> None:
    """Tell the process and its folder, and stay."""
    rank = strategy().rank
    home = psutil.Process().cmdline()[-1]
    Path(folder, f"{rank}.part").write_text(f"{os.getpid()} {home}")
    Path(folder, f"{rank}.part").rename(Path(folder, str(rank)))
    time.sleep(60)


def collectives() -> dict[str, Any]:
    """All that a `DataParallel` exchanges, once each."""
    s = strategy()
    rank, found = s.rank, {}
    values = [torch.full((2,), rank + 1.0), torch.tensor(rank), torch.tensor([[10.0 * rank]]), torch.zeros(0)]
    s.sum_(values)
    found["sum"] = [v.tolist() for v in values]
    found["gather"] = [v.tolist() for v in s.gather(torch.arange(rank))]
    found["agree"] = on_all(s.agree({"from": rank}))
    found["any"] = on_all((s.any(None), s.any("stop" if rank == 1 else None)))
    found["figures"] = on_all(
        {k: float(v) for k, v in s.figures({"b": rank, "a": 5.0}, lambda: {"a": torch.tensor(9.0)}).items()}
    )
    state = type("State", (), {"stop_reason": "here" if rank == 2 else None})()
    assert list(s.hooks(state, steered=False, verbose=0)) == []
    s.hooks(state, steered=True, verbose=0)[0](0, {})
    found["stop"] = on_all(state.stop_reason)
    found["whole"] = s.whole({"a": 1})
    found["module"] = _module(s)
    found["drawn"] = on_all(float(torch.rand(())))
    return found


def _module(s: Any) -> dict[str, Any]:
    torch.manual_seed(s.rank)
    module = nn.Linear(1, 1, bias=False)
    s.replicate(module)
    found: dict[str, Any] = {"replicated": on_all(float(module.weight.detach()))}
    with s.manual_gradients(lambda: 0.5):
        module.weight.grad = torch.full_like(module.weight, float(s.rank))
        torch.optim.SGD(module.parameters(), 0.0).step()
    found["manual"] = on_all(float(module.weight.grad))
    wrapped = s.wrap(module)
    for last, name in ((False, "waiting"), (True, "exchanged")):
        module.weight.grad = None
        s.sync_gradients(last)
        wrapped(torch.full((1, 1), float(s.rank))).sum().backward()
        found[name] = on_all(float(module.weight.grad))
    module.weight.grad.fill_(s.rank)
    s.reduce_gradients([module.weight, torch.zeros(1)])
    found["reduced"] = on_all(float(module.weight.grad))
    module.requires_grad_(False)
    assert s.wrap(module) is module
    return found


def heed(folder: str, how: str) -> str:
    """Wait for a signal, and end as `how` says."""
    rank = int(os.environ["RANK"])
    if how == "exit" and rank == 1:
        raise SystemExit(3)
    numbers = [] if how in ("die", "wait") else ["SIGTERM", "SIGUSR1"]
    with Signals(numbers) as signals:
        Path(folder, str(rank)).write_text("ready")
        while signals.received is None:
            time.sleep(0.02)
        if how == "go on":
            return "its work done"
        if how == "fail to save":
            raise OSError("disk full")
        Path(folder, f"saved-{rank}").write_text("all")
        raise SystemExit(signals.exit_code)
