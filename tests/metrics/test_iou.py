"""Intersection over union beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics


@pytest.mark.parametrize("weights", [(), ((8,),)])
@pytest.mark.parametrize("more", [{}, {"ignore_class": 1}, {"dtype": "float32"}])
@pytest.mark.parametrize(("name", "arguments"), [("IoU", {"target_class_ids": [0, 2]}), ("MeanIoU", {})])
def test_class_numbers(compare: Any, draw: Any, name: str, arguments: Any, more: Any, weights: Any) -> None:
    batches = [
        ((t * 5).long() - 1, (p * 5).long() - 1, *((w * 3).long() for w in rest))
        for t, p, *rest in draw((8,), (8,), *weights)
    ]
    compare(name, {"num_classes": 3, **arguments, **more}, batches)


@pytest.mark.parametrize(("name", "arguments"), [("OneHotIoU", {"target_class_ids": [0, 2]}), ("OneHotMeanIoU", {})])
def test_one_hot(compare: Any, draw: Any, name: str, arguments: Any) -> None:
    compare(name, {"num_classes": 3, **arguments}, draw((8, 3), (8, 3)))


def test_another_axis_of_classes() -> None:
    """Keras's own `result` fails with any axis but the last."""
    first, last = metrics.OneHotMeanIoU(3, axis=1), metrics.OneHotMeanIoU(3)
    y_true, y_pred = torch.rand(8, 3, 4), torch.rand(8, 3, 4)
    first.update_state(y_true, y_pred)
    last.update_state(y_true.movedim(1, -1), y_pred.movedim(1, -1))
    assert torch.equal(first.result(), last.result())


def test_binary(compare: Any, draw: Any) -> None:
    batches = [((b[0] > 0.5).float(), b[1]) for b in draw((8, 2), (8, 2))]
    compare("BinaryIoU", {"threshold": 0.3}, batches)
    compare("BinaryIoU", {"target_class_ids": [1], "name": "one"}, batches)


def test_counts_are_whole_and_bad_arguments_refused() -> None:
    assert metrics.MeanIoU(3).total_cm.dtype is torch.int64
    with pytest.raises(ValueError, match="`target_class_ids` of IoU"):
        metrics.IoU(2, [2])
    with pytest.raises(ValueError, match="`num_classes` of IoU"):
        metrics.IoU(0, [])
