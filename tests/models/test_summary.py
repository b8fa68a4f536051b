"""The table of layers: rows, shapes, counts and sizes, beside those of Keras."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.models.summary import readable_size
from tests.parity.fits import quietly


def branches(k: Any) -> Any:
    inputs = k.Input((4,), name="i")
    frozen = k.layers.Dense(3, name="frozen", trainable=False)(inputs)
    normal = k.layers.BatchNormalization(name="bn")(frozen)
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="in")], name="inner")
    return k.Model(inputs, inner(k.layers.Add(name="add")([k.layers.Dense(3, name="sh")(normal), frozen])), name="m")


def chain(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((8, 8, 1)),
            k.layers.Conv2D(4, 3, name="conv"),
            k.layers.Flatten(name="flat"),
            k.layers.Dense(900, name="wide", dtype="float16"),
        ],
        name="chain",
    )


def shared(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    both = k.layers.Dense(3, name="both")
    return k.Model([a, b], k.layers.Concatenate(name="cat")([both(a), both(b)]), name="shared")


def shown(model: Any, **options: Any) -> str:
    found: list[str] = []
    quietly(lambda: model.summary(print_fn=lambda text, line_break=None: found.append(text), **options))
    return "\n".join(found)


def rows(text: str) -> list[list[str]]:
    """The cells of the lines of a table, Keras's marks of depth left out."""
    lines = [line for line in text.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip(" └") for cell in re.split("[│┃]", line)[1:-1]] for line in lines]


def parts(text: str) -> list[tuple[str, ...]]:
    """Name, shape and count of each layer (Keras breaks longer titles over several lines)."""
    return [(row[0].split()[0], *row[1:3]) for row in rows(text)[1:] if row[2]]


def totals(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "params:" in line]


@pytest.mark.parametrize("make", [branches, chain, shared])
def test_counts_sizes_shapes_and_layers_are_keras_s(make: Any) -> None:
    import keras as real

    ours = shown(make(keras), line_length=120)
    theirs = shown(quietly(lambda: make(real)), line_length=80)
    assert totals(ours) == totals(theirs)
    assert parts(ours) == parts(theirs)


def test_trained_columns_are_keras_s() -> None:
    import keras as real

    options = {"expand_nested": True, "show_trainable": True, "layer_range": ("bn", "inner")}
    ours = rows(shown(branches(keras), line_length=140, **options))
    assert [row[0].split()[0] for row in ours] == ["Layer", "bn", "sh", "add", "inner", "in"]
    assert [row[-1] for row in ours] == ["Trainable", "Y", "Y", "-", "Y", "Y"]
    theirs = rows(shown(quietly(lambda: branches(real)), line_length=80, **options))
    assert [row[-1] for row in theirs[1:] if row[-1]] == [row[-1] for row in ours[1:]]
    whole = rows(shown(branches(keras), line_length=140, show_trainable=True))
    assert [row[-1] for row in whole] == ["Trainable", "-", "N", "Y", "Y", "-", "Y"]


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1536, 2**20, 3e9, 5e12, 2e15])
def test_sizes_are_written_as_keras_writes_them(size: float) -> None:
    from keras.src.utils.summary_utils import readable_memory_size

    assert readable_size(size) == readable_memory_size(size)


def test_connections_are_shown_where_there_are_branches_only() -> None:
    assert "Connected to" not in shown(chain(keras))
    ours = rows(shown(shared(keras), line_length=120))
    assert {row[0].split()[0]: row[3] for row in ours[1:]} == {
        "a": "-",
        "b": "-",
        "both": "a[0], b[0]",
        "cat": "both[0], both[1]",
    }


def test_the_text_goes_to_print_fn_or_to_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    model = branches(keras)
    assert 'Model: "m"' in shown(model)
    assert capsys.readouterr().out == ""
    model.summary(line_length=100)
    assert "Total params: 47 (188.00 B)" in capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 100])
def test_the_width_is_kept_and_names_are_not_cut(width: int) -> None:
    name = "a_layer_whose_name_is_" + "very_" * 6 + "long"
    text = shown(keras.Sequential([keras.Input((4,)), layers.Dense(2, name=name)]), line_length=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert name in "".join(row[0] for row in rows(text))


def test_names_with_brackets_are_taken_as_they_are() -> None:
    inputs = keras.Input((4,), name="[bold]i")
    text = shown(keras.Model(inputs, layers.Dense(2, name="d[red]")(inputs), name="m[0]"))
    assert all(part in text for part in ("[bold]i", "d[red]", 'Model: "m[0]"'))


def test_models_that_are_not_built_say_so() -> None:
    model = keras.Sequential([layers.Dense(2, name="d")])
    before = shown(model)
    assert rows(before)[1] == ["d (Dense)", "?", "0"]
    assert "not built yet" in before
    model.build((None, 4))
    assert rows(shown(model))[1] == ["d (Dense)", "(None, 2)", "10"]
    assert "not built yet" not in shown(model)


def test_torch_modules_are_rows_by_their_attribute() -> None:
    net = nn.Sequential()
    net.add_module("first", nn.Linear(4, 3))
    net.add_module("last", nn.Linear(3, 1).requires_grad_(False))
    text = shown(keras.Model(net), show_trainable=True)
    assert [(row[0], row[2], row[-1]) for row in rows(text)[1:]] == [
        ("first (Linear)", "15", "Y"),
        ("last (Linear)", "4", "N"),
    ]
    assert totals(text) == ["Total params: 19 (76.00 B)", "Trainable params: 15 (60.00 B)",
                            "Non-trainable params: 4 (16.00 B)"]  # fmt: skip


def test_shared_weights_count_once() -> None:
    net = nn.ModuleDict({"a": nn.Linear(4, 4, bias=False), "b": nn.Linear(4, 4, bias=False)})
    net["b"].weight = net["a"].weight
    assert totals(shown(keras.Model(net)))[0] == "Total params: 16 (64.00 B)"
    assert torch.equal(net["a"].weight, net["b"].weight)


@pytest.mark.parametrize("chosen", [("bn", "nothing"), ("bn",), ("bn", "sh", "add")])
def test_a_wrong_layer_range_is_refused(chosen: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="layer_range"):
        branches(keras).summary(layer_range=chosen, print_fn=str)
