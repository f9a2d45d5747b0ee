"""The application and the tests that the guide to breaking servers prints run as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "breaking-servers.md").read_text(encoding="utf-8")
APPLICATION, *TESTS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_tests_printed_in_the_guide_pass(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    (tmp_path / "test_shop.py").write_text("\n\n".join(TESTS))

    run = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout
