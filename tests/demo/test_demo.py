"""The demo as a user runs it: no task is lost, and no file or process is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from redisched.demo.stage import _ended_by_signals
from tests.waiting import wait_until


def test_the_demo_keeps_every_guarantee_and_leaves_no_folder(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "redisched", "demo", "--json", "--tasks", "300"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )

    assert shown.returncode == 0, shown.stdout + shown.stderr
    summary = json.loads(shown.stdout)
    assert summary["enqueued"] == 300
    assert summary["succeeded"] + summary["dead"] == 300
    assert summary["lost"] == 0
    assert summary["double_charges"] == 0
    assert summary["lateness_ms"]["early"] == 0
    assert summary["mails_received"] == summary["kinds"]["mail"]
    # The kill hits running tasks, and each is recovered.
    assert summary["recovered"] >= 1
    assert summary["taken_back"] >= summary["recovered"]
    # The gateway fails as often as planned.
    assert summary["retried"] > 0
    assert summary["dead"] > 0
    assert [path for path in tmp_path.glob("redisched-*") if "demo" in path.name] == []


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_leaves_no_process_and_no_folder(
    tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    # Enough tasks that the demo cannot end by itself before it is interrupted, even on a busy machine.
    demo = subprocess.Popen(
        [sys.executable, "-m", "redisched", "demo", "--tasks", "20000"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "succeeded" in line:
            break
    demo.send_signal(number)
    demo.communicate(timeout=60)
    assert demo.returncode == exit_code
    wait_until(lambda: _living(demo.pid) == [], "every process of the demo's session has ended", timeout_s=30.0)
    # The folder of sockets belongs to the user and stays; its contents are removed.
    assert [path for path in tmp_path.glob("redisched-*") if not path.name.endswith(f"-{os.getuid()}")] == []
    assert list(tmp_path.glob("redisched-*/private-*")) == []


def _living(session: int) -> list[str]:
    """Processes of a session that have not ended."""
    living = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, of_session, *_ = rest.split()
        if int(of_session) == session and state != "Z":
            living.append(name)
    return living


def test_too_few_tasks_are_refused_before_anything_starts(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "redisched", "demo", "--tasks", "3"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "tasks" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_signal_whose_exception_is_lost_still_ends_the_demo() -> None:
    """As a signal during a garbage collection, where a raised exception is dropped."""
    with _ended_by_signals() as heed:
        heed()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heed()
