"""mypy with the settings of this project, on programs that a test has written."""

import re
from pathlib import Path

import mypy.api

from tests.house.checkout import ROOT

Errors = set[tuple[str, int, str]]


def errors_in(folder: Path) -> tuple[Errors, str]:
    """What mypy finds in the programs of a folder, and what it says."""
    paths = [str(path) for path in sorted(folder.glob("*.py"))]
    settings = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(folder))
    said, complaints, _ = mypy.api.run([*settings, *paths])
    assert complaints == ""
    errors = re.finditer(r"(\w+\.py):(\d+): error: .*\[([a-z-]+)\]$", said, re.MULTILINE)
    return {(error[1], int(error[2]), error[3]) for error in errors}, said
