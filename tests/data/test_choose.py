"""Which source for what, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from kerastorch.data import choose as choose_from_package
from kerastorch.data.arrays import ArraySource
from kerastorch.data.choose import choose
from kerastorch.data.dataset import DatasetSource
from kerastorch.data.generator import GeneratorSource
from kerastorch.data.loader import LoaderSource
from kerastorch.data.pydataset import PyDataset, PyDatasetSource

X, Y = np.zeros((70, 3)), np.arange(70) % 2
LOADER = DataLoader(torch.zeros(8, 3), batch_size=2)


class Samples(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.zeros(3), index % 2


class Batches(PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return np.zeros((2, 3)), np.array([0, 1])


def generate():
    yield np.zeros((2, 3))


def pick(x, y=None, w=None, **more):
    return choose(x, y, w, device="cpu", **more)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: X, ArraySource),
        (lambda: [X, torch.zeros(70)], ArraySource),
        (lambda: pd.DataFrame(X), ArraySource),
        (lambda: TensorDataset(torch.zeros(4), torch.zeros(4)), ArraySource),
        (lambda: LOADER, LoaderSource),
        (Samples, DatasetSource),
        (Batches, PyDatasetSource),
        (generate, GeneratorSource),
        (lambda: iter([X]), GeneratorSource),
    ],
)
def test_the_right_source(make, kind):
    x = make()
    source = pick(x() if x is generate else x)
    assert type(source) is kind and source.peek().x is not None
    assert pick(source) is source
    source.close()


def test_batch_sizes():
    assert pick(X).batch_size == 32 and pick(X, batch_size=np.int64(7)).batch_size == 7
    assert pick(X, steps=3).batch_size == 24 and pick(X, steps=3).num_batches == 3
    assert pick(Samples()).batch_size == 32 and pick(Samples(), batch_size=3).num_batches == 3
    assert choose_from_package is choose


def test_batch_size_from_steps_as_keras():
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    for steps in (1, 3, 7, 70):
        assert ArrayDataAdapter(X, steps=steps).batch_size == pick(X, steps=steps).batch_size


def test_class_weights_become_sample_weights():
    source = pick(X, Y, class_weight={0: 1.0, 1: 3.0}, shuffle=False, batch_size=4)
    assert source.peek().sample_weight.tolist() == [1, 3, 1, 3]
    source = pick(Batches(), class_weight={0: 1.0, 1: 3.0})
    assert source.peek().sample_weight.tolist() == [1, 3]
    with pytest.raises(ValueError, match="not for class 1"):
        pick(X, Y, class_weight={0: 1.0})


def test_sample_weights():
    assert pick(X, Y, pd.Series(np.ones(70))).peek().sample_weight.shape == (32,)
    both = pick(X, [Y, Y], np.ones(70)).peek().sample_weight
    assert len(both) == 2 and both[0].equal(both[1])
    assert pick(X, Y, np.full(70, -1.0), check=False).peek().sample_weight[0] == -1


ARRAYS = [
    ((X, Y[:-1]), {}, ValueError, "`y` against `x`: expected the same number of samples, 70, received 69"),
    ((X, Y, np.ones(5)), {}, ValueError, "`sample_weight` against `x`"),
    ((X, Y, np.full(70, -1.0)), {}, ValueError, r"weights >= 0, received -1.0 at index \(0,\)"),
    ((X, [Y, Y], {"a": np.ones(70)}), {}, ValueError, "leaves at"),
    ((X[:0],), {}, ValueError, "at least one sample"),
    (([],), {}, ValueError, "`x`: expected an array"),
    (([[0, 1], [1, 0]],), {}, TypeError, r"`x\[0\]\[0\]`.*np.array"),
    ((np.array(["a"]),), {}, ValueError, "strings"),
    ((X, np.array([{}] * 70)), {}, ValueError, "`y`"),
    ((X + 1j,), {}, ValueError, "two real"),
    ((scipy.sparse.eye(3).tocsr(),), {}, TypeError, "toarray"),
    (("text",), {}, TypeError, "`x` of fit"),
    ((3,), {}, TypeError, "`x` of fit"),
    ((None,), {}, ValueError, "expected data"),
    ((X,), {"batch_size": 0}, ValueError, "`batch_size` of fit: expected an integer >= 1 or None, received 0"),
    ((X,), {"batch_size": -1}, ValueError, "received -1"),
    ((X,), {"batch_size": 2.5}, TypeError, "received 2.5"),
    ((X,), {"batch_size": "32"}, TypeError, "received '32'"),
    ((X,), {"batch_size": True}, TypeError, "received True"),
    ((X,), {"steps": 0}, ValueError, "`steps` of fit"),
    ((X, Y, np.ones(70)), {"class_weight": {0: 1, 1: 1}}, ValueError, "received both"),
    ((X,), {"class_weight": {0: 1, 1: 1}}, ValueError, "no `y`"),
    ((X, [Y, Y]), {"class_weight": {0: 1, 1: 1}}, ValueError, "2 targets"),
    ((TensorDataset(*[torch.zeros(2)] * 4),), {}, ValueError, "4 tensors"),
    ((TensorDataset(torch.zeros(2)), Y), {}, ValueError, "beside `x`, a TensorDataset"),
]
OTHERS = [
    ((x, *more), options, ValueError, f"`{name}` beside `x`, a {kind}: expected None")
    for x, kind in [(LOADER, "DataLoader"), (Samples(), "Dataset"), (Batches(), "PyDataset"), (range(3), "generator")]
    for more, options, name in [
        ((Y,), {}, "y"),
        ((None, Y), {}, "sample_weight"),
        ((), {"batch_size": 4}, "batch_size"),
        ((), {"class_weight": {0: 1.0}}, "class_weight"),
    ]
    if (kind, name) not in [("Dataset", "batch_size"), ("PyDataset", "class_weight")]
]


@pytest.mark.parametrize(("arguments", "options", "error", "says"), ARRAYS + OTHERS)
def test_refusals(arguments, options, error, says):
    with pytest.raises(error, match=says):
        pick(*arguments, **options)
