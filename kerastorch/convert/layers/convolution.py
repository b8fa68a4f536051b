"""Convolutions: plain, depthwise, separable, transposed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from kerastorch import layers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.activations import applied, can_write
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.convert.layers.core import starts
from kerastorch.ops._padding import causal_padding, same_pads, torch_order


def enter(call: Call) -> str:
    """The input of a layer with a window, channels behind the batch."""
    return call.first() if call.target.data_format == "channels_last" else call.plain()


def space(call: Call) -> tuple[int | None, ...]:
    """The sizes of the input that a window moves over."""
    shape = call.x.shape
    return shape[1:-1] if call.target.data_format == "channels_last" else shape[2:]


def padded(call: Call, x: str) -> tuple[str, dict[str, str], str] | None:
    """The input of a convolution, the padding that is left to torch's layer, and what to say about it.

    Returns:
        None if the padding depends on a size that is not known.
    """
    window = call.target.window
    if window.padding == "valid":
        return x, {}, ""
    if window.padding == "causal":
        before, _ = causal_padding(window.size[0], window.dilation_rate[0])
        return f"F.pad({x}, ({before}, 0))", {}, "no step sees a later one"
    known = space(call)
    if max(window.strides) > 1 and None in known:
        return None
    sizes = [size or 1 for size in known]
    pads = same_pads(sizes, window.size, window.strides, window.dilation_rate)
    if all(before == after for before, after in pads):
        named = '"same"' if max(window.strides) == 1 else text.sizes(before for before, _ in pads)
        return x, {} if named == "0" else {"padding": named}, ""
    comment = 'Keras\'s padding="same": the odd cell goes to the end'
    return f"F.pad({x}, {text.literal(tuple(torch_order(pads)))})", {}, comment


def options(layer: Any) -> dict[str, str]:
    """Stride, dilation and bias of torch's layer, where they are not the default."""
    window = layer.window
    found = {
        "stride": text.sizes(window.strides),
        "dilation": text.sizes(window.dilation_rate),
        "bias": str(bool(layer.use_bias)),
    }
    return {name: value for name, value in found.items() if value not in ("1", "True")}


def bias(layer: Any) -> list[Any]:
    """The start of the bias, if there is one."""
    return [("bias", layer.bias_initializer, tuple(layer.bias.shape), True)] if layer.use_bias else []


def leave(call: Call, inner: str, comment: str) -> Value:
    """The output of a convolution with its activation."""
    first = call.target.data_format == "channels_last"
    return call.result(applied(call.target.activation, inner, first=True), first, comment)


def convolution(write: Callable[[Call, Any, dict[str, str]], tuple[Any, ...]], call: Call) -> Value | None:
    """A module between what every convolution needs: its input turned and padded, and its activation.

    Args:
        write: From the call, the layer and the module's padding to what `Call.define` takes.
        call: The call of the layer.
    """
    layer = call.target
    if not can_write(layer.activation):
        return None
    entered = padded(call, enter(call))
    if entered is None:
        return None
    x, padding, comment = entered
    me = call.define(*write(call, layer, padding))
    return leave(call, f"{me}({x})", comment)


def conv(call: Call, layer: Any, padding: dict[str, str]) -> tuple[Any, ...]:
    """`Conv1D` to `3D`: `nn.Conv1d` to `3d`."""
    out, per_group = layer.weight.shape[:2]
    groups = {"groups": str(layer.groups)} if layer.groups > 1 else {}
    sizes = [str(per_group * layer.groups), str(out), text.sizes(layer.kernel_size)]
    return (
        f"nn.Conv{layer.rank}d({text.arguments(*sizes, **padding, **groups, **options(layer))})",
        *starts(call, ("weight", layer.kernel_initializer, tuple(layer.kernel.shape), True), *bias(layer)),
    )


