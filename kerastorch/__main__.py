"""`python -m kerastorch`: what the package does from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kerastorch.convert import script

_ABOUT = """\
Rewrite a Keras training script as a Lightning or plain PyTorch script.

The statements of the script that define and compile models are EXECUTED (with kerastorch in the place of Keras, which
need not be installed), and the models that they make are written as classes. Convert only scripts that you would run.
fit, evaluate, predict, save and downloads are not executed; they are rewritten. Run this where the script finds its
data: files are read where a model asks for the shape of what is in them.

What has no counterpart is marked in the output with NOT CONVERTED, why, and what to do, and told on stderr.
"""
_STATUS = "exit status: 0 everything was converted; 1 converted with marked spots; 2 nothing was written"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `python -m kerastorch`; by default those of this process.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    try:
        converted = script.convert(options.script, options.to, options.explain)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.out is None:
        sys.stdout.write(converted.text)
    else:
        options.out.write_text(converted.text, encoding="utf-8")
    _summary(options, converted)
    return 1 if converted.marks else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kerastorch")
    commands = parser.add_subparsers(required=True)
    convert = commands.add_parser(
        "convert",
        help="rewrite a Keras script for Lightning or PyTorch",
        description=_ABOUT,
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    convert.add_argument("script", type=Path, help="the Keras script")
    convert.add_argument("--to", choices=script.TARGETS, required=True, help="what to write")
    convert.add_argument("--out", type=Path, help="the file to write; by default the standard output")
    convert.add_argument(
        "--explain",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="comments that set each part beside the Keras source it comes from (default: on)",
    )
    return parser


def _summary(options: argparse.Namespace, converted: script.Conversion) -> None:
    """Say on stderr what was converted, and where it was not."""
    where = options.out or "standard output"
    models = ", ".join(dict.fromkeys(converted.models)) or "no model"
    spots = f"{len(converted.marks)} marked NOT CONVERTED" if converted.marks else "nothing is left to do"
    print(f"{options.script} -> {where}: {converted.statements} statements, {models}; {spots}", file=sys.stderr)
    for mark in converted.marks:
        what = mark.what.splitlines()[0].rstrip(":(")
        print(f"  line {mark.line}: {what}: {mark.why}", file=sys.stderr)
    for line, text in converted.warned:
        print(f"  line {line}: warning: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
