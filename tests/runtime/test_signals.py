"""Signals are remembered, a second one takes effect, and nothing of it stays: with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from kerastorch.runtime.signals import Signals


def _send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0)  # a handler runs between two instructions


def test_the_first_is_remembered_and_the_old_handlers_come_back() -> None:
    came: list[int] = []

    def own(number: int, frame: Any) -> None:
        came.append(number)

    before = signal.signal(signal.SIGUSR1, own)
    try:
        with Signals([signal.SIGTERM, "SIGUSR1", "SIGNOTHERE"]) as signals:
            assert signals.received is None and signals.exit_code is None
            _send(signal.SIGUSR1)
            assert signals.received == signal.SIGUSR1 and signals.exit_code == 138 and came == []
        assert signals.received == signal.SIGUSR1
        assert signal.getsignal(signal.SIGUSR1) is own and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        _send(signal.SIGUSR1)
        assert came == [signal.SIGUSR1]
        with signals:
            assert signals.received is None
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_handlers_come_back_after_an_error_and_nest() -> None:
    with pytest.raises(KeyError), Signals([signal.SIGUSR1]) as outer:
        with Signals([signal.SIGUSR1]) as inner:
            _send(signal.SIGUSR1)
        assert inner.received and not outer.received
        _send(signal.SIGUSR1)
        assert outer.received
        raise KeyError
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_a_handler_that_came_meanwhile_stays() -> None:
    with Signals([signal.SIGUSR1]):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.signal(signal.SIGUSR1, signal.SIG_DFL) == signal.SIG_IGN


def test_a_second_interrupt_is_a_keyboard_interrupt() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), Signals([signal.SIGINT]) as signals:
            _send(signal.SIGINT)
            assert signals.received == signal.SIGINT
            _send(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("second", ["SIGTERM", "SIGUSR1"])
def test_a_second_signal_ends_the_process_at_once(second: str) -> None:
    script = (
        "import time\nfrom kerastorch.runtime.signals import Signals\n"
        "with Signals(['SIGTERM', 'SIGUSR1']) as signals:\n"
        "    print('ready', flush=True)\n"
        "    while not signals.received: time.sleep(0.01)\n"
        "    print(signals.received, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "15\n"
        began = time.monotonic()
        process.send_signal(getattr(signal, second))
        assert process.wait(10) == -getattr(signal, second) and time.monotonic() - began < 1


def test_another_thread_installs_nothing() -> None:
    found: list[Any] = []

    def work() -> None:
        with Signals([signal.SIGTERM]) as signals:
            found.append((signals.received, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(None, signal.SIG_DFL)] and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_one_that_comes_soon_after_is_the_same() -> None:
    with Signals(["SIGUSR1", "SIGTERM"], apart=60) as signals:
        _send(signal.SIGUSR1)
        _send(signal.SIGUSR1)
        _send(signal.SIGTERM)
        assert signals.received == signal.SIGUSR1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGUSR1, 0)])
def test_a_forked_child_can_be_ended(number: int, code: int) -> None:
    """It inherits the handler; who forked it ends it with SIGTERM."""
    with Signals(["SIGTERM", "SIGUSR1"]) as signals:
        pid = os.fork()
        if pid == 0:
            _send(number)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code and signals.received is None
