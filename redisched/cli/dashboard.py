"""The dashboard beside another command, in a process of its own."""

import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from redisched.cli.tied_process import start_tied

DEFAULT_PORT = 8780
NEEDED = ("starlette", "uvicorn")
"""The modules that the extra `web` installs."""
_HERE = "127.0.0.1"


@contextmanager
def dashboard(
    port: int, prefix: str | None, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Iterator[None]:
    """Serve the dashboard on this machine during a block. It prints its address; if the port is taken, it is another.

    Without the extra `web` there is none, which `tell` is told.
    """
    if any(find_spec(name) is None for name in NEEDED):
        tell("There is no dashboard without the extra `web`: pip install 'redisched[web]'")
        yield
        return
    command = [sys.executable, "-m", "redisched", "web", "--port", str(port if _is_free(port) else 0)]
    process = start_tied([*command, *(() if prefix is None else ("--prefix", prefix))], environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_HERE, port)).close()
    except OSError:
        return False
    return True
