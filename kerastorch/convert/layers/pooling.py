"""Pooling: windows and global."""

from __future__ import annotations

from kerastorch import layers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.convert.layers.convolution import enter, space
from kerastorch.ops._padding import same_pads, torch_order


def _pooled(call: Call, kind: str, more: dict[str, str]) -> Value | None:
    layer = call.target
    window, known = layer.window, space(call)
    if window.padding == "same" and None in known:
        return None
    x, comment = enter(call), ""
    named = {} if window.strides == window.size else {"stride": text.sizes(window.strides)}
    if window.padding == "same":
        pads = same_pads([size or 1 for size in known], window.size, window.strides, window.dilation_rate)
        befores = text.sizes(before for before, _ in pads)
        if all(before == after for before, after in pads):
            named |= ({"padding": befores} if befores != "0" else {}) | more
        elif kind == "max" and all(a == b or s > 1 for (a, b), s in zip(pads, window.strides, strict=True)):
            named |= ({"padding": befores} if befores != "0" else {}) | {"ceil_mode": "True"}
        else:
            x = f'F.pad({x}, {text.literal(tuple(torch_order(pads)))}, mode="replicate")'
            comment = 'Keras\'s padding="same": the odd cell goes to the end'
    inner = f"F.{kind}_pool{layer.rank}d({text.arguments(x, text.sizes(window.size), **named)})"
    return call.result(inner, layer.data_format == "channels_last", comment)


def largest(call: Call) -> Value | None:
    """`MaxPooling1D` to `3D`."""
    return _pooled(call, "max", {})


def average(call: Call) -> Value | None:
    """`AveragePooling1D` to `3D`; padding does not count."""
    return _pooled(call, "avg", {"count_include_pad": "False"})


def _global(call: Call, method: str) -> Value:
    """One number a channel; an input that is turned is not turned back."""
    x = call.x
    turned = x.first and call.target.data_format == "channels_last"
    behind = turned or call.target.data_format == "channels_first"
    axes = tuple(range(2, x.rank)) if behind else tuple(range(1, x.rank - 1))
    named = {"dim": str(axes[0]) if len(axes) == 1 else text.literal(axes)}
    named |= {"keepdim": "True"} if call.target.keepdims else {}
    inner = f"{x.text if turned else call.plain()}.{method}({text.arguments(**named)})"
    return call.result(inner, turned and call.target.keepdims)


def global_largest(call: Call) -> Value:
    """`GlobalMaxPooling1D` to `3D`."""
    return _global(call, "amax")


def global_average(call: Call) -> Value | None:
    """`GlobalAveragePooling1D` to `3D`."""
    if call.mask is None:
        return _global(call, "mean")
    if call.target.data_format != "channels_last" or call.target.keepdims:
        return None
    call.writer.helper("masked_mean", _MASKED_MEAN)
    return call.result(f"masked_mean({call.plain()}, {call.mask})")


_MASKED_MEAN = '''
def masked_mean(x, mask):
    """The mean over the steps that hold data."""
    mask = mask.unsqueeze(-1).to(x.dtype)
    return (x * mask).sum(dim=1) / mask.sum(dim=1)
'''

EMITTERS: dict[type, Emitter] = {
    **dict.fromkeys((layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D), largest),
    **dict.fromkeys((layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D), average),
    **dict.fromkeys((layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D), global_largest),
    **dict.fromkeys(
        (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D), global_average
    ),
}
