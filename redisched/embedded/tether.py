"""Become another program that receives a signal when its parent dies: tether.py SIGNAL PARENT_PID PROGRAM ARGUMENTS...

The parent starts this script, which requests the signal and then replaces itself by the program (exec). The other way,
`preexec_fn` of subprocess, can deadlock if the parent has threads. The script imports no module of redisched.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Replace this process by the program. Return, so that the process ends, only if the parent is dead already."""
    signal_number, parent_pid, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number)
    # If the parent died before the call above, the kernel will not send the signal.
    if os.getppid() == parent_pid:
        os.execv(program, sys.argv[3:])


if __name__ == "__main__":
    main()
