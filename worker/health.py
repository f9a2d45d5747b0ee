"""Tells whether the worker of this container is healthy: `python -m worker.health` exits with 0 or 1.

The supervisor touches its health file while Redis answers every worker process; an old file means one that does not.
"""

import os
import sys
import time
from pathlib import Path

from worker.settings import health_file_from

LONGEST_AGE_S = 10.0


def describe(file: Path, now_s: float) -> tuple[bool, str]:
    """Whether a health file is fresh at a moment of the wall clock, and a sentence about it."""
    try:
        age_s = now_s - file.stat().st_mtime
    except FileNotFoundError:
        return False, f"{file} is not there: no worker has been in contact with Redis"
    return age_s <= LONGEST_AGE_S, f"{file} is {age_s:.1f} s old; up to {LONGEST_AGE_S:g} s is healthy"


def main() -> int:
    """Print the sentence; 0 if healthy, else 1."""
    healthy, sentence = describe(health_file_from(os.environ), time.time())
    sys.stdout.write(f"{sentence}\n")
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main())
