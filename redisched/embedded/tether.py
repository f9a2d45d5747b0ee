"""Become another program that receives a signal when its parent dies: tether.py SIGNAL PARENT_PID PROGRAM ARGUMENTS...

Run as a script between fork and exec, because code that runs there inside the parent (preexec_fn) can deadlock when the
parent has threads. It imports nothing of redisched, and is the same process as the program it becomes.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Become the program; return, ending this process, only when the parent is dead already."""
    signal_number, parent_pid, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number)
    # A parent that died before the call above sends nothing any more.
    if os.getppid() == parent_pid:
        os.execv(program, sys.argv[3:])


if __name__ == "__main__":
    main()
