from __future__ import annotations

import keras
import pytest
import torch

from kerastorch.optimizers import gradients


def grads(scale: float) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [scale * torch.randn(shape, generator=generator) for shape in ((3, 4), (5,), ())] + [torch.zeros(2)]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("option", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_is_kerass(option: str, scale: float) -> None:
    expected = keras.optimizers.SGD(**{option: 0.5})._clip_gradients(grads(scale))
    mine = grads(scale)
    limits = {"clipnorm": None, "global_clipnorm": None, "clipvalue": None, option: 0.5}
    (clip,) = gradients.preparations(None, **limits)
    clip(mine)
    for a, b in zip(mine, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_what_is_not_finite_stays_so(bad: float) -> None:
    mine = [torch.tensor([1.0, bad]), torch.tensor([2.0])]
    gradients.clip_global_norm(mine, 1.0)
    assert not any(bool(torch.isfinite(g).any()) for g in mine)
    mine = [torch.tensor([1.0, bad]), torch.tensor([2.0])]
    gradients.clip_each_norm(mine, 1.0)
    assert mine[0][1].isnan()
    assert mine[1].item() == 1.0


def test_nothing_is_done_unless_asked() -> None:
    assert gradients.preparations(None, None, None, None) == []
    mine = [torch.ones(2)]
    (unscale,) = gradients.preparations(4.0, None, None, None)
    unscale(mine)
    assert mine[0].tolist() == [0.25, 0.25]
