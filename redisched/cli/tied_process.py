"""Starts processes that end with this one."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from redisched.embedded import tether


def start_tied(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command in its own process group, so that Ctrl-C signals only this process.

    On Linux it receives SIGTERM if this process dies.
    """
    tied = (sys.executable, tether.__file__, str(int(signal.SIGTERM)), str(os.getpid()))
    return subprocess.Popen((*tied, *command), env=environment, stdin=subprocess.DEVNULL, process_group=0)
