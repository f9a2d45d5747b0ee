"""The guide to OpenTelemetry is true: its program prints the shown spans, and its tables match the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.tracing import SpanRelation, names
from redisched.tracing.outcomes import AttemptOutcome
from tests.cli.commands import environment
from tests.docs.guide import Guide
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

GUIDE = Guide("opentelemetry")


def test_the_program_and_the_worker_print_what_the_guide_says(tmp_path: Path) -> None:
    with Server() as server:
        program = GUIDE.start(tmp_path, server.url)
        worker = subprocess.Popen(
            (sys.executable, "-m", "redisched", "worker", "shop:app"),
            cwd=tmp_path,
            env=environment(REDISCHED_URL=server.url),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            printed, _ = program.communicate(timeout=60)
        finally:
            worker.terminate()
        processed, _ = worker.communicate(timeout=60)
        wait_until(lambda: worker.poll() is not None, "the worker has stopped")

    assert printed == GUIDE.printed
    assert processed == "".join(line.strip() + "\n" for line in re.findall(r"^    .*$", told_of_worker(), re.MULTILINE))


def told_of_worker() -> str:
    return GUIDE.text.split("those of its own:\n")[1].split("\n`ask")[0]


def test_the_table_has_every_attribute() -> None:
    cells = re.findall(r"^\| (`(?:messaging|redisched|error)\..*?) \|", GUIDE.text, re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)}

    ours = {value for name, value in vars(names).items() if name.isupper() and "." in value}
    assert told == ours


def test_the_guide_has_every_outcome_and_both_relations() -> None:
    (told,) = re.findall(r"^The outcomes are .*$", GUIDE.text, re.MULTILINE)

    assert set(re.findall(r"`([\w ]+)`", told)) == set(AttemptOutcome)
    assert f'relation="{SpanRelation.PARENT}"' in GUIDE.text
