"""What is particular to CIFAR-100: its two kinds of labels. Downloads and refusals are in test_source.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision

from kerastorch.datasets import cifar100

# Superclass of each class as the published files have them, read off the coarse_labels beside fine_labels.
PUBLISHED = [
    4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10,
    12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17, 10, 3, 2, 12, 12, 16,
    12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14,
    13,
]  # fmt: skip


def _save(path: Path, labels: Any) -> str:
    x, y = np.zeros((len(labels), 32, 32, 3), np.uint8), np.array(labels, np.uint8)[:, None]
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    return str(path)


def test_coarse_labels_are_the_published_ones(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.npz", range(100))
    (_, fine), _ = cifar100.load_data(path=path)
    (_, y_train), (_, y_test) = cifar100.load_data("coarse", path=path)
    assert fine[:, 0].tolist() == list(range(100))
    assert y_train[:, 0].tolist() == y_test[:, 0].tolist() == PUBLISHED
    assert y_train.shape == (100, 1) and y_train.dtype == np.uint8


def test_there_are_twenty_superclasses_of_five_in_alphabetical_order() -> None:
    assert len(cifar100.SUPERCLASSES) == 20 and list(cifar100.SUPERCLASSES) == sorted(cifar100.SUPERCLASSES)
    assert {len(members) for members in cifar100.SUPERCLASSES.values()} == {5}


@pytest.mark.parametrize("mode", ["finest", None, 1])
def test_other_label_modes_are_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match="`label_mode` of load_data: expected 'fine' or 'coarse'"):
        cifar100.load_data(mode)


def test_labels_that_are_no_class_have_no_superclass(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="integers from 0 to 99, received 100"):
        cifar100.load_data("coarse", path=_save(tmp_path / "a.npz", [0, 100]))


def test_keras_cached_archive_is_the_one_torchvision_checks() -> None:
    assert [there for _, there in cifar100._SOURCE.left_by_keras] == [torchvision.datasets.CIFAR100.filename]
