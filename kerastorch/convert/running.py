"""Runs the part of a user's own script that defines and compiles models; nothing else of the package runs text.

Statements run in a module of their own, and only where a model needs them: data are loaded when a model asks for their
shape. Training, evaluating, predicting, saving and downloading do not happen.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import socket
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import kerastorch
from kerastorch.base import nested
from kerastorch.convert.older import canonical
from kerastorch.convert.reading import Script, Statement, stored

NOT_RUN = ("fit", "evaluate", "predict", "save", "save_weights", "load_weights", "summary", "export")
NOT_RUN_EITHER = ("train_on_batch", "test_on_batch", "predict_on_batch")
# Name of a data set -> shape of an image or row, training rows, test rows, classes (0: a number to predict), and
# whether its labels are a column.
_DATA: dict[str, tuple[tuple[int, ...], int, int, int, bool]] = {
    "mnist": ((28, 28), 60000, 10000, 10, False),
    "fashion_mnist": ((28, 28), 60000, 10000, 10, False),
    "cifar10": ((32, 32, 3), 50000, 10000, 10, True),
    "cifar100": ((32, 32, 3), 50000, 10000, 100, True),
    "digits": ((8, 8), 1437, 360, 10, False),
    "imdb": ((), 25000, 25000, 2, False),
    "reuters": ((), 8982, 2246, 46, False),
    "boston_housing": ((13,), 404, 102, 0, False),
    "california_housing": ((8,), 16512, 4128, 0, False),
}


@dataclass(frozen=True)
class Unknown:
    """What stands for a value that is not known while converting.

    Attributes:
        reason: Why it is not.
    """

    reason: str


class NotRunError(Exception):
    """Raised in the place of what converting does not do."""


class Running:
    """A script of which statements run on demand, each once, in the order of the file.

    Args:
        script: The script.

    Attributes:
        values: The names of the script and their values; `Unknown` where a statement failed.
        failed: Statement number -> why it could not run.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.failed: dict[int, str] = {}
        self._done: set[int] = set()
        self._warned: list[warnings.WarningMessage] = []
        self._module = types.ModuleType(f"_converted_{script.path.stem}")
        self.values = self._module.__dict__
        self.values.update(__file__=str(script.path), __doc__=script.docstring or None)
        self.values.update({name: kerastorch for name, home in script.names.items() if home == "keras"})

    @contextmanager
    def around(self) -> Iterator[None]:
        """Within it statements may run: quietly, without network, without training, with stand-ins for data."""
        swaps: list[tuple[Any, str, Any]] = [
            (sys, "argv", [str(self.script.path)]),
            (socket.socket, "connect", _refuse("the network is not used while converting")),
            (kerastorch.utils, "get_file", _refuse("files are not downloaded while converting")),
        ]
        swaps += [
            (kerastorch.Model, name, _refuse(f"`{name}` does not run while converting"))
            for name in (*NOT_RUN, *NOT_RUN_EITHER)
        ]
        for name in _DATA:
            home = getattr(kerastorch.datasets, name, None) or types.SimpleNamespace()
            swaps += [(kerastorch.datasets, name, home), (home, "load_data", _stand_in(name))]
        with ExitStack() as stack:
            for swap in swaps:
                stack.enter_context(_swapped(*swap))
            stack.enter_context(_present(self._module, str(self.script.path.parent.absolute())))
            stack.enter_context(_seen(str(self.script.path), self.script.lines))
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            self._warned = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            yield

    def warned(self) -> list[tuple[int, str]]:
        """The lines of the script of which kerastorch warned, with what it said."""
        own = [w for w in self._warned if w.filename == str(self.script.path) and w.category is UserWarning]
        return sorted({(w.lineno, str(w.message)) for w in own})

    def run(self, number: int) -> str:
        """Run a statement, and before it those it needs.

        Args:
            number: Its place in `script.statements`.

        Returns:
            Why it could not run, or "".
        """
        statement = self.script.statements[number]
        if number not in self._done:
            self._done.add(number)
            self.need(statement.reads, number)
            unknown = [self.values[n].reason for n in sorted(statement.reads) if self.is_unknown(n)]
            reason = unknown[0] if unknown else self._execute(statement)
            if reason:
                self.fail(number, reason)
        return self.failed.get(number, "")

    def fail(self, number: int, reason: str) -> None:
        """Note that a statement cannot run: what it was to make or change is not known any more; modules stay."""
        self._done.add(number)
        self.failed[number] = reason
        names = self.script.statements[number].binds
        lost = {n for n in names if n not in self.values or n not in self.script.names}
        self.values.update({n: Unknown(reason) for n in lost})

    def need(self, names: frozenset[str] | set[str], before: int) -> None:
        """Run what gives these names their values, as far as it stands before a statement."""
        for number in range(before):
            if self.script.statements[number].binds & names:
                self.run(number)

    def skip(self, number: int, reason: str) -> None:
        """Leave a statement out: the names that it binds are unknown from here on."""
        self._done.add(number)
        self.values.update({n: Unknown(reason) for n in stored(self.script.statements[number].node)})

    def is_unknown(self, name: str) -> bool:
        """Whether the value of a name could not be had."""
        return isinstance(self.values.get(name), Unknown)

    def evaluate(self, node: ast.expr, names: frozenset[str] | set[str], before: int) -> Any:
        """The value of an expression of the script at a statement, or an `Unknown`."""
        self.need(names, before)
        for name in sorted(names):
            if self.is_unknown(name):
                return self.values[name]
        try:
            return eval(compile(ast.Expression(node), str(self.script.path), "eval"), self.values)
        except (Exception, SystemExit) as error:
            return Unknown(_said(error, node))

    def _execute(self, statement: Statement) -> str:
        node = statement.node
        try:
            if isinstance(node, (ast.Import, ast.ImportFrom)) and self._is_keras(node):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self.values[name] = _found(self.script.names[name])
            else:
                code = compile(ast.Module([node], []), str(self.script.path), "exec")
                exec(code, self.values)
        except (Exception, SystemExit) as error:
            return _said(error, node)
        return ""

    def _is_keras(self, node: ast.Import | ast.ImportFrom) -> bool:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        return any(name.partition(".")[0] in ("keras", "tensorflow", "kerastorch") for name in names)


