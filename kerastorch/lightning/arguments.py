"""Flags from the command line as scripts of earlier years take them: `add_argparse_args`, `from_argparse_args`."""

from __future__ import annotations

import ast
import inspect
import warnings
from argparse import ArgumentError, ArgumentParser, Namespace
from typing import Any


class FromArguments:
    """A class whose arguments can be those of a command line.

    Example:
        >>> class Data(FromArguments):
        ...     def __init__(self, folder, batch_size=32):
        ...         self.folder, self.batch_size = folder, batch_size
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     parser = Data.add_argparse_args(ArgumentParser())
        ...     Data.from_argparse_args(parser.parse_args(["--batch_size", "8"]), folder="data").batch_size
        8
    """

    @classmethod
    def known_arguments(cls) -> dict[str, Any]:
        """The arguments and their defaults; `inspect.Parameter.empty` for none."""
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {p.name: p.default for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}

    @classmethod
    def add_argparse_args(cls, parent_parser: ArgumentParser, **kwargs: Any) -> ArgumentParser:
        """Let a parser know the arguments, but those that it knows already; returns the parser.

        Args:
            parent_parser: The parser.
            **kwargs: Accepted.
        """
        _tell(cls, "add_argparse_args")
        group = parent_parser.add_argument_group(cls.__name__)
        for name, default in cls.known_arguments().items():
            given = None if default is inspect.Parameter.empty else default
            try:
                group.add_argument(f"--{name}", type=_value, nargs="?", const=True, default=given)
            except ArgumentError:
                continue  # the script's own
        return parent_parser

    @classmethod
    def from_argparse_args(cls, args: Namespace | ArgumentParser, **kwargs: Any) -> Any:
        """Make one of what a command line says; others of its arguments are left alone.

        Args:
            args: The parsed arguments, or the parser.
            **kwargs: Arguments that count more.
        """
        _tell(cls, "from_argparse_args")
        said = vars(args.parse_args() if isinstance(args, ArgumentParser) else args)
        known = cls.known_arguments()
        return cls(**{**{name: value for name, value in said.items() if _differs(value, known, name)}, **kwargs})


def _differs(value: Any, known: dict[str, Any], name: str) -> bool:
    return name in known and not (value is known[name] or (type(value) is type(known[name]) and value == known[name]))


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _tell(cls: type, name: str) -> None:
    today = f"`{cls.__name__}(name=args.name, ...)`, with the arguments that your script wants to have,"
    warnings.warn(f"`{cls.__name__}.{name}`: write {today} today.", DeprecationWarning, stacklevel=3)
