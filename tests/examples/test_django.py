"""The Django project in `examples/django` does what its README says."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from redisched.chaos import Server
from redisched.embedded.free_port import find_free_port
from tests.cli.commands import environment
from tests.waiting import wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "django"

pytestmark = pytest.mark.measured


@contextmanager
def running(folder: Path, url: str, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A command of manage.py that runs until the block ends."""
    here = environment(REDISCHED_URL=url)
    process = subprocess.Popen((sys.executable, "manage.py", *words), cwd=folder, env=here)
    try:
        yield process
    finally:
        process.terminate()
        wait_until(lambda: process.poll() is not None, f"{words} has ended")


def answer(url: str, method: str = "GET") -> "dict[str, object] | None":
    """What a page answers; None if nobody does."""
    try:
        with urlopen(Request(url, method=method), timeout=5) as response:
            read: dict[str, object] = json.load(response)
            return read
    except URLError:
        return None


def test_an_order_gets_its_receipt_and_an_edited_handler_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "django"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.sqlite3", ".redisched", "__pycache__"))
    site = f"http://127.0.0.1:{find_free_port()}"
    with Server() as server:
        migrate = (sys.executable, "manage.py", "migrate", "--run-syncdb")
        subprocess.run(migrate, cwd=folder, env=environment(REDISCHED_URL=server.url), check=True)
        with (
            running(folder, server.url, "redisched", "worker"),
            running(folder, server.url, "runserver", "--noreload", site.removeprefix("http://")),
        ):
            wait_until(lambda: answer(f"{site}/orders?customer=Ada", "POST") is not None, "an order is taken")
            sent = {"customer": "Ada", "is_receipt_sent": True}
            wait_until(lambda: answer(f"{site}/orders/1") == sent, "its receipt is sent")

            counting = answer(f"{site}/count", "POST")
            assert counting is not None
            counted = {"status": "SUCCESSFUL", "receipts": 1}
            wait_until(lambda: answer(f"{site}/count/{counting['task']}") == counted, "the receipts are counted")

            handlers = folder / "shop" / "tasks.py"
            handlers.write_text(handlers.read_text().replace("is_receipt_sent=True).count()", "id__gt=0).count() + 41"))

            def count_again() -> bool:
                again = answer(f"{site}/count", "POST")
                assert again is not None
                shown: list[object] = []

                def is_counted() -> bool:
                    shown[:] = [answer(f"{site}/count/{again['task']}")]
                    return shown != [{"status": "READY", "receipts": None}]

                wait_until(is_counted, "it is counted")
                return shown == [{"status": "SUCCESSFUL", "receipts": 42}]

            wait_until(count_again, "the worker runs the edited handler")
