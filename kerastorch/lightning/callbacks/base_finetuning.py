"""`BaseFinetuning`: parts of a module stand still at first, and join the training later."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.optimizers import parameters_of


class BaseFinetuning(Callback):
    """Freezes parts of a module before training; they are unfrozen, as new groups of the optimizer, at epochs.

    Override `freeze_before_training`, and `finetune_function`, which is called at each epoch's beginning with each
    optimizer. `configure_optimizers` leaves out the parameters without `requires_grad`.

    Example:
        >>> class FromEpochTen(BaseFinetuning):
        ...     def freeze_before_training(self, pl_module):
        ...         self.freeze(pl_module.encoder)
        ...     def finetune_function(self, pl_module, epoch, optimizer):
        ...         if epoch == 10:
        ...             self.unfreeze_and_add_param_group(pl_module.encoder, optimizer)
    """

    only_in_trainer = True

    def __init__(self) -> None:
        self._groups: dict[int, list[dict[str, Any]]] = {}  # those of each optimizer, with parameters by name
        self._moving: list[str] | None = None  # parameters that take gradients, BatchNorms that follow their batches
        self._resumes = False

    def freeze_before_training(self, pl_module: Any) -> None:
        """Freeze what shall not be trained at first; called before `configure_optimizers`."""
        raise NotImplementedError

    def finetune_function(self, pl_module: Any, epoch: int, optimizer: Optimizer) -> None:
        """Unfreeze what shall be trained from an epoch on."""
        raise NotImplementedError

    # -- parts of a module ------------------------------------------------------------------------------------------

    @staticmethod
    def flatten_modules(modules: Any) -> list[nn.Module]:
        """The modules within a module, or nested lists of modules, that have no children, or parameters of their own.

        Example:
            >>> len(BaseFinetuning.flatten_modules([nn.Sequential(nn.ReLU(), nn.Linear(1, 1)), nn.ReLU()]))
            3
        """
        if isinstance(modules, nn.ModuleDict):
            modules = modules.values()
        if isinstance(modules, Iterable):
            found = [inner for one in modules for inner in BaseFinetuning.flatten_modules(one)]
        else:
            found = list(modules.modules())
        return [one for one in found if one._parameters or next(one.children(), None) is None]

    @staticmethod
    def filter_params(modules: Any, train_bn: bool = True, requires_grad: bool = True) -> Iterator[nn.Parameter]:
        """The parameters that take gradients, or those that do not.

        Args:
            modules: A module, or nested lists of them.
            train_bn: Whether those of BatchNorm are among them.
            requires_grad: Which of both.
        """
        for one in BaseFinetuning.flatten_modules(modules):
            if train_bn or not isinstance(one, _BatchNorm):
                yield from (p for p in one.parameters(recurse=False) if p.requires_grad == requires_grad)

    @staticmethod
    def make_trainable(modules: Any) -> None:
        """Unfreeze parameters, and let BatchNorm follow its batches again."""
        _set(modules, True)

    @staticmethod
    def freeze_module(module: nn.Module) -> None:
        """Freeze the parameters that a module itself has."""
        _set_one(module, False)

    @staticmethod
    def freeze(modules: Any, train_bn: bool = True) -> None:
        """Freeze parameters.

        Args:
            modules: A module, or nested lists of them.
            train_bn: Whether BatchNorm goes on training.
        """
        _set(modules, False, train_bn)

    @staticmethod
    def filter_on_optimizer(optimizer: Optimizer, params: Iterable[nn.Parameter]) -> list[nn.Parameter]:
        """Those parameters that an optimizer does not have yet; of others a warning tells."""
        params, held = list(params), {id(p) for p in parameters_of(optimizer)}
        new = [p for p in params if id(p) not in held]
        if len(new) < len(params):
            text = (
                f"{len(params) - len(new)} parameters are in the optimizer already: they are not added. "
                "Give it the others only: `[p for p in self.parameters() if p.requires_grad]`."
            )
            warnings.warn(text, RuntimeWarning, stacklevel=3)
        return new

    @staticmethod
    def unfreeze_and_add_param_group(
        modules: Any, optimizer: Optimizer, lr: float | None = None, initial_denom_lr: float = 10.0,
        train_bn: bool = True,
    ) -> None:  # fmt: skip
        """Unfreeze parameters, and add them to an optimizer as a new group.

        Args:
            modules: A module, or nested lists of them.
            optimizer: The optimizer.
            lr: The group's learning rate; default that of the first group over `initial_denom_lr`.
            initial_denom_lr: See `lr`.
            train_bn: Whether BatchNorm's parameters are added.
        """
        BaseFinetuning.make_trainable(modules)
        rate = optimizer.param_groups[0]["lr"] / initial_denom_lr if lr is None else float(lr)
        params = BaseFinetuning.filter_on_optimizer(optimizer, BaseFinetuning.filter_params(modules, train_bn))
        if params:
            optimizer.add_param_group({"params": params, "lr": rate})

    # -- hooks ------------------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.freeze_before_training(pl_module)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        if not self._resumes:
            return
        self._resumes, named = False, dict(pl_module.named_parameters())
        for number, groups in self._groups.items():
            held = [{**group, "params": [named[name] for name in group["params"]]} for group in groups]
            before, trainer.optimizers[number].param_groups = len(trainer.optimizers[number].param_groups), held
            for parameter in (p for group in held[before:] for p in group["params"]):
                parameter.requires_grad = True
        if self._moving is not None:
            for name, thing, attribute in _switches(pl_module):
                setattr(thing, attribute, name in self._moving)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        for number, optimizer in enumerate(trainer.optimizers):
            before = len(optimizer.param_groups)
            self.finetune_function(pl_module, trainer.current_epoch, optimizer)
            self._note(pl_module, number, before, optimizer.param_groups)
        self._moving = [name for name, thing, attribute in _switches(pl_module) if getattr(thing, attribute)]

    def _note(self, pl_module: Any, number: int, before: int, groups: list[dict[str, Any]]) -> None:
        """Remember the groups that came, with their parameters by name."""
        new = groups if number not in self._groups else groups[before:]
        if new:
            names = {parameter: name for name, parameter in pl_module.named_parameters()}
            plain = [{**group, "params": [names[p] for p in group["params"]]} for group in new]
            self._groups.setdefault(number, []).extend(plain)

    def state_dict(self) -> dict[str, Any]:
        return {"internal_optimizer_metadata": self._groups, "moving": self._moving}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._groups, self._resumes = state_dict["internal_optimizer_metadata"], True
        self._moving = state_dict.get("moving")  # a checkpoint of Lightning does not have it


def _switches(module: nn.Module) -> Iterator[tuple[str, Any, str]]:
    """What freezing changes: a name, the thing and its attribute."""
    yield from ((name, p, "requires_grad") for name, p in module.named_parameters())
    norms = ((name, one) for name, one in module.named_modules() if isinstance(one, _BatchNorm))
    yield from ((f"{name}.track_running_stats", one, "track_running_stats") for name, one in norms)


def _set(modules: Any, trained: bool, train_bn: bool = False) -> None:
    for one in BaseFinetuning.flatten_modules(modules):
        _set_one(one, trained or (train_bn and isinstance(one, _BatchNorm)))


def _set_one(module: nn.Module, trained: bool) -> None:
    if isinstance(module, _BatchNorm):
        module.track_running_stats = trained
    for parameter in module.parameters(recurse=False):
        parameter.requires_grad = trained
