"""Dropout and noise."""

from __future__ import annotations

from kerastorch import layers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Emitter, Value


def dropout(call: Call) -> Value | None:
    """`Dropout`: `nn.Dropout`."""
    if call.target.noise_shape is not None:
        return None
    me = call.define(f"nn.Dropout({text.literal(call.target.rate)})")
    return call.same(f"{me}({call.x.text})")


def spatial(call: Call) -> Value:
    """`SpatialDropout1D` to `3D`: `nn.Dropout1d` to `3d`, which drop whole channels too."""
    layer = call.target
    rank = call.x.rank - 2
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    entered = call.first() if last else call.plain()
    me = call.define(f"nn.Dropout{rank}d({text.literal(layer.rate)})")
    return call.result(f"{me}({entered})", last)


def noise(call: Call) -> Value:
    """`GaussianNoise`: normal numbers added in training."""
    call.writer.helper("GaussianNoise", _NOISE)
    me = call.define(f"GaussianNoise({text.literal(call.target.stddev)})")
    return call.same(f"{me}({call.x.text})")


_NOISE = '''
class GaussianNoise(nn.Module):
    """Adds normal noise in training."""

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x
'''

EMITTERS: dict[type, Emitter] = {
    layers.Dropout: dropout,
    **dict.fromkeys((layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D), spatial),
    layers.GaussianNoise: noise,
}
