"""The files of a module: made anew from a checkpoint, exported to TorchScript and ONNX."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from kerastorch.base import errors
from kerastorch.lightning.checkpoint import read
from kerastorch.lightning.hparams import AttributeDict
from kerastorch.lightning.moving import move


class ModuleFiles:
    """What a module does with files.

    Attributes:
        example_input_array: Inputs for exports and graphs, or None.
        strict_loading: Whether a checkpoint must have exactly this module's weights.
    """

    __jit_unused_properties__: ClassVar[list[str]] = [
        *(
            "trainer",
            "logger",
            "loggers",
            "current_epoch",
            "global_step",
            "global_rank",
            "local_rank",
            "device",
            "dtype",
        ),
        *("on_gpu", "hparams", "hparams_initial"),
    ]
    __jit_ignored_attributes__: ClassVar[list[str]] = [
        *("example_input_array", "_hparams", "_hparams_initial", "_hparams_name", "_trainer", "_exporting", "_toggled"),
    ]
    CHECKPOINT_HYPER_PARAMS_KEY = "hyper_parameters"
    CHECKPOINT_HYPER_PARAMS_NAME = "hparams_name"

    example_input_array: Any = None
    strict_loading = True
    trainer: Any
    device: Any
    _trainer: Any
    _exporting = False  # TorchScript looks at every attribute

    @classmethod
    def load_from_checkpoint(
        cls,
        checkpoint_path: Any,
        map_location: Any = None,
        hparams_file: Any = None,
        strict: bool | None = None,
        weights_only: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Make a module anew from a checkpoint: its hyperparameters are the arguments, then the weights are loaded.

        Args:
            checkpoint_path: The file, of this library or of Lightning.
            map_location: Where tensors go, see `torch.load`.
            hparams_file: Accepted; the checkpoint has the hyperparameters.
            strict: Whether the weights must be exactly this module's.
            weights_only: Accepted; checkpoints are read so.
            **kwargs: Arguments that replace or complete the hyperparameters.
        """
        found = read(checkpoint_path, map_location or "cpu")
        known = {**found.get(cls.CHECKPOINT_HYPER_PARAMS_KEY, {})}
        module: Any = cls(**arguments_of(cls, known, found.get(cls.CHECKPOINT_HYPER_PARAMS_NAME), kwargs))
        module.on_load_checkpoint(found)
        module.load_state_dict(found["state_dict"], strict=module.strict_loading if strict is None else strict)
        return module

    @torch.no_grad()
    def to_torchscript(
        self, file_path: Any = None, method: str = "script", example_inputs: Any = None, **kwargs: Any
    ) -> Any:
        """The module as TorchScript, in the mode of evaluation.

        Args:
            file_path: Where it is saved too.
            method: "script" or "trace".
            example_inputs: What "trace" runs on; default `example_input_array`.
            **kwargs: More for `torch.jit`.
        """
        if method not in ("script", "trace"):
            raise errors.unknown_name("`method` of to_torchscript", method, ["script", "trace"])
        module: Any = self
        mode, trainer = module.training, self._trainer
        module.eval()
        inputs = self._example(example_inputs) if method == "trace" else None
        self.__dict__["_exporting"], self.trainer = True, None
        try:
            script: Any = torch.jit.trace(module, inputs, **kwargs) if inputs else torch.jit.script(module, **kwargs)
        finally:
            module.train(mode)
            self.__dict__["_exporting"], self.trainer = False, trainer
        if file_path is not None:
            torch.jit.save(script, os.fspath(file_path))
        return script

    @torch.no_grad()
    def to_onnx(self, file_path: Any = None, input_sample: Any = None, **kwargs: Any) -> Any:
        """Write the module as ONNX, in the mode of evaluation.

        Args:
            file_path: The file.
            input_sample: What it is traced on; default `example_input_array`.
            **kwargs: More for `torch.onnx.export`.
        """
        module: Any = self
        mode = module.training
        module.eval()
        try:
            return torch.onnx.export(module, self._example(input_sample), file_path, **kwargs)
        finally:
            module.train(mode)

    def _example(self, inputs: Any) -> tuple[Any, ...]:
        inputs = self.example_input_array if inputs is None else inputs
        if inputs is None:
            raise errors.value_error(
                "The export", expected="inputs to trace", received=None, remedy="Set `self.example_input_array`."
            )
        moved = move(inputs, self.device)
        return moved if isinstance(moved, tuple) else (moved,)


def arguments_of(cls: type, known: Mapping[str, Any], name: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments to make a class with, from saved hyperparameters: those that its `__init__` takes.

    Args:
        cls: The class.
        known: The hyperparameters.
        name: The one argument that holds them all, or "kwargs" or None.
        given: What the user gives beside them.
    """
    accepted = _parameters(cls)
    if name not in (None, "kwargs") and name in accepted:
        return {name: AttributeDict(known), **given}
    arguments = {**known, **given}
    lacking = [name for name, needed in accepted.items() if needed and name not in arguments]
    if lacking:
        raise errors.type_error(
            f"`load_from_checkpoint` of {cls.__name__}",
            expected=f"the arguments of `__init__` that the checkpoint does not hold ({', '.join(lacking)})",
            received=errors.Said("others"),
            remedy=f"Write `load_from_checkpoint(path, {lacking[0]}=...)`; a checkpoint holds plain values only.",
        )
    if "**" in accepted:
        return arguments
    return {key: value for key, value in arguments.items() if key in accepted or key in given}


def _parameters(cls: type) -> dict[str, bool]:
    """The parameters of `__init__`, and whether each must be given."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    needed = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {"**" if p.kind is p.VAR_KEYWORD else p.name: p.kind in needed and p.default is p.empty for p in parameters}
