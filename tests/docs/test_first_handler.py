"""The first lines of the README, followed as they stand: they end with a handler's run on the dashboard."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.house.checkout import ROOT
from tests.waiting import wait_until
from tests.web.page.tab import browser, tab

pytestmark = [pytest.mark.measured, pytest.mark.timeout(400)]

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^    (.+)$", README.split("## Your first handler\n")[1].split("```")[0], re.MULTILINE)
OF_THE_CALLER = ("REDISCHED_URL", "REDISCHED_PREFIX", "PYTHONPATH", "VIRTUAL_ENV")


def started(folder: Path) -> "subprocess.Popen[bytes]":
    """Follow the lines, with this checkout in the place of a clone; their output goes to a file."""
    clone, *others = LINES
    assert clone == "git clone URL_OF_THIS_REPOSITORY redisched"
    (folder / "redisched").symlink_to(ROOT)
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLER}
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            ("bash", "-e", "-c", "\n".join(others)),
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of the dashboard that the last line prints."""
    process = started(tmp_path)

    def printed() -> str:
        said = (tmp_path / "output").read_text()
        assert process.poll() is None, said
        found = re.search(r"The dashboard is at (http://127\.0\.0\.1:\d+)/ ", said)
        return found[1] if found else ""

    try:
        yield wait_until(printed, "the dashboard has told its address", timeout_s=300)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def test_three_lines_lead_to_a_run_on_the_dashboard(address: str) -> None:
    assert len(LINES) == 3
    found = quote("name:hello.greet state:succeeded")

    def runs() -> bool:
        with urlopen(f"{address}/api/v1/tasks?filter={found}") as answer:
            return bool(json.load(answer)["tasks"])

    wait_until(runs, "the handler has run", timeout_s=60)
    with browser() as chromium, tab(chromium, address) as opened:
        opened.open(f"#/tasks?filter={found}", "Tasks")
        opened.sees("hello.greet@")
        opened.check()
