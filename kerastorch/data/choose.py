"""The only place that asks what `x` is."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from kerastorch.base import errors, nested
from kerastorch.data.arrays import ArraySource
from kerastorch.data.convert import not_an_array, to_rows
from kerastorch.data.dataset import DatasetSource
from kerastorch.data.generator import GeneratorSource
from kerastorch.data.loader import LoaderSource
from kerastorch.data.order import Shuffle
from kerastorch.data.pydataset import PyDataset, PyDatasetSource
from kerastorch.data.shard import check_divisible, check_loader, shard
from kerastorch.data.source import DataSource
from kerastorch.data.weights import ClassWeights, both_weights, check_sample_weight, several_targets, spread

DEFAULT_BATCH_SIZE = 32  # Keras's


def choose(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: Shuffle = True,
    seed: int = 0,
    steps: int | None = None,
    device: torch.device | str,
    class_weight: Mapping[int, float] | None = None,
    check: bool = True,
    usage: str = "fit",
    part: tuple[int, int] = (0, 1),
    ranks: int = 1,
) -> DataSource:
    """The source of batches for what a user passed to `fit`, `evaluate` or `predict`.

    Args:
        x: Arrays (nested in any way), a DataLoader, Dataset, PyDataset, generator or iterable, or a `DataSource`.
        y: Targets; only with arrays.
        sample_weight: Weights; only with arrays.
        batch_size: Samples in a batch of arrays or a Dataset (default 32, or the samples over `steps`).
        shuffle: Whether arrays, Datasets and PyDatasets come in a new order each epoch; "batch" for whole batches.
        seed: With the epoch, all that the order depends on.
        steps: Batches in an epoch; default a pass over the data.
        device: Where batches shall be.
        class_weight: Class number to weight; with arrays and PyDatasets of one target.
        check: Whether the sample weights are looked at.
        usage: The caller, for the messages.
        part: (rank, ranks) of this process: the source gives its rows of every batch.
        ranks: How many ranks the run has or will have; in training they share a batch evenly.

    Returns:
        The source.

    Raises:
        TypeError: `x` is nothing that holds data, or an array is none.
        ValueError: Arguments that do not go together, or wrong values.

    Example:
        >>> source = choose(torch.zeros(70, 3), torch.zeros(70), device="cpu")
        >>> source.num_batches, source.batch_size
        (3, 32)
    """
    size = _whole_number("batch_size", batch_size, usage)
    steps = _whole_number("steps", steps, usage)
    weights = None if class_weight is None else ClassWeights(class_weight)
    if isinstance(x, TensorDataset):
        _refuse("TensorDataset", y=y, sample_weight=sample_weight)
        x, y, sample_weight = _tensors_of(x)
    if is_arrays(x):
        sample_weight = _sample_weight(y, sample_weight, weights, check)
        arrays = _arrays(x, y, sample_weight, size, steps, shuffle, seed, device, part)
        check_divisible(arrays.batch_size if usage == "fit" else None, ranks)
        return arrays
    kind = _kind(x, usage)
    _refuse(kind, y=y, sample_weight=sample_weight)
    if kind != "PyDataset":
        _refuse(kind, class_weight=class_weight)
    if kind != "Dataset":
        _refuse(kind, batch_size=batch_size)
    source = _stream(kind, x, size, shuffle, seed, steps, device, weights)
    if ranks > 1:
        check_divisible(source.batch_size if usage == "fit" else None, ranks)
        check_loader(source)
    return shard(source, part, seed)


def _stream(
    kind: str,
    x: Any,
    batch_size: int | None,
    shuffle: Shuffle,
    seed: int,
    steps: int | None,
    device: torch.device | str,
    weights: ClassWeights | None,
) -> DataSource:
    """The source of data that come in batches, or sample by sample."""
    if kind == "Dataset":
        return DatasetSource(
            x, batch_size=batch_size or DEFAULT_BATCH_SIZE, shuffle=shuffle, seed=seed, device=device, steps=steps
        )
    if kind == "PyDataset":
        weigh = None if weights is None else weights.weigh
        return PyDatasetSource(x, shuffle=shuffle, seed=seed, device=device, steps=steps, transform=weigh)
    if kind == "DataLoader":
        return LoaderSource(x, device=device, steps=steps)
    return x if isinstance(x, DataSource) else GeneratorSource(x, device=device, steps=steps)


def is_arrays(x: Any) -> bool:
    """Whether `x` is an array, or a structure of them, and not something that yields batches.

    Example:
        >>> is_arrays({"a": torch.zeros(3)}), is_arrays(iter([]))
        (True, False)
    """
    if nested.is_nested(x) or isinstance(x, torch.Tensor) or hasattr(x, "__array__"):
        return True
    return type(x).__module__.startswith("scipy.sparse")


def _kind(x: Any, usage: str) -> str:
    """What errors call the data, and which source they need."""
    if isinstance(x, DataLoader) or _named(x, "StatefulDataLoader"):
        return "DataLoader"
    if isinstance(x, PyDataset):
        return "PyDataset"
    if isinstance(x, Dataset):
        return "Dataset"
    if isinstance(x, DataSource):
        return "DataSource"
    if isinstance(x, Iterable) and not isinstance(x, (str, bytes)):
        return "generator"
    if x is None:
        raise errors.value_error(
            f"`x` of {usage}", expected="data", received=None, remedy="Pass arrays, a DataLoader or a generator."
        )
    raise not_an_array(x, f"`x` of {usage}")


def _named(x: Any, name: str) -> bool:
    return any(cls.__name__ == name for cls in type(x).__mro__)


def _refuse(kind: str, **arguments: Any) -> None:
    """Refuse arguments that belong inside the data."""
    for name, value in arguments.items():
        if value is None:
            continue
        raise errors.value_error(
            f"`{name}` beside `x`, a {kind}",
            expected="None",
            received=value,
            remedy={
                "batch_size": f"The {kind} already makes batches: set their size there.",
                "class_weight": f"Let the {kind} yield (x, y, sample_weight) instead.",
            }.get(name, f"Let the {kind} yield them: (x, y) or (x, y, sample_weight)."),
        )


def _whole_number(name: str, value: Any, usage: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise errors.type_error(
            f"`{name}` of {usage}", expected="an integer >= 1 or None", received=value, remedy=f"Write `{name}=32`."
        )
    if value < 1:
        raise errors.value_error(
            f"`{name}` of {usage}", expected="an integer >= 1 or None", received=value, remedy=f"Write `{name}=32`."
        )
    return int(value)


def _tensors_of(dataset: TensorDataset) -> tuple[Any, Any, Any]:
    tensors = (*dataset.tensors, None, None)
    if not 3 <= len(tensors) <= 5:
        raise errors.value_error(
            "`x`, a TensorDataset",
            expected="one to three tensors: x, y, sample_weight",
            received=errors.Said(f"{len(dataset.tensors)} tensors"),
            remedy="Pass the tensors themselves: `fit([x1, x2], y)`.",
        )
    return tensors[0], tensors[1], tensors[2]


def _sample_weight(y: Any, sample_weight: Any, weights: ClassWeights | None, check: bool) -> Any:
    """The weights of arrays: the user's, checked, or made from class weights."""
    if weights is not None:
        if sample_weight is not None:
            raise both_weights()
        if y is None or nested.is_nested(y):
            raise several_targets(y)
        return weights.of(to_rows(y, "`y`"))
    if sample_weight is None:
        return None
    if check:
        for path, leaf in nested.flatten_with_path(sample_weight):
            if leaf is not None:
                where = f"`sample_weight{''.join(f'[{key!r}]' for key in path)}`"
                check_sample_weight(where, to_rows(leaf, where))
    return spread(nested.map_structure(_one_column, sample_weight), y)


def _one_column(leaf: Any) -> Any:
    """A pandas Series of weights as an array of shape (samples,): as data it would have one column."""
    return leaf.to_numpy() if hasattr(leaf, "to_numpy") and leaf.ndim == 1 else leaf


def _arrays(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    shuffle: Shuffle,
    seed: int,
    device: torch.device | str,
    part: tuple[int, int],
) -> ArraySource:
    if batch_size is None and steps is not None:
        batch_size = math.ceil(_length(x) / steps)
    return ArraySource(
        x,
        y,
        sample_weight,
        batch_size=batch_size or DEFAULT_BATCH_SIZE,
        shuffle=shuffle,
        seed=seed,
        device=device,
        steps=steps,
        part=part,
    )


def _length(x: Any) -> int:
    """The number of samples, as far as it can be told; `ArraySource` refuses the rest."""
    shape: tuple[int, ...] = getattr(next(iter(nested.flatten(x)), None), "shape", ())
    return int(shape[0]) if len(shape) else 0
