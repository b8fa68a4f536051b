"""Learning-rate schedules as a function of the step."""

from __future__ import annotations

from typing import Any

from kerastorch.convert.layers import text
from kerastorch.convert.layers.writer import Writer
from kerastorch.optimizers import schedules


def helper(writer: Writer, schedule: Any) -> str | None:
    """The source of `learning_rate(step)` for a schedule; None if it cannot be written.

    Args:
        writer: Takes imports and notes.
        schedule: A schedule of Keras.
    """
    maker = _FORMS.get(type(schedule))
    lines = None if maker is None else maker(schedule)
    if lines is not None:
        doc = f'"""Keras\'s {type(schedule).__name__}: the learning rate of a step, the first of which is 0."""'
        return "\n".join(["def learning_rate(step):", *text.indented([doc, *lines])])
    known = getattr(schedules, type(schedule).__name__, None) is type(schedule)
    try:
        named = {k: text.literal(v) for k, v in schedule.get_config().items() if k != "name"}
    except (AttributeError, NotImplementedError, text.Unwritable):
        known = False
    if not known:
        return None
    writer.need("import kerastorch as keras")
    writer.note(f"The schedule {type(schedule).__name__} is kept.")
    return f"learning_rate = keras.optimizers.schedules.{type(schedule).__name__}({text.arguments(**named)})"


def _n(value: Any) -> str:
    return text.literal(value)


def _exponential(s: Any) -> list[str]:
    periods = f"step // {_n(s.decay_steps)}" if s.staircase else f"step / {_n(s.decay_steps)}"
    return [f"return {_n(s.initial_learning_rate)} * {_n(s.decay_rate)} ** ({periods})"]


def _inverse_time(s: Any) -> list[str]:
    periods = f"step // {_n(s.decay_steps)}" if s.staircase else f"step / {_n(s.decay_steps)}"
    return [f"return {_n(s.initial_learning_rate)} / (1 + {_n(s.decay_rate)} * ({periods}))"]


def _polynomial(s: Any) -> list[str] | None:
    if s.cycle:
        return None
    span = f"({_n(s.initial_learning_rate)} - {_n(s.end_learning_rate)})"
    power = "" if s.power == 1 else f" ** {_n(s.power)}"
    return [
        f"left = 1 - min(step, {_n(s.decay_steps)}) / {_n(s.decay_steps)}",
        f"return {span} * left{power} + {_n(s.end_learning_rate)}",
    ]


def _piecewise(s: Any) -> list[str]:
    lines = []
    for boundary, value in zip(s.boundaries, s.values, strict=False):
        lines += [f"if step <= {_n(boundary)}:", f"    return {_n(value)}"]
    return [*lines, f"return {_n(s.values[-1])}"]


def _cosine(s: Any) -> list[str]:
    lines, step, start = [], "step", s.initial_learning_rate
    if s.warmup_target is not None:
        start = s.warmup_target
        if s.warmup_steps:
            rise = f"({_n(start)} - {_n(s.initial_learning_rate)}) * step / {_n(s.warmup_steps)}"
            lines = [
                f"if step < {_n(s.warmup_steps)}:",
                f"    return {_n(s.initial_learning_rate)} + {rise}",
                f"step = step - {_n(s.warmup_steps)}",
            ]
    lines.append(f"wave = 0.5 * (1 + math.cos(math.pi * min({step}, {_n(s.decay_steps)}) / {_n(s.decay_steps)}))")
    floor = f"{_n(1 - s.alpha)} * wave + {_n(s.alpha)}"
    return [*lines, f"return {_n(start)} * ({floor})" if s.alpha else f"return {_n(start)} * wave"]


_FORMS: dict[type, Any] = {
    schedules.ExponentialDecay: _exponential,
    schedules.InverseTimeDecay: _inverse_time,
    schedules.PolynomialDecay: _polynomial,
    schedules.PiecewiseConstantDecay: _piecewise,
    schedules.CosineDecay: _cosine,
}
