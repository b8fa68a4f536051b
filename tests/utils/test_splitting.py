"""`split_dataset`: sizes as in Keras, order kept unless shuffled, parts that `fit` takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

import kerastorch
from kerastorch.utils import split_dataset

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10, dtype="float32")


class Own(Dataset[Any]):
    """A user's data set."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


KINDS = {
    "array": X,
    "tensor": torch.from_numpy(X),
    "tuple": (X, Y),
    "list": [X, torch.from_numpy(Y)],
    "tensors": TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)),
    "own": Own(),
}


def rows(part: Any) -> list[float]:
    """The first feature of each sample."""
    samples = [part[i] for i in range(len(part))]
    return [float(s[0][0]) for s in samples]


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_keep_their_samples_in_order(kind: str) -> None:
    left, right = split_dataset(KINDS[kind], left_size=0.7)
    assert rows(left) + rows(right) == X[:, 0].tolist() and len(right) == 3  # type: ignore[arg-type]
    left, right = split_dataset(KINDS[kind], left_size=3, right_size=2)
    assert rows(left) == X[:3, 0].tolist() and rows(right) == X[-2:, 0].tolist()


@pytest.mark.parametrize("kind", ["array", "tuple", "tensors", "own"])
def test_shuffled_samples_are_those_of_keras(kind: str) -> None:
    import keras

    ours, theirs = (
        home.utils.split_dataset(KINDS[kind], left_size=0.8, shuffle=True, seed=3) for home in (kerastorch, keras)
    )
    assert [rows(part) for part in ours] == [rows(part) for part in theirs]
    assert rows(ours[0]) != sorted(rows(ours[0]))


def test_without_a_seed_the_global_generator_decides() -> None:
    found = []
    for _ in range(2):
        kerastorch.utils.set_random_seed(1)
        found.append(rows(split_dataset(X, 0.5, shuffle=True)[0]))
    assert found[0] == found[1] != sorted(found[0])


@pytest.mark.parametrize("kind", ["tuple", "own", "tensors"])
def test_fit_takes_the_parts(kind: str) -> None:
    model = kerastorch.Sequential([kerastorch.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    train, test = split_dataset(KINDS[kind], left_size=0.8)
    history = model.fit(train, validation_data=test, batch_size=4, verbose=0)
    assert set(history.history) == {"loss", "val_loss"}


SIZES: list[tuple[Any, Any]] = [
    (0.8, None),
    (None, 0.25),
    (0.33, None),
    (6, 4),
    (0.5, 0.5),
    (6, 0.4),
    (9, None),
    (None, None),
    (0, None),
    (10, None),
    (1.0, None),
    (-0.1, None),
    (0.6, 0.6),
    (6, 5),
    (0.01, None),
    ("3", None),
    (None, "3"),
]


@pytest.mark.parametrize(("left", "right"), SIZES, ids=map(repr, SIZES))
def test_sizes_and_refusals_like_keras(left: Any, right: Any) -> None:
    import keras

    def sizes(home: Any) -> Any:
        try:
            return [len(part) for part in home.utils.split_dataset(X, left, right)]
        except (TypeError, ValueError) as error:
            return type(error)

    assert sizes(kerastorch) == sizes(keras)


class Endless(IterableDataset[Any]):
    """A data set without a length."""

    def __iter__(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("dataset", "options", "error", "match"),
    [
        ((X, Y[:5]), {}, ValueError, r"\[10, 5\] samples"),
        ([], {}, ValueError, "one or more arrays"),
        ("text", {}, TypeError, "`dataset`"),
        ([1, 2, 3], {}, TypeError, "`dataset`"),
        (Endless(), {}, TypeError, "a length"),
        (X, {"preferred_backend": "tensorflow"}, ValueError, "'torch'"),
        (X, {"right_size": True}, TypeError, "`right_size`"),
    ],
)
def test_refuses(dataset: Any, options: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        split_dataset(dataset, **{"left_size": 0.5, **options})
