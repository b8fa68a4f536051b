"""`pack_x_y_sample_weight` and `unpack_x_y_sample_weight` against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastorch.utils import pack_x_y_sample_weight, unpack_x_y_sample_weight

X, Y, W = np.zeros((2, 3)), np.ones(2), np.full(2, 0.5)


@pytest.mark.parametrize("parts", [(X,), (X, Y), (X, Y, W), ([X, X],), ((X, X),), ({"a": X}, Y), (X, None, W)])
def test_packing_is_keras(parts: tuple[Any, ...]) -> None:
    import keras

    ours, theirs = pack_x_y_sample_weight(*parts), keras.utils.pack_x_y_sample_weight(*parts)
    assert type(ours) is type(theirs)
    if isinstance(ours, tuple):
        assert len(ours) == len(theirs) and all(a is b for a, b in zip(ours, theirs, strict=True))
    else:
        assert ours is theirs


@pytest.mark.parametrize("data", [X, (X,), (X, Y), (X, Y, W), [X, Y], {"a": X}])
def test_unpacking_is_keras(data: Any) -> None:
    import keras

    ours, theirs = unpack_x_y_sample_weight(data), keras.utils.unpack_x_y_sample_weight(data)
    assert len(ours) == 3 and all(a is b for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("data", [(), (X, Y, W, X)])
def test_other_lengths_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=f"received {len(data)} parts"):
        unpack_x_y_sample_weight(data)
