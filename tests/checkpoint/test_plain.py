"""What a checkpoint may hold comes back as it was, through a file that runs no code."""

from __future__ import annotations

import enum
import io
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.checkpoint.plain import copy_to_host, from_plain, is_plain, to_plain
from kerastorch.nn.variable import Variable

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool, torch.uint8, torch.int8, torch.int16,
    torch.int32, torch.int64, torch.complex64, torch.complex128,
]  # fmt: skip
ARRAYS = ["?", "b", "h", "i", "q", "B", "H", "I", "L", "Q", "e", "f", "d", "F", "D", ">f4", ">i8"]
Point = namedtuple("Point", "x y")


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    pass


def _bytes(state: Any) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def _through_a_file(value: Any) -> Any:
    return from_plain(torch.load(io.BytesIO(_bytes(to_plain(value))), weights_only=True))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        same = type(b) is torch.Tensor and a.dtype == b.dtype and a.shape == b.shape
        return same and (not a.numel() or _raw(a) == _raw(b))
    if isinstance(a, np.ndarray):
        native = a.astype(a.dtype.newbyteorder("="))
        return type(b) is np.ndarray and native.dtype == b.dtype and native.shape == b.shape and _raw(native) == _raw(b)
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def _raw(value: Any) -> bytes:
    if isinstance(value, torch.Tensor):
        return (
            torch.empty(value.numel(), dtype=value.dtype).copy_(value.reshape(-1)).view(torch.uint8).numpy().tobytes()
        )
    return value.tobytes()


@st.composite
def tensors(draw: Any) -> torch.Tensor:
    """Any dtype, with dimensions of nothing or none at all, as a part, a transpose or an expansion of another."""
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    made = torch.randn(*shape, 2, generator=torch.Generator().manual_seed(draw(st.integers(0, 99))))
    made = (made * 50).to(draw(st.sampled_from(DTYPES)))
    view = draw(st.sampled_from(["whole", "last", "transposed", "expanded", "strided", "conj"]))
    if view == "conj":
        return made.conj()
    made = made[..., 0] if view == "last" else made
    made = made.transpose(0, -1) if view == "transposed" and made.ndim else made
    made = made.unsqueeze(0).expand(3, *made.shape) if view == "expanded" else made
    return made[..., ::2] if view == "strided" and made.ndim else made


def arrays() -> st.SearchStrategy[np.ndarray]:
    def made(dtype: str, shape: list[int], view: str) -> np.ndarray:
        array = (np.random.default_rng(0).normal(size=[*shape, 2]) * 50).clip(0, 200).astype(np.dtype(dtype))
        return {"whole": array, "back": array[..., ::-1], "T": array.T, "scalar": array[..., 0]}[view]

    shapes = st.lists(st.integers(0, 3), max_size=2)
    return st.builds(made, st.sampled_from(ARRAYS), shapes, st.sampled_from(["whole", "back", "T", "scalar"]))


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["numpy array", "bytes", "dict"]
)
keys = words | st.integers() | st.booleans() | st.none() | st.tuples(st.integers(), words)
leaves = (
    tensors() | arrays() | st.integers(-(2**80), 2**80) | st.floats() | words | st.booleans() | st.none() | st.binary()
)
states = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.builds(lambda held: {"numpy array": held}, inner)
    ),
    max_leaves=8,
)


@given(states)
def test_it_comes_back_as_it_was(value: Any) -> None:
    assert is_plain(value)
    assert _same(value, _through_a_file(value))


@given(tensors())
def test_a_copy_is_its_own_and_no_larger_than_its_values(value: torch.Tensor) -> None:
    copy = copy_to_host(value)
    assert copy.untyped_storage().nbytes() <= value.numel() * value.element_size()
    assert not value.numel() or copy.data_ptr() != value.data_ptr()


def test_a_view_does_not_write_what_it_looks_into() -> None:
    large = torch.zeros(1_000_000)
    assert len(_bytes(to_plain({"a": large[:10], "b": large[::200_000], "c": large[0]}))) < 4000
    assert len(_bytes(to_plain({"a": np.zeros(1_000_000)[:10]}))) < 4000


def test_layout_in_memory_is_kept() -> None:
    image = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert copy_to_host(image).stride() == image.stride()


def test_a_parameter_or_variable_becomes_a_plain_tensor() -> None:
    for value in (torch.nn.Parameter(torch.ones(2)), Variable(torch.ones(2)), torch.ones(2, requires_grad=True)):
        made = to_plain(value)
        assert type(made) is torch.Tensor and not made.requires_grad
        with torch.no_grad():
            value.add_(1)
        assert made.tolist() == [1.0, 1.0]


def test_numbers_and_texts_of_classes_of_their_own_become_plain() -> None:
    value = [
        np.float32(0.5), np.float64(0.1), np.int64(3), np.bool_(True), np.str_("a"), np.bytes_(b"b"), Colour.RED,
        Level.HIGH, Text("c"), OrderedDict(a=1),
    ]  # fmt: skip
    expected = [0.5, 0.1, 3, True, "a", b"b", "red", 3, "c", {"a": 1}]
    assert _same(expected, from_plain(to_plain(value))) and _same(expected, _through_a_file(value))


def test_a_memory_map_becomes_an_array(tmp_path: Any) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    assert _same(np.arange(5), _through_a_file(np.load(tmp_path / "a.npy", mmap_mode="r")))


@pytest.mark.parametrize(
    "value",
    [
        print, object(), {1, 2}, Point(1, 2), 1j, np.array(["a"]), np.array([None]), np.zeros(1, "M8[D]"),
        np.datetime64("2020-01-01", "ns"), np.longdouble(1), np.zeros(1, np.longdouble), np.zeros(1, [("a", "i4")]),
        np.ma.masked_array([1, 2], [True, False]), torch.float32, range(3),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_other_things_are_refused_by_their_place(value: Any) -> None:
    assert not is_plain([value])
    with pytest.raises(TypeError, match=r"^The state of `mine`\['a'\]\[1\]: expected tensors, .* Give the object `st"):
        to_plain({"a": [1, value]}, "The state of `mine`")


def test_other_keys_are_refused() -> None:
    assert not is_plain({Colour.RED: 1}) and not is_plain({b"": 1}) and not is_plain({(1, object()): 1})
    with pytest.raises(TypeError, match=r"A key of The state\['a'\]: expected a text or a number"):
        to_plain({"a": {object(): 1}})


def test_what_holds_itself_is_not_plain() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert not is_plain(circle)


def test_keep_decides_what_becomes_of_tensors() -> None:
    tensor = torch.ones(2)
    assert to_plain([tensor], keep=lambda value: value)[0] is tensor
