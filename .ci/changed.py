"""Whether the tests of bench, docs and examples (`-m measured`) have to run: where they, or what they measure, changed.

    python .ci/changed.py

Compares the checkout, with what is not committed, to where it left the main branch. Ends with 0 if the tests have to
run, also where that is not known, and with 1 if they may be left out.
"""

import subprocess
import sys
from collections.abc import Iterable

BASES = ("origin/main", "main")
MEASURED = (
    *("redisched/", "scripts/", "docs/", "examples/", "tests/bench/", "tests/docs/", "tests/examples/", "tests/web/"),
    *("tests/conftest.py", "tests/brokers.py", "pyproject.toml", "zensical.toml", ".ci/"),
)
NOT_MEASURED = ("redisched/demo/", "redisched/doctor/")


def have_to_run(changed: Iterable[str] | None) -> bool:
    """Whether one of the files that changed matters. None stands for not knowing which did."""
    return changed is None or any(name.startswith(MEASURED) and not name.startswith(NOT_MEASURED) for name in changed)


def changed_files() -> list[str] | None:
    """What is not as it was when the checkout left the main branch; None if it has not, or nobody knows."""
    head = _git("rev-parse", "HEAD")
    for name in BASES:
        base = _git("merge-base", "HEAD", name)
        if base and base != head:
            compared, untracked = _git("diff", "--name-only", *base), _git("ls-files", "-o", "--exclude-standard")
            return None if compared is None or untracked is None else [*compared, *untracked]
    return None


def _git(*words: str) -> list[str] | None:
    """The lines that git prints; None if it fails."""
    try:
        ended = subprocess.run(("git", *words), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return ended.stdout.splitlines() if ended.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(0 if have_to_run(changed_files()) else 1)
