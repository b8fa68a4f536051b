"""Sizes: files and functions stay small. `python -m tests.policy.test_sizes` prints the table."""

from __future__ import annotations

import statistics

from tests.policy import code

FILE_LINES, FUNCTION_LINES, BRANCHES = 500, 60, 10


def _row(name: str, values: list[int]) -> str:
    ninetieth = sorted(values)[int(0.9 * (len(values) - 1))]
    return f"{name:<24}{statistics.median(values):>8.0f}{ninetieth:>8}{max(values):>8}"


def _functions(measure) -> dict[str, int]:  # type: ignore[no-untyped-def]
    return {f"{file.name}:{f.lineno} {f.name}": measure(f) for file in code.files() for f in code.functions(file)}


def _files() -> dict[str, int]:
    return {file.name: len(file.text.splitlines()) for file in code.files() if not file.is_init}


def report() -> str:
    """The sizes as a table."""
    rows = [
        _row("lines of a file", list(_files().values())),
        _row("lines of a function", list(_functions(code.length).values())),
        _row("branches of a function", list(_functions(code.branches).values())),
    ]
    return "\n".join([f"{'':<24}{'median':>8}{'p90':>8}{'max':>8}", *rows])


def _over(sizes: dict[str, int], limit: int) -> str:
    return "\n".join(f"{name}: {size} > {limit}" for name, size in sizes.items() if size > limit)


def test_files_are_short() -> None:
    print(report())
    assert not _over(_files(), FILE_LINES), _over(_files(), FILE_LINES)


def test_functions_are_short() -> None:
    long = _over(_functions(code.length), FUNCTION_LINES)
    assert not long, long


def test_functions_branch_little() -> None:
    branching = _over(_functions(code.branches), BRANCHES)
    assert not branching, branching


if __name__ == "__main__":
    print(report())
