"""The face that the engine sees."""

from __future__ import annotations

import pytest

from kerastorch import config
from kerastorch.data.source import DataSource, promise, ran_out


class _Nothing(DataSource):
    def batches(self, epoch, start=0):
        return iter(())

    def peek(self, epoch=0):
        raise ValueError("nothing")

    def close(self):
        pass


def test_a_source_is_abstract_and_knows_nothing_by_default():
    with pytest.raises(TypeError):
        DataSource()
    source = _Nothing()
    assert (source.num_batches, source.num_samples, source.batch_size) == (None, None, None)
    assert source.state_dict() == {} and source.load_state_dict({}) is None


def test_the_limit_of_the_settings_is_no_promise():
    assert promise(None) is None and promise(3) == 3
    config.set_max_steps_per_epoch(3)
    assert promise(3) is None and promise(2) == 2


def test_the_warning_counts():
    assert "0 batches received, at least 1 expected" in ran_out(0, None)
