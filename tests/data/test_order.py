"""The order of samples is a function of (seed, epoch)."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data.order import generator, permutation

ARGUMENTS = {
    "samples": st.integers(1, 300),
    "batch_size": st.integers(1, 70),
    "seed": st.integers(-(2**70), 2**70),
    "epoch": st.integers(0, 10**6),
}


@given(**ARGUMENTS, shuffle=st.sampled_from([True, "batch"]))
def test_every_sample_once_and_the_same_again(samples, batch_size, seed, epoch, shuffle):
    first = permutation(samples, batch_size, shuffle, seed, epoch)
    torch.rand(3)
    assert first.sort().values.equal(torch.arange(samples))
    assert first.equal(permutation(samples, batch_size, shuffle, seed, epoch))


@given(**ARGUMENTS)
def test_whole_batches_stay_together(samples, batch_size, seed, epoch):
    for part in permutation(samples, batch_size, "batch", seed, epoch).split(batch_size):
        assert part.equal(torch.arange(int(part[0]), int(part[0]) + len(part)))


def test_seeds_and_epochs_differ():
    seeds = {generator(s, e).initial_seed() for s in range(30) for e in range(30)}
    assert len(seeds) == 900
    assert not permutation(50, 5, True, 0, 0).equal(permutation(50, 5, True, 0, 1))


def test_no_shuffle_needs_no_indices_and_the_process_stays_random():
    before = torch.get_rng_state()
    assert permutation(5, 2, False, 0, 0) is None
    permutation(5, 2, True, 0, 0)
    assert torch.get_rng_state().equal(before)
