"""Ends what a handler forked: a copy of this process must not go on as a second worker with the same leases.

`os.fork()` in a handler copies the worker, its event loop and its connections. What the copy does itself is its own
affair; once it leaves the handler, by returning, by an exception such as that of `sys.exit`, or by awaiting something,
it ends as a program would.
"""

import os
import sys
import traceback

_fork = False


def is_fork() -> bool:
    """Whether this process is a copy that somebody forked of a worker."""
    return _fork


def begin_process() -> None:
    """Take this process for one of redisched's own, though it was forked, as those of isolated handlers are."""
    global _fork  # noqa: PLW0603 - one process, one answer
    _fork = False


def end_fork(error: BaseException | None) -> None:
    """End this copy with the exit code of a program that ends by this error."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
    elif error is not None:
        code = 1
        traceback.print_exception(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            code = code or 1
    os._exit(code & 0xFF)


def _forked() -> None:
    global _fork  # noqa: PLW0603
    _fork = True


os.register_at_fork(after_in_child=_forked)
