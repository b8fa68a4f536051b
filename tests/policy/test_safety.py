"""No code from files, no paths of a machine, no imports inside functions but of third parties."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.policy import code

MACHINE = ["/" + "/".join(p) + "/" for p in (["work"], ["farm"], ["root"], ["opt", "wheels"], ["opt", "pypi"])]
RUNS_CODE = {"eval", "exec", "compile", "__import__", "importlib.import_module", "import_module", "runpy.run_path"}
# What the processes of one run say to each other, in a folder of their own; no file of a user's is read there.
BETWEEN_OWN_PROCESSES = "kerastorch/runtime/shipping.py"
UNPICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
# Import the clients of loggers, whose names stand in the loggers, and what is behind doors, whose table stands there.
IMPORT = ("kerastorch/loggers/clients.py:", "kerastorch/base/doors.py:")
# Runs the script that its user names on the command line, as the user would.
RUNS_THE_USERS_SCRIPT = "kerastorch/convert/running.py:"
LITERAL = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    for file in code.files():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call):
                yield f"{file.name}:{node.lineno}", code.called(node), node


def test_nothing_runs_text() -> None:
    running = [(where, name) for where, name, _ in _calls() if name in RUNS_CODE]
    found = [f"{where}: {name}" for where, name in running if not where.startswith((*IMPORT, RUNS_THE_USERS_SCRIPT))]
    assert not found, "\n".join(found)


def test_clients_are_named_literally() -> None:
    named = [call.args[0] for _, name, call in _calls() if name == "client"]
    assert named and all(isinstance(argument, ast.Constant) for argument in named)


def test_doors_are_named_literally() -> None:
    named = [call.args[0] for _, name, call in _calls() if name == "door"]
    assert named and all(isinstance(argument, ast.Constant) for argument in named)


def test_nothing_unpickles() -> None:
    found = []
    for file in code.files():
        for node in ast.walk(file.tree) if file.name != BETWEEN_OWN_PROCESSES else ():
            if isinstance(node, ast.Import):
                names = [a.name for a in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{file.name}:{node.lineno}: {n}" for n in names if n.partition(".")[0] in UNPICKLES]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("function", LITERAL)
def test_loads_say_literally_that_they_take_data_only(function: str) -> None:
    keyword, value = LITERAL[function]
    found = [
        where
        for where, name, call in _calls()
        if name == function
        and not any(
            k.arg == keyword and isinstance(k.value, ast.Constant) and k.value.value is value for k in call.keywords
        )
    ]
    assert not found, f"{function} without {keyword}={value}:\n" + "\n".join(found)


def test_imports_inside_functions_are_of_third_parties() -> None:
    found = []
    for file in code.files():
        for function in code.functions(file):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    names = [a.name for a in node.names]
                else:
                    names = [node.module or "."] if isinstance(node, ast.ImportFrom) else []
                tops = {n.partition(".")[0] for n in names}
                if tops & ({"kerastorch", ""} | set(sys.stdlib_module_names)):
                    found.append(f"{file.name}:{node.lineno}: {', '.join(names)}")
    assert not found, "\n".join(found)


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=code.ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        return [p.relative_to(code.ROOT).as_posix() for p in code.PACKAGE.rglob("*.py")]
    return [n for n in listed.stdout.decode().split("\0") if n and (code.ROOT / n).is_file()]


def test_no_paths_of_a_machine() -> None:
    found = []
    for name in _tracked():
        text = (code.ROOT / name).read_bytes()
        if b"\0" not in text:
            found += [f"{name}: {path}" for path in MACHINE if path.encode() in text]
    assert not found, "\n".join(found)


def test_no_large_files() -> None:
    large = [f"{n}: {s} bytes" for n in _tracked() if (s := (code.ROOT / n).stat().st_size) > 1 << 20]
    assert not large, "\n".join(large)
