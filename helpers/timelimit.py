"""End code that runs too long.

`limited(function, seconds)` gives what the function gives, or raises `Hung` when the time is over.
In the main thread a signal interrupts the function where it is, also while it sleeps. Windows has
no such signal, and other threads do not get it: there the function runs in a thread of its own, so
that an interruption can never strike the caller. A bare `except:` swallows an interruption, so it
is sent again and again, until one arrives between two tries. An import is let finish, since a
module that is half imported would stay so until Python is started anew.
"""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import signal
import sys
import threading
import time
import types
from collections.abc import Callable

AGAIN = 1e-5  # seconds between two signals; shorter than what a `try` needs for one of them
BURST, PAUSE = 50, 5e-3  # so many signals, then seconds of rest: cleaning up is slow under signals
AGAIN_IN_THREAD = 5e-3  # seconds; a thread has to get its turn before it notices
GRACE = 1.0  # seconds; a thread that survives its interruptions so long is left behind


class Hung(BaseException):
    """The time is over. No Exception, so `except Exception` misses it."""


def limited(function: Callable[[], object], seconds: float) -> object:
    """What `function()` gives; raises `Hung` if that takes longer than the time allows."""
    in_main = threading.current_thread() is threading.main_thread()
    by_signal = in_main and hasattr(signal, "setitimer")
    return _by_signal(function, seconds) if by_signal else _in_thread(function, seconds)


def _by_signal(function: Callable[[], object], seconds: float) -> object:
    over, sent = False, 0

    def interrupt(_, frame):
        nonlocal sent
        ours = _by_signal.__code__, interrupt.__code__, _importing.__code__
        if over or frame.f_code in ours:
            return
        sent += 1
        importing = _importing(frame, above=_by_signal)
        if importing or sent % BURST == 0:
            signal.setitimer(signal.ITIMER_REAL, PAUSE, AGAIN)
        if not importing:
            raise Hung

    handler = signal.signal(signal.SIGALRM, interrupt)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        return function()
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, *timer)
        # A late signal, handed in by another thread, would end the program by default. So where
        # there was no handler, ours stays: by now it does nothing.
        if callable(handler):
            signal.signal(signal.SIGALRM, handler)


def _in_thread(function: Callable[[], object], seconds: float) -> object:
    values, errors = [], []

    def work():
        with contextlib.suppress(Hung):  # a late one
            try:
                values.append(function())
            except BaseException as error:
                errors.append(error)

    worker = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:
        end = time.monotonic() + GRACE
        while worker.is_alive() and not (values or errors) and time.monotonic() < end:
            if not _importing(sys._current_frames().get(worker.ident), above=work):
                _send_hung(worker)
            worker.join(AGAIN_IN_THREAD)
    if values:
        return values[0]
    raise errors[0] if errors else Hung


def _send_hung(thread: threading.Thread) -> None:
    send = ctypes.pythonapi.PyThreadState_SetAsyncExc
    send(ctypes.c_ulong(thread.ident), ctypes.py_object(Hung))


def _importing(frame: types.FrameType | None, above: Callable) -> bool:
    """True if an import has begun and not ended, between this frame and that of a function."""
    while frame and frame.f_code is not above.__code__:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
