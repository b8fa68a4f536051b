"""Initializers of matrices."""

from __future__ import annotations

import pytest
import torch

from kerastorch import initializers


@pytest.mark.parametrize(("gain", "shape"), [(1.0, (3, 3)), (2.0, (2, 4)), (0.5, (5, 2))])
def test_identity_keras_parity(gain: float, shape: tuple[int, int]) -> None:
    import keras

    ours, theirs = initializers.Identity(gain), keras.initializers.Identity(gain)
    for dtype in ("float32", "float64"):
        assert torch.equal(ours(shape, dtype), theirs(shape, dtype))
    assert gain != 1.0 or initializers.serialize(ours) == keras.initializers.serialize(theirs)
    for library in (initializers, keras.initializers):
        assert library.deserialize(initializers.serialize(ours)).gain == gain
    with pytest.raises(ValueError, match=r"two dimensions, received \(2, 2, 2\)"):
        ours((2, 2, 2))


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (3, 3, 2, 5), (2, 2, 30)])
def test_orthogonal_keras_parity(shape: tuple[int, ...]) -> None:
    import keras

    ours, theirs = initializers.Orthogonal(1.5, seed=2), keras.initializers.Orthogonal(1.5, seed=2)
    torch.testing.assert_close(ours(shape), theirs(shape, "float32"), rtol=0, atol=1e-6)
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (3, 3, 2, 5)])
def test_rows_or_columns_are_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = initializers.Orthogonal()(shape, "float64").reshape(-1, shape[-1])
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    torch.testing.assert_close(product, torch.eye(len(product), dtype=torch.float64))


def test_half_precision_and_bad_shapes() -> None:
    assert initializers.Orthogonal()((3, 4), "bfloat16").dtype == torch.bfloat16
    with pytest.raises(ValueError, match=r"two or more dimensions, received \(3,\)"):
        initializers.Orthogonal()((3,))
