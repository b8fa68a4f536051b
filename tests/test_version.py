"""The version is one, wherever it is said."""

from __future__ import annotations

import configparser
from importlib import metadata
from pathlib import Path

import kerastorch
from kerastorch.version import version


def test_the_version_is_that_of_the_package() -> None:
    config = configparser.ConfigParser()
    config.read(Path(__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")
    assert version() == kerastorch.__version__ == kerastorch.version() == config["metadata"]["version"]


def test_the_installed_version_is_this_one() -> None:
    assert metadata.version("kerastorch") == kerastorch.__version__
