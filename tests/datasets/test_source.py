"""Downloads, the cache and refusals, over files in their published formats from a server on this machine."""

from __future__ import annotations

import dataclasses
import importlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torchvision

from kerastorch import config
from kerastorch.datasets import cifar10, cifar100, fashion_mnist, mnist, npz
from tests.support.published import TEST, TRAIN, make_cifar, make_idx
from tests.support.web import Server, serve

SETS = {m.__name__.rpartition(".")[2]: m for m in (mnist, fashion_mnist, cifar10, cifar100)}
every = pytest.mark.parametrize("name", SETS)


@dataclasses.dataclass
class Served:
    """A data set on the local server: its module and what it must return."""

    module: ModuleType
    arrays: dict[str, np.ndarray]
    server: Server
    folder: Path

    def check(self, loaded: Any) -> None:
        """Compare with what is published."""
        (x_train, y_train), (x_test, y_test) = loaded
        for key, array in zip(npz.NAMES, (x_train, y_train, x_test, y_test), strict=True):
            np.testing.assert_array_equal(array, self.arrays[key])
            assert array.dtype == np.uint8


Make = Callable[[str], Served]


@pytest.fixture
def served(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Serve a small data set by name; torchvision asks this server only."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serve(folder) as server:

        def make(name: str) -> Served:
            module = SETS[name]
            source = module._SOURCE
            dataset = getattr(torchvision.datasets, source.dataset)
            form = dataclasses.replace(source.form, train=TRAIN, test=TEST)
            monkeypatch.setattr(module, "_SOURCE", dataclasses.replace(source, form=form, published=None))
            if "cifar" in name:
                monkeypatch.setattr(dataset, "url", server.url + dataset.filename)
                return Served(module, make_cifar(folder, dataset, monkeypatch, 1), server, folder)
            files = make_idx(folder, 1)
            monkeypatch.setattr(dataset, "mirrors", ["http://127.0.0.1:9/", server.url])
            monkeypatch.setattr(dataset, "resources", [(file, md5) for file, md5, _ in files])
            return Served(module, dict(zip(npz.NAMES, (a for _, _, a in files), strict=True)), server, folder)

        yield make


def _cached(cache: Path) -> list[str]:
    return sorted(str(p.relative_to(cache)) for p in cache.rglob("*") if p.is_file())


@every
def test_downloads_are_converted_and_cached(served: Make, cache: Path, name: str) -> None:
    data = served(name)
    data.check(data.module.load_data())
    assert _cached(cache) == [f"datasets/kerastorch/{name}.npz", f"datasets/kerastorch/{name}.npz.sha256"]
    asked = len(data.server.asked)
    data.check(data.module.load_data())
    assert len(data.server.asked) == asked > 0
    assert socket.getdefaulttimeout() is None


@every
def test_a_cached_file_that_was_changed_is_downloaded_again(served: Make, cache: Path, name: str) -> None:
    data = served(name)
    data.module.load_data()
    file = cache / "datasets" / "kerastorch" / f"{name}.npz"
    good = npz.read(file, data.module._SOURCE.form)
    np.savez(file, **dict(zip(npz.NAMES, (np.zeros_like(a) for pair in good for a in pair), strict=True)))
    data.check(data.module.load_data())


@every
def test_a_download_with_another_checksum_is_refused(served: Make, cache: Path, name: str) -> None:
    data = served(name)
    for file in data.folder.iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(OSError, match=rf"The data set {name}.*127\.0\.0\.1.*corrupted.*Connect to the network"):
        data.module.load_data()
    assert _cached(cache) == []


@every
def test_what_keras_cached_is_taken_after_the_same_check(served: Make, cache: Path, name: str) -> None:
    data = served(name)
    left = data.module._SOURCE.left_by_keras
    for here, there in left:
        (cache / "datasets" / here).parent.mkdir(parents=True, exist_ok=True)
        (cache / "datasets" / here).write_bytes((data.folder / Path(there).name).read_bytes())
    data.check(data.module.load_data())
    assert bool(data.server.asked) == (not left)


@every
def test_without_network_the_error_says_what_was_tried(cache: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    source = SETS[name]._SOURCE
    dataset = getattr(torchvision.datasets, source.dataset)
    url = "http://127.0.0.1:9/"
    monkeypatch.setattr(dataset, "url" if "cifar" in name else "mirrors", url if "cifar" in name else [url])
    own = cache / "datasets" / "kerastorch" / f"{name}.npz"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"not a data set")
    with pytest.raises(OSError) as caught:
        SETS[name].load_data()
    text = str(caught.value)
    for part in (name, url, "refused", str(own), "was not taken: it has no checksum", "`path=`", "digits.load_data()"):
        assert part in text
    assert own.read_bytes() == b"not a data set"


@every
def test_an_absolute_path_is_read_as_it_is(tmp_path: Path, cache: Path, name: str) -> None:
    form = SETS[name]._SOURCE.form
    x, y = np.full((3, *form.image), 7, np.uint8), np.ones((3, *form.label), np.uint8)
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    (x_train, y_train), (x_test, _) = SETS[name].load_data(path=str(tmp_path / "mine.npz"))
    np.testing.assert_array_equal(x_train, x)
    assert y_train.shape == y.shape and len(x_test) == 1


@every
@pytest.mark.parametrize("path", ["/no/such/file.npz", "../mnist.npz", "folder/mnist.npz"])
def test_other_paths_are_refused(cache: Path, name: str, path: str) -> None:
    with pytest.raises(ValueError, match=f"`path` of {name}.load_data: expected .* received '.*mnist.npz'|no/such"):
        SETS[name].load_data(path=path)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_channels_first_is_a_view_in_keras_order(served: Make, name: str) -> None:
    data = served(name)
    config.set_image_data_format("channels_first")
    (x_train, _), (x_test, _) = data.module.load_data()
    assert x_train.shape == (TRAIN, 3, 32, 32) and x_test.shape == (TEST, 3, 32, 32)
    np.testing.assert_array_equal(x_train.transpose(0, 2, 3, 1), data.arrays["x_train"])


@every
def test_signatures_are_keras(name: str) -> None:
    import inspect

    theirs = importlib.import_module(f"keras.datasets.{name}").load_data
    ours = inspect.signature(SETS[name].load_data).parameters
    positional = {n: p.default for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert positional == {n: p.default for n, p in inspect.signature(theirs).parameters.items()}
