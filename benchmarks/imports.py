"""What `import kerastorch` adds to `import torch`: `python -m benchmarks.imports`. The bar is 15 per cent."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

STATEMENTS = {"torch": "import torch", "kerastorch": "import torch, kerastorch"}


def seconds(statement: str, bytecode: str) -> tuple[float, float]:
    """Wall and processor time of a fresh interpreter's import; `bytecode` is where that of a first one is kept."""
    program = (
        f"import time; w, c = time.perf_counter(), time.process_time(); {statement}; "
        "print(time.perf_counter() - w, time.process_time() - c)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    wall, processor = done.stdout.split()[-2:]
    return float(wall), float(processor)


def slowest(count: int) -> list[str]:
    """The modules beside torch's own that take longest, from `python -X importtime`."""
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-c",
        "import torch; import sys; sys.stderr.write('----\\n'); import kerastorch",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.split("----\n")[-1].splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if line.count("|") == 2]
    rows.sort(key=lambda row: -int(row[0]))
    return [f"{int(own) / 1000:8.1f} ms  {name.strip()}" for own, _, name in rows[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--slowest", type=int, default=0, help="also list so many modules by their own time")
    given = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in STATEMENTS}
    with tempfile.TemporaryDirectory() as bytecode:
        for _ in range(given.repeats + 1):
            for name, statement in STATEMENTS.items():
                times[name].append(seconds(statement, bytecode))
                time.sleep(0.05)
    for index, kind in enumerate(("wall", "processor")):
        torch_, ours = ([t[index] for t in times[name][1:]] for name in ("torch", "kerastorch"))
        added = min(ours) / min(torch_) - 1
        median = statistics.median(b / a for a, b in zip(torch_, ours, strict=True)) - 1
        print(
            f"{kind}: torch {min(torch_):.2f} s, with kerastorch {min(ours):.2f} s: {added:+.1%} (median {median:+.1%})"
        )
    print("\n".join(slowest(given.slowest)))


if __name__ == "__main__":
    main()
