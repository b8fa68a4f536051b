"""A web server on the loopback interface, for tests of downloads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def send_head(self):  # type: ignore[no-untyped-def]
        """Note the path, and cut files named "short" in the middle of their body."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        return super().send_head()

    def send_header(self, keyword: str, value: str) -> None:
        """Promise more than there is where the file is named "short"."""
        promised = str(int(value) + 100) if keyword == "Content-Length" and "short" in self.path else value
        super().send_header(keyword, promised)


class Server(ThreadingHTTPServer):
    """Serves a folder; `asked` lists the paths that were requested."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve `folder` while the block runs."""
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
