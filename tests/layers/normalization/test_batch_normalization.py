"""`BatchNormalization` beside Keras's: values, gradients, statistics over steps, masks."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract

KEYS = ["weight", "bias", "running_mean", "running_var"]


@pytest.mark.parametrize(
    ("kwargs", "shape", "unknown"),
    [
        ({}, (4, 5), None),
        ({}, (4, 3, 5), None),
        ({}, (4, 3, 2, 5), None),
        ({}, (4, 2, 3, 2, 5), None),
        ({}, (4, 2, 1, 2, 1, 5), ()),
        ({}, (1, 5), None),  # one value a channel: the variance is 0
        ({"axis": 1}, (4, 5), None),
        ({"axis": 1}, (4, 3, 2, 5), (2, 3)),
        ({"axis": 2, "epsilon": 1e-5, "momentum": 0.9}, (4, 3, 2, 5), ()),
        ({"trainable": False}, (4, 5), None),
        ({"gamma_regularizer": "l2", "beta_initializer": "ones", "moving_mean_initializer": "ones"}, (4, 5), None),
    ],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    run_layer_contract(
        layers.BatchNormalization,
        kwargs,
        shape,
        unknown_axes=unknown,
        expected_output_shape=shape,
        expected_trainable_weights=2 if kwargs.get("trainable", True) else 0,
        expected_non_trainable_weights=2 if kwargs.get("trainable", True) else 4,
        expected_state_keys=KEYS,
        supports_masking=True,
    )


@pytest.mark.parametrize(("center", "scale"), [(False, False), (True, False), (False, True)])
def test_contract_without_scale_or_shift(center: bool, scale: bool) -> None:
    run_layer_contract(layers.BatchNormalization, {"center": center, "scale": scale}, (4, 3, 5))


@pytest.mark.parametrize("shape", [(16, 5), (8, 7, 5), (4, 6, 6, 5), (2, 5)])
@pytest.mark.parametrize("momentum", [0.99, 0.5])
def test_statistics_over_ten_steps(shape: tuple[int, ...], momentum: float) -> None:
    import keras

    ours, theirs = layers.BatchNormalization(momentum=momentum), keras.layers.BatchNormalization(momentum=momentum)
    generator = np.random.default_rng(0)
    for _ in range(10):
        x = torch.tensor(generator.normal(1.0, 2.0, shape).astype("float32"))
        torch.testing.assert_close(ours(x, training=True), theirs(x, training=True), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.moving_mean.detach(), theirs.moving_mean.value.detach(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(
        ours.moving_variance.detach(), theirs.moving_variance.value.detach(), rtol=2e-6, atol=1e-6
    )


def test_statistics_do_not_drift() -> None:
    """A thousand equal batches: the moving variance is the batch's biased variance, to float32 rounding."""
    x = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    layer = layers.BatchNormalization(momentum=0.9)
    for _ in range(1000):
        layer(x, training=True)
    torch.testing.assert_close(layer.moving_variance.detach(), x.var(0, correction=0), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6, 5, 3)])
def test_masks_like_keras(shape: tuple[int, ...]) -> None:
    import keras

    x = np.random.randn(*shape).astype("float32")
    mask = torch.rand(shape[:-1]) > 0.4
    ours_in, theirs_in = torch.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    ours, theirs = layers.BatchNormalization(), keras.layers.BatchNormalization()
    found, wanted = ours(ours_in, training=True, mask=mask), theirs(theirs_in, training=True, mask=mask)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    (found * torch.tensor(x)).sum().backward()
    (wanted * torch.tensor(x)).sum().backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad, rtol=1e-4, atol=1e-5)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(a.detach(), b.value.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [1, 2])
def test_a_mask_on_another_axis_counts_the_same_values(axis: int) -> None:
    x, mask = torch.randn(4, 3, 5, 2), torch.rand(4, 3, 5) > 0.4
    layer = layers.BatchNormalization(axis=axis, momentum=0.0)
    layer(x, training=True, mask=mask)
    moved, counted = x.movedim(axis, 0), mask.unsqueeze(-1).expand(x.shape).movedim(axis, 0)
    for channel in range(x.shape[axis]):
        values = moved[channel][counted[channel]]
        torch.testing.assert_close(layer.moving_mean[channel].detach(), values.mean(), rtol=1e-4, atol=1e-5)


