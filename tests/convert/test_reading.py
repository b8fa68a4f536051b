from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kerastorch.convert.older import canonical
from kerastorch.convert.reading import bound, free, root, stored
from tests.convert.written import read_text


@pytest.mark.parametrize(
    ("imports", "used"),
    [
        ("import keras", "keras.layers.Dense"),
        ("import kerastorch as keras", "keras.layers.Dense"),
        ("from tensorflow import keras", "keras.layers.Dense"),
        ("import tensorflow as tf", "tf.keras.layers.Dense"),
        ("import tensorflow.keras.layers as L", "L.Dense"),
        ("from tensorflow.keras.layers import Dense as D", "D"),
        ("from keras import layers", "layers.Dense"),
        ("import keras\nlayers = keras.layers", "layers.Dense"),
    ],
)
def test_every_way_to_name_a_layer(tmp_path: Path, imports: str, used: str) -> None:
    script = read_text(tmp_path, f"{imports}\n{used}(3)\n")
    assert script.dotted(ast.parse(used, mode="eval").body) == "keras.layers.Dense"
    assert script.keras(script.statements[-1].node) == {"keras.layers.Dense"}


def test_old_names_become_todays() -> None:
    assert canonical("tensorflow.keras.preprocessing.sequence.pad_sequences") == "keras.utils.pad_sequences"
    assert canonical("keras.utils.np_utils.to_categorical") == "keras.utils.to_categorical"
    assert canonical("numpy.array") == "numpy.array"


def test_main_and_the_guard_are_part_of_the_flow(tmp_path: Path) -> None:
    script = read_text(
        tmp_path,
        'a = 1\n\n\ndef main():\n    b = 2\n\n    # two\n    c = 3\n\n\nif __name__ == "__main__":\n    main()\n',
    )
    assert [(s.text, s.inside, s.above, s.gap) for s in script.statements] == [
        ("a = 1", "", "", 0),
        ("b = 2", "main", "", 0),
        ("c = 3", "main", "# two", 1),
    ]
    assert script.main == "def main():"


@pytest.mark.parametrize("main", ["def main(n):\n    a = n\nmain(3)", "def main():\n    return 3\nmain()"])
def test_a_main_with_parameters_or_a_result_stays_a_function(tmp_path: Path, main: str) -> None:
    assert [type(s.node) for s in read_text(tmp_path, main).statements] == [ast.FunctionDef, ast.Expr]


def test_statements_on_one_line_are_taken_apart(tmp_path: Path) -> None:
    assert [s.text for s in read_text(tmp_path, "a = 1; b = 2").statements] == ["a = 1", "b = 2"]


@pytest.mark.parametrize(
    ("text", "binds", "reads"),
    [
        ("a, b = f(c)", {"a", "b"}, {"f", "c"}),
        ("x.append(y)", {"x"}, {"x", "y"}),
        ("x.rate = y", {"x"}, {"x", "y"}),
        ("x[0] = y", {"x"}, {"x", "y"}),
        ("x += 1", {"x"}, {"x"}),
        ("print(x)", set(), {"print", "x"}),
        ("import a.b, c as d", {"a", "d"}, set()),
        ("def f(a, *b, c=d, **e):\n    g = a\n    return b, c, e, g, h", {"f"}, {"d", "h"}),
        ("f = lambda a: a + b", {"f"}, {"b"}),
        ("[a for a in b if a]", set(), {"b"}),
        ("for i in n:\n    print(i, j)", {"i"}, {"n", "print", "j"}),
        ("class A(B):\n    c = 1\n    def m(self):\n        return self, D", {"A"}, {"B", "D"}),
        ("with open(p) as f:\n    t = f.read()", {"f", "t"}, {"open", "p"}),
    ],
)
def test_what_a_statement_binds_and_reads(text: str, binds: set[str], reads: set[str]) -> None:
    node = ast.parse(text).body[0]
    assert bound(node) == binds
    assert free(node) == reads


def test_root_and_stored() -> None:
    assert root(ast.parse("a.b[0].c(1).d", mode="eval").body) == "a"
    assert stored(ast.parse("a.b = 1").body[0]) == set()
    assert stored(ast.parse("a = b.c()").body[0]) == {"a"}


def test_a_name_assigned_once_is_its_value(tmp_path: Path) -> None:
    script = read_text(tmp_path, "a = [1]\nb = 2\nb = 3\nprint(a, b)")
    value = script.binding("a", 4)
    assert value is not None and ast.unparse(value) == "[1]"
    assert script.binding("b", 4) is None


def test_a_branch_reads_what_it_does_not_make(tmp_path: Path) -> None:
    (statement,) = read_text(tmp_path, "if a:\n    b = c\n    d = b + e\nelse:\n    e = b\n    f = e\n").statements
    assert statement.reads == {"a", "b", "c", "e"}


def test_what_a_call_may_change() -> None:
    assert bound(ast.parse("x.a.append(1)")) == {"x"}
    assert bound(ast.parse("f(x).numpy()")) == set()


def test_aliases_within_main(tmp_path: Path) -> None:
    text = "import keras\ndef main():\n    mnist = keras.datasets.mnist\n    mnist.load_data()\nmain()\n"
    assert read_text(tmp_path, text).names["mnist"] == "keras.datasets.mnist"
