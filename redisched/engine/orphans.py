"""Reaps orphaned processes if this process is the first of the system, such as in a container without an init.

The kernel makes the first process the parent of processes whose parent has died. If it did not wait for them, they
would stay as zombies until no new process can be started.
"""

import os
from collections.abc import Set

_FIRST_PROCESS = 1


def reap_orphans(own: Set[int]) -> None:
    """Wait for every orphan that has ended. `own` are the ids of processes that this process has started itself, for
    which other code waits.
    """
    if os.getpid() != _FIRST_PROCESS:
        return
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in own:
            return
        os.waitpid(ended.si_pid, 0)
