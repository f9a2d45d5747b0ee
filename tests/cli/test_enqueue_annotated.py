"""On the command line, arguments of annotated handlers are texts and JSON."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, run_process

PROGRAM = """
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from redisched import Scheduler

app = Scheduler()


class Color(Enum):
    RED = "red"


@dataclass
class Box:
    size: int
    color: Color


@app.task(name="paint", unique="{where}")
def paint(box: Box, where: Path, within: timedelta = timedelta(0)) -> None: ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(PROGRAM)
    return tmp_path


def enqueue(folder: Path, url: str, *words: str) -> "tuple[int, str]":
    typed = run_process("enqueue", "paint", *words, "--app", "shop:app", "--url", url, cwd=folder)
    return typed.returncode, typed.stdout + typed.stderr


def test_texts_and_json_are_read_as_annotated(command: CommandLine, url: str, folder: Path) -> None:
    words = ('{"size": 3, "color": "RED"}', "/tmp/box", "--kwarg", "within=1.5h", "--id", "one")
    code, said = enqueue(folder, url, *words)

    assert code == 0, said
    record = command.record("task", "show", said.split()[0])
    assert record["args"] == [{"size": 3, "color": "red"}, "/tmp/box"]
    assert record["kwargs"] == {"within": "5400s"}
    shown = command.output("task", "show", said.split()[0])
    assert '{"size": 3, "color": "red"}, "/tmp/box", within="5400s"' in shown


def test_what_is_not_as_annotated_is_refused(url: str, folder: Path) -> None:
    code, said = enqueue(folder, url, json.dumps({"size": "x", "color": "red"}), "/tmp/box")

    assert code == 2
    assert "box of paint" in said
    assert "at .size: int expected, and str 'x' came" in said


CODEC = """
import json
from redisched import Scheduler


class Json:
    name = "json 1"

    def encode(self, value):
        return json.dumps(value)

    def decode(self, encoded, annotation):
        return json.loads(encoded)


app = Scheduler(codec=Json())


@app.task(name="paint")
def paint(box) -> None: ...
"""


def test_a_codec_of_the_application_is_used_and_shown(command: CommandLine, url: str, folder: Path) -> None:
    (folder / "shop.py").write_text(CODEC)
    code, said = enqueue(folder, url, "[1]", "--id", "one")

    assert code == 0, said
    record = command.record("task", "show", "one")
    assert (record["args"], record["codec"]) == (["[1]"], "json 1")
    assert "json 1" in command.output("task", "show", "one")