def test_a_mask_of_the_wrong_rank() -> None:
    with pytest.raises(ValueError, match="a mask of 2 dimensions"):
        layers.BatchNormalization()(torch.zeros(2, 3, 4), mask=torch.ones(2), training=True)


def test_a_frozen_layer_keeps_its_statistics() -> None:
    layer = layers.BatchNormalization()
    layer(torch.randn(4, 3))
    layer.trainable = False
    before = layer.get_weights()
    layer(torch.randn(4, 3), training=True)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    layer.trainable = True
    layer(torch.randn(4, 3), training=True)
    assert not np.array_equal(before[2], layer.get_weights()[2])


def test_called_twice_before_backward() -> None:
    layer = layers.BatchNormalization()
    x = torch.randn(4, 3, requires_grad=True)
    (layer(x, training=True) * layer(x * 2, training=True)).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_images_stay_where_they_are() -> None:
    layer = layers.BatchNormalization()
    outputs = layer(torch.randn(2, 6, 6, 3), training=True)
    assert outputs.is_contiguous()  # a copy into channels-first memory would have other strides
    channels_first = layers.BatchNormalization(axis=1)(torch.randn(2, 3, 6, 6), training=True)
    assert channels_first.is_contiguous()


def test_bfloat16_inputs_with_float32_statistics() -> None:
    layer = layers.BatchNormalization(dtype="mixed_bfloat16")
    outputs = layer(torch.randn(8, 4, 3), training=True)
    assert outputs.dtype is torch.bfloat16 and layer.moving_mean.dtype is torch.float32
    masked = layer(torch.randn(8, 4, 3), training=True, mask=torch.ones(8, 4))
    assert masked.dtype is torch.bfloat16


def test_torch_compile_keeps_the_statistics() -> None:
    layer = layers.BatchNormalization()
    x = torch.randn(8, 3)
    layer(x)
    layer.train()
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    found = compiled(x)
    after = layer.get_weights()
    fresh = layers.BatchNormalization()
    torch.testing.assert_close(found, fresh(x, training=True))
    for a, b in zip(after, fresh.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [({"momentum": 1.5}, "`momentum`"), ({"epsilon": -1.0}, "`epsilon`"), ({"renorm": True}, "`renorm`")],
)
def test_arguments_are_checked_when_made(kwargs: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        layers.BatchNormalization(**kwargs)


def test_axis_as_older_files_have_it() -> None:
    assert layers.BatchNormalization(axis=[3]).axis == 3
    with pytest.raises(TypeError, match="`axis`"):
        layers.BatchNormalization(axis=[1, 2])  # type: ignore[arg-type]


def test_synchronized_alone_changes_nothing() -> None:
    x = torch.randn(6, 3)
    together, alone = layers.BatchNormalization(synchronized=True), layers.BatchNormalization()
    torch.testing.assert_close(together(x, training=True), alone(x, training=True))
    assert together.get_config()["synchronized"] is True


def _rank(rank: int, path: str, x: torch.Tensor, results: Any) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", GLOO_SOCKET_IFNAME="lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
    mine = x.chunk(2)[rank].clone().requires_grad_()
    layer = layers.BatchNormalization(synchronized=True)
    outputs = layer(mine, training=True)
    (outputs * mine.detach()).sum().backward()
    results[rank] = (outputs.detach().numpy(), mine.grad.numpy(), layer.get_weights())
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_gloo_available(), reason="needs gloo")
def test_synchronized_over_two_ranks(tmp_path: Any) -> None:
    x = torch.randn(6, 3)
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(_rank, (str(tmp_path / "store"), x, results), nprocs=2)
        parts = [results[0], results[1]]
    whole, layer = x.clone().requires_grad_(), layers.BatchNormalization()
    outputs = layer(whole, training=True)
    (outputs * x).sum().backward()
    for index, wanted in enumerate((outputs.detach(), whole.grad)):
        found = np.concatenate([part[index] for part in parts])
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4, atol=1e-5)
    for part in parts:
        for a, b in zip(part[2], layer.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
