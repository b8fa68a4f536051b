"""The suggestion and the plot of a range test."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import config
from kerastorch.models.lr_finder_result import LRFinderResult

RATES = np.geomspace(1e-6, 1.0, 100)


def falling(centre: float, noise: float = 0.0) -> LRFinderResult:
    """A loss that falls from 2 to 1 around a rate."""
    curve = 2 - 1 / (1 + (centre / RATES) ** 2)
    return LRFinderResult(RATES, curve + noise * np.random.default_rng(0).normal(size=100))


@given(st.floats(1e-4, 1e-1), st.sampled_from([0.0, 0.01]))
def test_the_steepest_descent_is_found_also_in_noise(centre: float, noise: float) -> None:
    found = falling(centre, noise).suggestion()
    assert found is not None and 0.5 < found / centre < 2.0


def test_begin_and_end_are_skipped() -> None:
    loss = np.ones(40)
    loss[:5] -= np.arange(5)  # the steepest descent is at the begin,
    loss[-1] = -9.0  # or else at the end
    loss[20:] -= 0.5
    result = LRFinderResult(np.arange(1.0, 41.0), loss, "linear")
    assert result.suggestion(10, 1) == pytest.approx(20.5, abs=1.1)
    assert result.suggestion(0, 1) < 6.0
    assert result.suggestion(10, 0) > 38.0


def test_losses_after_a_nan_do_not_count() -> None:
    loss = falling(1e-3).loss.copy()
    loss[70] = np.nan
    loss[80:] = -100.0
    assert LRFinderResult(RATES, loss).suggestion() == falling(1e-3).suggestion()


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (np.linspace(1.0, 0.5, 12), "leave fewer than 3"),
        (np.full(100, np.nan), "0 finite losses"),
        (np.linspace(0.5, 1.0, 100), "falls at no rate"),
        ([], "leave fewer than 3"),
    ],
)
def test_it_says_why_there_is_none(loss: Any, reason: str) -> None:
    result = LRFinderResult(RATES[: len(loss)], loss)
    with pytest.warns(UserWarning, match=reason):
        assert result.suggestion() is None


@pytest.mark.parametrize("skips", [(-1, 1), (10, 1.0), (True, 1)])
def test_wrong_numbers_to_skip_are_refused(skips: Any) -> None:
    with pytest.raises(ValueError, match="of suggestion"):
        falling(1e-3).suggestion(*skips)


def test_plot() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    result = falling(1e-3)
    figure = result.plot()
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "learning rate"
    curve, mark = axes.lines
    np.testing.assert_array_equal(curve.get_ydata(), result.loss)
    assert mark.get_xdata()[0] == result.suggestion()
    _, given_ = plt.subplots()
    linear = LRFinderResult([1.0, 2.0], [1.0, 0.5], "linear")  # too few points: drawn without a mark, and no warning
    assert linear.plot(axes=given_) is given_.figure and len(given_.lines) == 1 and given_.get_xscale() == "linear"
    plt.close("all")


def test_a_notebook_shows_the_plot_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr(config, "in_notebook", lambda: True)
    falling(1e-3).plot(suggest=False)
    assert not plt.get_fignums()


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        falling(1e-3).plot()
