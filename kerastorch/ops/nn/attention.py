"""Dot-product attention through torch's fused kernel."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from kerastorch.base import errors
from kerastorch.ops._symbolic import op


@op("nn", "query", "key", "value", "bias", "mask", call=("query", "key", "value", "bias", "mask", "scale"))
def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """`softmax(query @ key * scale + bias) @ value` for every head (https://arxiv.org/abs/1706.03762).

    Args:
        query: Shape (batch, queries, heads, depth).
        key: Shape (batch, keys, key heads, depth); key heads divide heads.
        value: Shape (batch, keys, key heads, depth).
        bias: Added to the logits, broadcast to (batch, heads, queries, keys).
        mask: Truth values of that shape: where a query may look.
        scale: What logits are multiplied by; default 1 / sqrt(depth).
        is_causal: Whether a query sees no later key.
        flash_attention: True insists on the flash kernel, False forbids it, None leaves the choice to torch.
        attn_logits_soft_cap: Logits become `cap * tanh(logits / cap)`.

    Returns:
        Shape (batch, queries, heads, depth).

    Raises:
        ValueError: The inputs have not 4 dimensions.

    Example:
        >>> x = torch.ones(1, 2, 1, 4)
        >>> tuple(dot_product_attention(x, x, x).shape)
        (1, 2, 1, 4)
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor.ndim != 4:
            raise errors.value_error(f"`{name}`", expected="shape (batch, length, heads, depth)", received=tensor)
    if bias is not None and mask is not None and attn_logits_soft_cap is None:
        bias, mask = _with_mask(bias, mask), None
    dtype = torch.promote_types(torch.promote_types(query.dtype, key.dtype), value.dtype)
    q, k, v = (t.to(dtype).transpose(1, 2) for t in (query, key, value))
    if k.shape[1] not in (1, q.shape[1]):
        k, v = (t.repeat_interleave(q.shape[1] // t.shape[1], dim=1) for t in (k, v))
    if is_causal and (mask is not None or bias is not None):
        causal = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
        mask = causal if mask is None else torch.logical_and(mask, causal)
        is_causal = False
    if attn_logits_soft_cap is not None:
        return _capped(q, k, v, bias, mask, scale, is_causal, attn_logits_soft_cap).transpose(1, 2)
    if bias is not None:
        added: Tensor | None = (bias if mask is None else _with_mask(bias, mask)).to(dtype)
    else:
        added = None if mask is None else _with_mask(torch.zeros((), dtype=dtype, device=q.device), mask)
    return _attend(q, k, v, added, scale, is_causal, flash_attention).transpose(1, 2)


def _with_mask(bias: Tensor, mask: Tensor) -> Tensor:
    """The bias, far below zero where the mask is false (finite, so that a row without keys gives no NaN)."""
    return torch.where(mask.to(torch.bool), bias, 0.7 * torch.finfo(bias.dtype).min)


def _attend(
    q: Tensor, k: Tensor, v: Tensor, added: Tensor | None, scale: float | None, is_causal: bool, flash: bool | None
) -> Tensor:
    if flash is None:
        return F.scaled_dot_product_attention(q, k, v, added, is_causal=is_causal, scale=scale)
    others = [SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.MATH]
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION] if flash else others):
        return F.scaled_dot_product_attention(q, k, v, added, is_causal=is_causal, scale=scale)


def _capped(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    scale: float | None,
    causal: bool,
    cap: float,
) -> Tensor:
    logits = q @ k.transpose(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    logits = cap * torch.tanh((logits if bias is None else logits + bias) / cap)
    if causal:
        mask = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
    return torch.softmax(logits if mask is None else _with_mask(logits, mask), dim=-1) @ v
