"""Runs tests that failed once more, alone, and says so: three in one `.ci/run` at most, none but those that kill and
pause processes on processors which they share. Ends with 1 if a test fails again, or if any may not be repeated.

    python .ci/flaky.py TALLY

TALLY is a file with the names of the tests that were repeated before in this run.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 3
OF_PROCESSES = "tests/chaos/"
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(tally: Path) -> int:
    """Repeat what failed last; answers the exit code."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    before = tally.read_text().splitlines() if tally.exists() else []
    for test in failed:
        print(f"FLAKY {test}", flush=True)
    if not failed or len(before) + len(failed) > MOST:
        print(f"{len(failed)} tests failed after {len(before)} that were repeated; {MOST} may be, in one run")
        return 1
    others = [test for test in failed if not test.startswith(OF_PROCESSES)]
    if others:
        print(f"no test is repeated but those of {OF_PROCESSES}; not {', '.join(others)}")
        return 1
    tally.write_text("".join(f"{test}\n" for test in [*before, *failed]))
    repeated = [sys.executable, "-m", "pytest", "-n", "0", "-m", "", *failed]
    return subprocess.run(repeated, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
