"""`LightningDataModule`: where the data of a run come from, apart from the module that learns from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from kerastorch.lightning.arguments import FromArguments
from kerastorch.lightning.checkpoint import read
from kerastorch.lightning.files import arguments_of
from kerastorch.lightning.hooks import DataHooks
from kerastorch.lightning.hparams import HyperparametersMixin
from kerastorch.lightning.older_names import OlderData


class LightningDataModule(HyperparametersMixin, FromArguments, OlderData, DataHooks):
    """Prepares data and gives the dataloaders of a run; override its hooks.

    Example:
        >>> import torch
        >>> data = LightningDataModule.from_datasets(torch.utils.data.TensorDataset(torch.zeros(4, 1)), batch_size=2)
        >>> len(data.train_dataloader())
        2
    """

    CHECKPOINT_HYPER_PARAMS_KEY = "datamodule_hyper_parameters"
    CHECKPOINT_HYPER_PARAMS_NAME = "datamodule_hparams_name"

    name: str | None = None
    prepare_data_per_node = True
    trainer: Any = None

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: plain values."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""

    def on_exception(self, exception: BaseException) -> None:
        """When a run ends by an error."""

    @classmethod
    def from_datasets(
        cls,
        train_dataset: Any = None,
        val_dataset: Any = None,
        test_dataset: Any = None,
        predict_dataset: Any = None,
        batch_size: int = 1,
        num_workers: int = 0,
        **datamodule_kwargs: Any,
    ) -> Any:
        """A datamodule of datasets; that of training is shuffled.

        Args:
            train_dataset: One dataset, or several in a list or dict.
            val_dataset: See `train_dataset`.
            test_dataset: See `train_dataset`.
            predict_dataset: See `train_dataset`.
            batch_size: Rows in a batch.
            num_workers: Processes that load.
            **datamodule_kwargs: More for the class.
        """

        def loader(dataset: Any, shuffle: bool) -> DataLoader[Any]:
            shuffle = shuffle and not isinstance(dataset, IterableDataset)
            return DataLoader(dataset, batch_size, shuffle=shuffle, num_workers=num_workers)

        def giving(datasets: Any, shuffle: bool = False) -> Any:
            if isinstance(datasets, Mapping):
                return lambda: {key: loader(one, shuffle) for key, one in datasets.items()}
            if isinstance(datasets, (list, tuple)):
                return lambda: [loader(one, shuffle) for one in datasets]
            return lambda: loader(datasets, shuffle)

        made = cls(**datamodule_kwargs)
        named = {"train": train_dataset, "val": val_dataset, "test": test_dataset, "predict": predict_dataset}
        for kind, datasets in named.items():
            if datasets is not None:
                setattr(made, f"{kind}_dataloader", giving(datasets, shuffle=kind == "train"))
        return made

    @classmethod
    def load_from_checkpoint(
        cls, checkpoint_path: Any, map_location: Any = None, hparams_file: Any = None,
        weights_only: bool | None = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Make a datamodule anew from a checkpoint.

        Args:
            checkpoint_path: The file.
            map_location: Where tensors go.
            hparams_file: Accepted; the checkpoint has the hyperparameters.
            weights_only: Accepted; checkpoints are read so.
            **kwargs: Arguments that replace or complete the hyperparameters.
        """
        found = read(checkpoint_path, map_location or "cpu")
        known = found.get(cls.CHECKPOINT_HYPER_PARAMS_KEY, {})
        made = cls(**arguments_of(cls, known, found.get(cls.CHECKPOINT_HYPER_PARAMS_NAME), kwargs))
        if cls.__qualname__ in found:
            made.load_state_dict(found[cls.__qualname__])
        return made
