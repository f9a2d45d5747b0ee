"""A program with a loop of its own, for tests that kill it: writes down each task that it gets, and how it settles it.

Called with the URL of a Redis, the file of its history, and how many tasks to hold at a time.
"""

import os
import sys
import threading
from pathlib import Path

from redisched import Scheduler
from redisched.errors import LeaseNotHeld

LEASE_S = 2.0
WORK_S = 0.01


def main(url: str, history: str, most: int) -> None:
    """Pull until the process is killed."""
    app = Scheduler(url)
    with Path(history).open("a", buffering=1, encoding="utf-8") as file:
        while True:
            with app.claim("mail", n=most, lease=LEASE_S, wait=5) as leases:
                for lease in leases:
                    line = f"{os.getpid()} {lease.task.id} {lease.fence}\n"
                    file.write(f"start {line}")
                    threading.Event().wait(WORK_S)
                    try:
                        lease.ack()
                    except LeaseNotHeld:
                        file.write(f"refused {line}")
                    else:
                        file.write(f"ack {line}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