def build(model: Any, x: Any) -> None:
    """Build a model on a few samples of its data.

    Args:
        model: A model.
        x: Arrays of shape (samples, ...), nested as `fit` takes them.
    """
    looked_up = any(isinstance(layer, kerastorch.layers.Embedding) for layer in model.layers)
    with torch.no_grad():
        model(nested.map_structure(lambda array: _first_rows(array, looked_up), x))


def _first_rows(array: Any, looked_up: bool) -> torch.Tensor:
    """Floats, but for numbers that may be looked up in a table."""
    tensor = torch.as_tensor(np.asarray(array[:2]))
    return tensor if looked_up and not tensor.is_floating_point() else tensor.float()


def _said(error: BaseException, node: ast.AST) -> str:
    text = " ".join(str(error).split()) or "no reason given"
    return text if isinstance(error, NotRunError) else f"line {node.lineno} failed: {type(error).__name__}: {text}"  # type: ignore[attr-defined]


class _TensorFlow:
    """What `tensorflow` is in a script: its `keras`, and nothing else."""

    keras = kerastorch

    def __getattr__(self, name: str) -> Any:
        raise NotRunError(f"tensorflow.{name} is TensorFlow's own")


def _found(name: str) -> Any:
    """The object of kerastorch that a dotted name of Keras stands for."""
    found: Any = kerastorch
    name = canonical(name)
    if name == "tensorflow":
        return _TensorFlow()
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
        if found is None:
            return Unknown(f"{name} is not in kerastorch")
    return found


def missing(name: str) -> str:
    """Why a name of Keras cannot be had ("keras.layers.NoSuch is not in kerastorch"), or ""."""
    found = _found(name) if name.startswith("keras.") else None
    return found.reason if isinstance(found, Unknown) else ""


def _refuse(reason: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotRunError(reason)

    return refuse


def _stand_in(name: str) -> Callable[..., Any]:
    """A `load_data` that gives zeros and every label in turn, as many as the data set has."""
    shape, train, test, classes, column = _DATA[name]

    def part(rows: int) -> tuple[Any, Any]:
        if not classes:
            return np.zeros((rows, *shape)), np.zeros(rows)
        labels = (np.arange(rows) % classes).astype("uint8").reshape((-1, 1) if column else -1)
        if shape:
            return np.zeros((rows, *shape), "uint8"), labels
        texts = np.empty(rows, object)
        texts[:] = [[1, 2]] * rows
        return texts, labels

    def load_data(*args: Any, **kwargs: Any) -> Any:
        return part(train), part(test)

    return load_data


@contextmanager
def _swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute replaced for a while."""
    before = vars(owner).get(name, _swapped)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _swapped:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


@contextmanager
def _seen(path: str, lines: list[str]) -> Iterator[None]:
    """What `inspect` takes for the text of a file: that with Keras 3's names, which is run."""
    before = linecache.cache.get(path)
    linecache.cache[path] = (sum(map(len, lines)) + len(lines), None, [f"{line}\n" for line in lines], path)
    try:
        yield
    finally:
        linecache.cache.pop(path, None)
        if before is not None:
            linecache.cache[path] = before


@contextmanager
def _present(module: types.ModuleType, folder: str) -> Iterator[None]:
    """The module and what lies beside the script can be imported; settings that the script changes are put back."""
    policy, path = kerastorch.config.dtype_policy(), list(sys.path)
    sys.modules[module.__name__] = module
    sys.path.insert(0, folder)
    kerastorch.utils.clear_session()
    try:
        yield
    finally:
        sys.path[:] = path
        del sys.modules[module.__name__]
        kerastorch.config.set_dtype_policy(policy)
