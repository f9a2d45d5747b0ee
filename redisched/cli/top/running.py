"""Runs the view on this terminal until it is left, and leaves the terminal as it was."""

import asyncio
import os
import signal
from collections.abc import Callable

from redisched.cli.top.app import TopApp
from redisched.cli.top.context import TopContext

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_top(context: TopContext) -> int:
    """Show the view; answers the exit code, which for a signal is 128 and its number, as shells have it."""
    return asyncio.run(_run(context))


async def _run(context: TopContext) -> int:
    if not os.environ.get("NO_COLOR", "unset"):
        # An empty value does not count (no-color.org), but the library counts it.
        del os.environ["NO_COLOR"]
    app = TopApp(context)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, _ending(app, number))
    try:
        # Without the mouse, the terminal itself can select and copy an id.
        await app.run_async(mouse=False)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        await context.keyspace.scheduler.close_async()
    return app.return_code or 0


def _ending(app: TopApp, number: signal.Signals) -> Callable[[], None]:
    return lambda: app.exit(return_code=128 + number)
