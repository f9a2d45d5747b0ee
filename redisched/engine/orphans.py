"""Reaps the processes whose parents have died, where this process is the first one, as in a container without an init.

The kernel hands such orphans to it. Nobody else would wait for them: they would stay as zombies until no new process
could be started.
"""

import os
from collections.abc import Set

_FIRST_PROCESS = 1


def reap_orphans(own: Set[int]) -> None:
    """Wait for every orphan that has ended. The processes of one's own, by their ids, are left to who started them."""
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
