"""What the tests of metrics share: the same batches through ours and Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import metrics
from kerastorch.base import naming, serialization

Batch = tuple[Any, ...]


def compare(name: str, arguments: dict[str, Any], batches: list[Batch], rtol: float = 2e-6) -> float:
    """Run batches through a metric of ours, Keras's, and one of each made from the other's config.

    Args:
        name: The class in `metrics`.
        arguments: The constructor's arguments.
        batches: (y_true, y_pred) or (y_true, y_pred, sample_weight), arrays.
        rtol: The relative tolerance.

    Returns:
        The largest difference of results seen.
    """
    import keras
    from keras.src.utils.naming import reset_uids

    naming.reset_names()
    reset_uids()
    ours, theirs = getattr(metrics, name)(**arguments), getattr(keras.metrics, name)(**arguments)
    assert ours.name == theirs.name
    assert ours.get_config() == theirs.get_config()
    mine = serialization.serialize_keras_object(ours)
    assert {k: mine[k] for k in ("module", "class_name")} == {"module": "keras.metrics", "class_name": name}
    all_of_them = [ours, metrics.deserialize(keras.metrics.serialize(theirs)), keras.metrics.deserialize(mine)]
    worst = 0.0
    for batch in batches:
        theirs.update_state(*batch)
        wanted = np.asarray(theirs.result().detach() if isinstance(theirs.result(), torch.Tensor) else theirs.result())
        for metric in all_of_them:
            metric.update_state(*batch)
            found = np.asarray(metric.result().detach())
            assert found.shape == wanted.shape
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-6)
            worst = max(worst, float(np.abs(found - wanted).max()))
    _assert_resumes(ours, name, arguments, batches[-1])
    ours.reset_state()
    assert all(float(v.abs().sum()) == 0 for v in ours.variables)
    return worst


def _assert_resumes(ours: Any, name: str, arguments: dict[str, Any], batch: Batch) -> None:
    resumed = getattr(metrics, name)(**arguments)
    resumed.load_state_dict(ours.state_dict())
    for metric in (ours, resumed):
        metric.update_state(*batch)
    assert torch.equal(ours.result(), resumed.result())


@pytest.fixture(name="compare")
def _compare() -> Any:
    return compare


@pytest.fixture
def draw() -> Any:
    """Three batches of float32 numbers in (0, 1): `draw(shape_of_y_true, shape_of_y_pred, weight_shape)`."""
    generator = np.random.default_rng(3)

    def make(*shapes: tuple[int, ...], count: int = 3) -> list[Batch]:
        return [
            tuple(torch.from_numpy(generator.uniform(0.02, 0.98, s).astype("float32")) for s in shapes)
            for _ in range(count)
        ]

    return make
