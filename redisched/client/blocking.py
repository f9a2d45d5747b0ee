"""Warns of calls that block a running event loop, and names the asyncio method to call instead."""

import sys
import warnings

_PACKAGE = "redisched."


class BlockingCall(RuntimeWarning):
    """Shown when a call blocks a running event loop, and so everything else that runs on it."""


def warn_if_blocking(call: str) -> None:
    """Warn if an event loop runs in this thread. The warning shows the line outside of this library that made the
    call.
    """
    events = sys.modules.get("asyncio.events")
    if events is None or events._get_running_loop() is None:  # noqa: SLF001 - the public one raises, which costs more
        return
    level, frame = 1, sys._getframe()  # noqa: SLF001 - there is no other way
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    message = f"{call}() blocks the event loop that runs here; await {call}_async() instead"
    warnings.warn(message, BlockingCall, stacklevel=level)
