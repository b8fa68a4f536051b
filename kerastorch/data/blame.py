"""Which item of a dataset raised, told by the traceback: nothing is done for items that are well."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_FETCH = "fetch.py"  # the file of torch (and torchdata) that takes items from a dataset
# Where workers pack what was raised; torchdata's loader has a loop of its own.
_LOOPS = ("torch.utils.data._utils.worker", "torchdata.stateful_dataloader.worker")


def item_of(trace: TracebackType | None) -> str:
    """The item that a DataLoader was fetching when something was raised, in words; empty where it cannot be told.

    Args:
        trace: The traceback, with the frames of the process that fetched.

    Example:
        >>> item_of(None)
        ''
    """
    frames = _frames(trace)
    at = next((n for n, frame in enumerate(frames) if _fetches(frame)), None)
    if at is None:
        return ""
    batch = frames[at].f_locals["possibly_batched_index"]
    if not isinstance(batch, (list, tuple)):
        return f"It was fetching item {batch!r} of the dataset."
    known = _item(frames[at + 1 :])
    if known:
        return f"It was fetching item {known[0]!r} of the dataset, for a batch of {_short(batch)}."
    return f"It was fetching the items {_short(batch)} of the dataset."


def _frames(trace: TracebackType | None) -> list[FrameType]:
    found = []
    while trace is not None:
        found.append(trace.tb_frame)
        trace = trace.tb_next
    return found


def _fetches(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_name == "fetch" and code.co_filename.endswith(_FETCH) and _map_style(frame)


def _map_style(frame: FrameType) -> bool:
    held = frame.f_locals
    return "possibly_batched_index" in held and not hasattr(held.get("self"), "dataset_iter")


def _item(frames: list[FrameType]) -> list[Any]:
    """The index, given the frames within torch's; empty where it cannot be told for certain."""
    if frames and frames[0].f_code.co_name == "<listcomp>":  # until Python 3.11 a frame of its own
        return [frames[0].f_locals["idx"]] if "idx" in frames[0].f_locals else []
    if not frames or frames[0].f_code.co_name != "__getitem__" or frames[0].f_code.co_argcount < 2:
        return []
    code, name = frames[0].f_code, frames[0].f_code.co_varnames[1]
    writes = (i for i in dis.get_instructions(code) if i.opname.startswith(("STORE", "DELETE")))
    changed = any(name in (i.argval if isinstance(i.argval, tuple) else (i.argval,)) for i in writes)
    return [] if changed or name not in frames[0].f_locals else [frames[0].f_locals[name]]


def _short(batch: Any) -> str:
    shown = ", ".join(repr(one) for one in batch[:8])
    return f"[{shown}, ...] ({len(batch)})" if len(batch) > 8 else f"[{shown}]"


class Telling:
    """A `worker_init_fn` that lets errors name the item; the user's own is called first.

    Args:
        own: The user's, or None.
    """

    def __init__(self, own: Callable[[int], Any] | None) -> None:
        self.own = own

    def __call__(self, worker: int) -> None:
        for name in _LOOPS:
            loop = sys.modules.get(name)
            wrap = getattr(loop, "ExceptionWrapper", None)
            if loop is not None and wrap is not None:
                loop.ExceptionWrapper = _with_item(wrap)  # type: ignore[attr-defined]
        if self.own is not None:
            self.own(worker)


def _with_item(wrap: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made = wrap(*args, **kwargs)
        made.exc_msg += item_of(sys.exc_info()[2])
        return made

    return wrapped


@contextmanager
def telling(loader: Any) -> Iterator[None]:
    """While a loader starts its workers: let them name the item that raises. The loader is left as it was.

    Args:
        loader: A DataLoader; anything without workers is let be.
    """
    if not getattr(loader, "num_workers", 0) or not hasattr(loader, "worker_init_fn"):
        yield
        return
    own = loader.worker_init_fn
    loader.worker_init_fn = Telling(own)
    try:
        yield
    finally:
        loader.worker_init_fn = own
