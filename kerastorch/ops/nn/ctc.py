"""Connectionist temporal classification: the loss and the decoders (https://www.cs.toronto.edu/~graves/icml_2006.pdf)."""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.base import errors
from kerastorch.ops._symbolic import op


@op("nn", "target", "output", "target_length", "output_length", keras="CTCLoss")
def ctc_loss(
    target: Tensor, output: Tensor, target_length: Tensor, output_length: Tensor, mask_index: int = 0
) -> Tensor:
    """`-log` of the probability of each label sequence, summed over its alignments.

    Args:
        target: Class indices of shape (batch, longest target).
        output: Logits of shape (batch, longest output, classes).
        target_length: Shape (batch,).
        output_length: Shape (batch,).
        mask_index: The class that means "nothing".

    Returns:
        Shape (batch,).
    """
    logs = torch.log_softmax(output.to(torch.promote_types(output.dtype, torch.float32)), dim=-1).transpose(0, 1)
    return F.ctc_loss(logs, target, output_length, target_length, blank=mask_index, reduction="none")


@op("nn", "inputs", "sequence_lengths", keras="CTCDecode")
def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Tensor,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Label sequences from the scores of a network trained with `ctc_loss`.

    Args:
        inputs: Logits of shape (batch, length, classes).
        sequence_lengths: How long each one is, shape (batch,).
        strategy: "greedy" (the best class of every step) or "beam_search".
        beam_width: How many prefixes a beam search keeps.
        top_paths: How many sequences a beam search returns.
        merge_repeated: Whether "greedy" takes a run of one class as one label.
        mask_index: The class that means "nothing".

    Returns:
        The sequences, int32 of shape (paths, batch, length), filled up with -1, and their scores, shape
        (batch, paths): log probabilities, for "greedy" the negated sum of the best logits.
    """
    wide = inputs.to(torch.promote_types(inputs.dtype, torch.float32))
    if strategy == "greedy":
        return _greedy(wide, sequence_lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise errors.unknown_name("strategy of ctc_decode", strategy, ("greedy", "beam_search"))
    return _beam_search(wide, sequence_lengths, beam_width, top_paths, mask_index)


def _greedy(inputs: Tensor, lengths: Tensor, merge_repeated: bool, mask_index: int) -> tuple[Tensor, Tensor]:
    length = inputs.shape[1]
    steps = torch.arange(length, device=inputs.device)
    scores, classes = inputs.max(dim=-1)
    ended = steps >= lengths[:, None]
    classes = torch.where(ended, mask_index, classes)
    if merge_repeated:
        classes = torch.where(F.pad(classes[:, 1:] == classes[:, :-1], (1, 0)), mask_index, classes)
    empty = classes == mask_index
    order = torch.argsort(torch.where(empty, length, steps), dim=-1, stable=True)
    labels = torch.take_along_dim(torch.where(empty, -1, classes), order, dim=-1)
    return labels.to(torch.int32)[None], -torch.where(ended, 0, scores).sum(1, keepdim=True)


def _beam_search(
    inputs: Tensor, lengths: Tensor, beam_width: int, top_paths: int, mask_index: int
) -> tuple[Tensor, Tensor]:
    logs = torch.log_softmax(inputs, dim=-1).tolist()
    paths = torch.full((top_paths, *inputs.shape[:2]), -1, dtype=torch.int32)
    scores = torch.full((inputs.shape[0], top_paths), float("-inf"), dtype=inputs.dtype)
    for row, (steps, length) in enumerate(zip(logs, lengths.tolist(), strict=True)):
        for rank, (prefix, score) in enumerate(_best_prefixes(steps[:length], beam_width, mask_index)[:top_paths]):
            paths[rank, row, : len(prefix)] = torch.tensor(prefix, dtype=torch.int32)
            scores[row, rank] = score
    return paths.to(inputs.device), scores.to(inputs.device)


Prefix = tuple[int, ...]
_NEVER = float("-inf")


def _best_prefixes(steps: list[list[float]], beam_width: int, mask_index: int) -> list[tuple[Prefix, float]]:
    """Prefix beam search: each prefix has the log probability of ending in "nothing" and of ending in its label."""
    beams: dict[Prefix, tuple[float, float]] = {(): (0.0, _NEVER)}
    for logs in steps:
        grown: dict[Prefix, tuple[float, float]] = defaultdict(lambda: (_NEVER, _NEVER))
        for prefix, (blank, label) in beams.items():
            total = _log_add(blank, label)
            for index, log in enumerate(logs):
                if index == mask_index:
                    grown[prefix] = _log_add(grown[prefix][0], total + log), grown[prefix][1]
                    continue
                longer = (*prefix, index)
                repeats = bool(prefix) and prefix[-1] == index
                if repeats:
                    grown[prefix] = grown[prefix][0], _log_add(grown[prefix][1], label + log)
                gained = (blank if repeats else total) + log
                grown[longer] = grown[longer][0], _log_add(grown[longer][1], gained)
        best = sorted(grown.items(), key=lambda item: _log_add(*item[1]), reverse=True)
        beams = dict(best[:beam_width])
    ranked = [(prefix, _log_add(*both)) for prefix, both in beams.items()]
    return sorted(ranked, key=lambda item: item[1], reverse=True)


def _log_add(a: float, b: float) -> float:
    if a == _NEVER or b == _NEVER:
        return max(a, b)
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))
