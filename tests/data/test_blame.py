"""Which item raised, with and without workers, whatever torch's frames look like."""

from __future__ import annotations

import multiprocessing
import sys
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from kerastorch.data.blame import Telling, item_of, telling
from kerastorch.data.dataset import DatasetSource
from kerastorch.data.loader import LoaderSource
from kerastorch.data.pydataset import PyDataset, PyDatasetSource


class Bad(Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> torch.Tensor:
        if index == 13:
            raise OSError("13.png is cut short")
        return torch.zeros(1)


class Stream(IterableDataset):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        yield torch.zeros(1)
        raise OSError("cut short")


class Lessons(PyDataset):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Any:
        return Bad()[index][None]


def raised(source: Any) -> str:
    with pytest.raises(OSError, match="cut short") as caught:
        list(source.batches(0))
    source.close()
    assert not multiprocessing.active_children()
    notes = "\n".join(getattr(caught.value, "__notes__", []))
    return f"{caught.value}\n{notes}"


@pytest.mark.parametrize("workers", [0, 2])
def test_the_item_of_a_loader(workers: int) -> None:
    text = raised(LoaderSource(DataLoader(Bad(), 4, num_workers=workers)))
    assert "It was fetching item 13 of the dataset, for a batch of [12, 13, 14, 15]." in text
    assert "batch 3 of the epoch" in text and text.count("It was fetching") == 1
    assert workers == 0 or "Original Traceback" in text and "in __getitem__" in text


def test_other_loaders() -> None:
    assert "item 13 of the dataset." in raised(LoaderSource(DataLoader(Bad(), batch_size=None)))
    assert "items [6, 7] of the dataset." in raised(LoaderSource(DataLoader(Subset(Bad(), range(7, 20)), 2)))
    shuffled = raised(DatasetSource(Bad(), batch_size=20, shuffle=True))
    assert "item 13 of the dataset, for a batch of [" in shuffled and ", ...] (20)." in shuffled
    assert "fetching" not in raised(LoaderSource(DataLoader(Stream(), 1)))
    workers = Lessons(workers=2, use_multiprocessing=True)
    assert "It was fetching item 13 of the dataset." in raised(PyDatasetSource(workers))


def test_a_loader_is_left_as_it_was_and_its_own_start_is_called(capfd: pytest.CaptureFixture[str]) -> None:
    loader: Any = DataLoader(Bad(), 4, num_workers=1, worker_init_fn=_say, multiprocessing_context="spawn")
    assert "item 13" in raised(LoaderSource(loader))
    assert loader.worker_init_fn is _say and "worker 0 begins" in capfd.readouterr().out
    with pytest.raises(ValueError, match="x"), telling(loader):
        assert isinstance(loader.worker_init_fn, Telling)
        raise ValueError("x")
    assert loader.worker_init_fn is _say
    plain = DataLoader(TensorDataset(torch.zeros(2)))
    with telling(plain), telling([1, 2]):
        assert plain.worker_init_fn is None


def _say(worker: int) -> None:
    sys.stdout.write(f"worker {worker} begins")
    sys.stdout.flush()


FETCH = """
class Fetcher:
    def __init__(self, dataset):
        self.dataset = dataset

    def fetch(self, possibly_batched_index):
        data = []
        for _ in possibly_batched_index:
            data.append(self.dataset[_])
        return data
"""


class Changing(Bad):
    def __getitem__(self, index: int) -> torch.Tensor:
        index = index - 1
        return Bad.__getitem__(self, index)


def test_without_a_frame_of_a_list() -> None:
    """As from Python 3.12 on: the index is known by the argument's name, unless the method changes it."""
    held: dict[str, Any] = {}
    exec(compile(FETCH, "somewhere/fetch.py", "exec"), held)
    texts = []
    for dataset in (Bad(), Changing()):
        with pytest.raises(OSError) as caught:
            held["Fetcher"](dataset).fetch([12, 13, 14])
        texts.append(item_of(caught.value.__traceback__))
    assert texts[0] == "It was fetching item 13 of the dataset, for a batch of [12, 13, 14]."
    assert texts[1] == "It was fetching the items [12, 13, 14] of the dataset."
