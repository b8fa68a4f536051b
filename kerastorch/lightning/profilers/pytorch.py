"""`PyTorchProfiler`: which operators ran, on the host and on the GPU."""

from __future__ import annotations

from typing import Any

import torch
from torch.profiler import ProfilerAction, profile, record_function, tensorboard_trace_handler

from kerastorch.base import errors
from kerastorch.lightning.profilers.profiler import Profiler

_STEPS = ("training_step", "validation_step", "test_step", "predict_step")
_SORT_KEYS = (
    *("cpu_time", "cuda_time", "cpu_time_total", "cuda_time_total", "cpu_memory_usage", "cuda_memory_usage"),
    *("self_cpu_memory_usage", "self_cuda_memory_usage", "count"),
)
_RECORDED = 5


class PyTorchProfiler(Profiler):
    """`torch.profiler` over the steps of a run, by default over the first five.

    Args:
        dirpath: The folder of traces and of the summary; default that of the Trainer's logs.
        filename: See `Profiler`.
        group_by_input_shapes: Whether calls of other shapes are rows of their own; wants `record_shapes=True`.
        export_to_chrome: Whether a trace is written, for TensorBoard, Perfetto or chrome://tracing.
        row_limit: The most rows of the table; -1 for all.
        sort_by_key: What it is sorted by, "cpu_time_total" for one; default the total time, on the GPU if there is one.
        record_module_names: Whether the calls of modules are marked in the trace.
        table_kwargs: More for the table, see `key_averages().table` of torch.
        **profiler_kwargs: More for `torch.profiler.profile`: `schedule`, `activities`, `profile_memory`, ...

    Raises:
        ValueError: `sort_by_key` is unknown.

    Example:
        >>> profiler = PyTorchProfiler(sort_by_key="cpu_time_total", export_to_chrome=False)
        >>> with profiler.profile("training_step"):
        ...     _ = torch.ones(2) + 1
        >>> "aten::add" in profiler.summary()
        True
    """

    def __init__(
        self,
        dirpath: Any = None,
        filename: str | None = None,
        group_by_input_shapes: bool = False,
        export_to_chrome: bool = True,
        row_limit: int = 20,
        sort_by_key: str | None = None,
        record_module_names: bool = True,
        table_kwargs: dict[str, Any] | None = None,
        **profiler_kwargs: Any,
    ) -> None:
        super().__init__(dirpath, filename)
        on_gpu = torch.cuda.is_available()
        self.sort_by_key = sort_by_key or ("cuda_time_total" if on_gpu else "cpu_time_total")
        if self.sort_by_key not in _SORT_KEYS:
            raise errors.unknown_name("`sort_by_key` of PyTorchProfiler", sort_by_key, _SORT_KEYS)
        self.shapes = group_by_input_shapes and profiler_kwargs.get("record_shapes", False)
        self.export_to_chrome, self.row_limit = export_to_chrome, row_limit
        self.record_module_names, self.table_kwargs = record_module_names, table_kwargs or {}
        self.profiler_kwargs = {"schedule": _first_steps, **profiler_kwargs}
        self.profiler: profile | None = None
        self._recording: dict[str, Any] = {}
        self._hooks: list[Any] = []

    def start(self, action_name: str) -> None:
        if self.profiler is None and action_name.endswith(_STEPS):
            self.profiler = profile(**{"on_trace_ready": self._export, **self.profiler_kwargs})
            self.profiler.start()
            self._mark_modules()
        if self.profiler is not None and action_name not in self._recording:
            self._recording[action_name] = record_function(f"[pl][profile]{action_name}")
            self._recording[action_name].__enter__()

    def stop(self, action_name: str) -> None:
        if action_name in self._recording:
            self._recording.pop(action_name).__exit__(None, None, None)
        if self.profiler is not None and action_name.endswith(_STEPS):
            self.profiler.step()

    def _export(self, profiler: profile) -> None:
        if self.export_to_chrome and self.dirpath is not None:
            tensorboard_trace_handler(str(self.dirpath), self._file_name(""))(profiler)

    def _mark_modules(self) -> None:
        if not self.record_module_names or self._lightning_module is None:
            return
        open_marks: list[Any] = []
        for name, module in self._lightning_module.named_modules():
            if name:

                def enter(*_: Any, name: str = name, module: Any = module) -> None:
                    open_marks.append(record_function(f"[pl][module]{type(module).__name__}: {name}"))
                    open_marks[-1].__enter__()

                def leave(*_: Any) -> None:
                    open_marks.pop().__exit__(None, None, None)

                self._hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]

    def summary(self) -> str:
        if self.profiler is None:
            return ""
        profiler = self._end()
        try:
            averages = profiler.key_averages(group_by_input_shape=self.shapes)
        except AssertionError:  # nothing was recorded
            return ""
        table = averages.table(sort_by=self.sort_by_key, row_limit=self.row_limit, **self.table_kwargs)
        return f"{self._heading()}\n{table}"

    def _end(self) -> Any:
        for name in reversed(list(self._recording)):
            self._recording.pop(name).__exit__(None, None, None)
        for hook in self._hooks:
            hook.remove()
        profiler, self.profiler, self._hooks = self.profiler, None, []
        if profiler is not None:
            profiler.stop()
        return profiler

    def teardown(self, stage: str | None) -> None:
        self._end()


def _first_steps(step: int) -> ProfilerAction:
    if step >= _RECORDED:
        return ProfilerAction.NONE
    return ProfilerAction.RECORD_AND_SAVE if step == _RECORDED - 1 else ProfilerAction.RECORD
