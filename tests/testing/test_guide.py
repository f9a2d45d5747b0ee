"""The application and the tests that the guide to testing prints run as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.house.checkout import ROOT

GUIDE = (ROOT / "docs" / "guides" / "testing.md").read_text(encoding="utf-8")
APPLICATION, *TESTS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(SETTINGS,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
CLEARED = """

@pytest.fixture(autouse=True)
def nothing_sent() -> None:
    shop.sent.clear()
"""


def test_the_tests_printed_in_the_guide_pass(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    (tmp_path / "test_shop.py").write_text("\n\n".join(TESTS) + CLEARED)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "redisched.testing.plugin")

    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        check=False,
        text=True,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(re.findall('def test_', GUIDE))} passed" in run.stdout
