"""This library's version."""

__version__ = "0.1.0"


def version() -> str:
    """The version of kerastorch.

    Example:
        >>> version()
        '0.1.0'
    """
    return __version__