def depthwise(call: Call, layer: Any, padding: dict[str, str]) -> tuple[Any, ...]:
    """`DepthwiseConv1D` and `2D`: a convolution with a group for each channel."""
    out = layer.weight.shape[0]
    channels = out // layer.depth_multiplier
    sizes = [str(channels), str(out), text.sizes(layer.kernel_size)]
    return (
        f"nn.Conv{layer.rank}d({text.arguments(*sizes, **padding, groups=str(channels), **options(layer))})",
        *starts(call, ("weight", layer.depthwise_initializer, tuple(layer.kernel.shape), False), *bias(layer)),
    )


def separable(call: Call, layer: Any, padding: dict[str, str]) -> tuple[Any, ...]:
    """`SeparableConv1D` and `2D`: a small module of two convolutions that share a name."""
    rank, deep = layer.rank, layer.depthwise_weight.shape[0]
    channels = deep // layer.depth_multiplier
    name = f"SeparableConv{rank}d"
    call.writer.helper(name, _SEPARABLE.format(rank=rank, ones=", ".join(["1"] * rank)))
    more = {} if layer.depth_multiplier == 1 else {"multiplier": str(layer.depth_multiplier)}
    sizes = [str(channels), str(layer.filters), text.literal(tuple(layer.kernel_size))]
    return (
        f"{name}({text.arguments(*sizes, **more, **padding, **options(layer))})",
        *starts(
            call,
            ("depthwise_weight", layer.depthwise_initializer, tuple(layer.depthwise_kernel.shape), False),
            ("pointwise_weight", layer.pointwise_initializer, tuple(layer.pointwise_kernel.shape), True),
            *bias(layer),
        ),
    )


_SEPARABLE = '''
class SeparableConv{rank}d(nn.Module):
    """A convolution of each channel by itself, then one of size 1 across the channels."""

    def __init__(self, channels, filters, kernel_size, multiplier=1, padding=0, stride=1, dilation=1, bias=True):
        super().__init__()
        deep = channels * multiplier
        self.depthwise_weight = nn.Parameter(torch.empty(deep, 1, *kernel_size))
        self.pointwise_weight = nn.Parameter(torch.empty(filters, deep, {ones}))
        self.bias = nn.Parameter(torch.zeros(filters)) if bias else None
        self.options = {{"stride": stride, "padding": padding, "dilation": dilation, "groups": channels}}

    def forward(self, x):
        x = F.conv{rank}d(x, self.depthwise_weight, **self.options)
        return F.conv{rank}d(x, self.pointwise_weight, self.bias)
'''


def transposed(call: Call) -> Value | None:
    """`Conv1DTranspose` to `3D`: `nn.ConvTranspose1d` to `3d`; the output may lose a last row or column."""
    layer = call.target
    if not can_write(layer.activation):
        return None
    pads = [before for before, _ in layer._crops]
    extra = [max(0, before - after) for before, after in layer._crops]
    cut = [max(0, after - before) for before, after in layer._crops]
    channels, out = layer.weight.shape[:2]
    padding = {"padding": text.sizes(pads), "output_padding": text.sizes(extra)}
    padding = {name: value for name, value in padding.items() if value != "0"}
    sizes = [str(channels), str(out), text.sizes(layer.kernel_size)]
    me = call.define(
        f"nn.ConvTranspose{layer.rank}d({text.arguments(*sizes, **padding, **options(layer))})",
        *starts(call, ("weight", layer.kernel_initializer, tuple(layer.kernel.shape), True), *bias(layer)),
    )
    inner = f"{me}({enter(call)})"
    if any(cut):
        inner += f"[..., {', '.join(f':-{n}' if n else ':' for n in cut)}]"
    comment = f'Keras\'s padding="{layer.padding}" drops the last cell' if any(cut) else ""
    return leave(call, inner, comment)


EMITTERS: dict[type, Emitter] = {
    **dict.fromkeys((layers.Conv1D, layers.Conv2D, layers.Conv3D), partial(convolution, conv)),
    **dict.fromkeys((layers.DepthwiseConv1D, layers.DepthwiseConv2D), partial(convolution, depthwise)),
    **dict.fromkeys((layers.SeparableConv1D, layers.SeparableConv2D), partial(convolution, separable)),
    **dict.fromkeys((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), transposed),
}
