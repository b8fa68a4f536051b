from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch.loggers.media import array, finite, pixels


def test_pixels() -> None:
    grey = pixels(torch.tensor([[0.0, 0.5], [1.0, 2.0]]))
    assert grey.shape == (2, 2, 1)
    assert grey.dtype == np.uint8
    assert grey[..., 0].tolist() == [[0, 128], [255, 255]]
    assert pixels(np.full((2, 3, 4), 300)).max() == 255
    assert pixels(torch.full((2, 3, 3), 7, dtype=torch.uint8)).max() == 7
    assert pixels(np.array([[True, False]])).ravel().tolist() == [255, 0]
    assert pixels(np.array([[np.nan, -1.0]])).ravel().tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (1, 2, 2, 3)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`image` of add_image: expected the shape"):
        pixels(np.zeros(shape))


def test_arrays() -> None:
    assert array(torch.ones(2, dtype=torch.bfloat16, requires_grad=True)).tolist() == [1.0, 1.0]
    assert finite(torch.tensor([1.0, float("inf")])).tolist() == [1.0]
