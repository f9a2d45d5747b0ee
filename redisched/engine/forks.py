"""Ends processes that a handler has forked: such a copy must not go on as a second worker with the same leases.

`os.fork()` in a handler copies the worker with its event loop and its connections. The copy may run the rest of the
handler. Once it leaves the handler, by returning, by raising (also SystemExit) or by awaiting, it is ended.
"""

import os
import sys
import traceback

_fork = False


def is_fork() -> bool:
    """Whether this process is a copy of a worker, made by a fork in a handler."""
    return _fork


def begin_process() -> None:
    """Mark this process as one of redisched's own though it was forked, such as that of an isolated handler."""
    global _fork  # noqa: PLW0603 - one process, one answer
    _fork = False


def end_fork(error: BaseException | None) -> None:
    """End this process with the exit code that Python gives a program which ends with this error."""
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


class ForkBorder:
    """Code of a user runs inside of it; a copy of this process that it has forked ends where it leaves it."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if _fork:
            end_fork(error)


FORK_BORDER = ForkBorder()


def _forked() -> None:
    global _fork  # noqa: PLW0603
    _fork = True


os.register_at_fork(after_in_child=_forked)
