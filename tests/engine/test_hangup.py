"""A SIGHUP of a terminal that is closed is told from one that somebody sends."""

import os
import pty
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import fcntl, os, signal, termios
from redisched.engine.hangup import ControllingTerminal

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
terminal = ControllingTerminal()
signal.signal(signal.SIGHUP, lambda *_: os._exit(3 if terminal.has_hung_up() else 4))
os.write(1, b"ready")
signal.pause()
"""


@pytest.mark.parametrize(("how", "code"), [("closed", 3), ("sent", 4)])
def test_a_closed_terminal_is_noticed(how: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=theirs, stdout=subprocess.PIPE, start_new_session=True
    )
    os.close(theirs)
    assert process.stdout is not None
    assert process.stdout.read(5) == b"ready"
    if how == "closed":
        os.close(ours)
    else:
        process.send_signal(signal.SIGHUP)

    assert process.wait(10) == code
    process.stdout.close()
    if how == "sent":
        os.close(ours)
