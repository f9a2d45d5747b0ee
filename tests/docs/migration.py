"""A page about moving to redisched: its code side by side, and what it names."""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import click
import pytest

from redisched.cli.main import cli
from tests.house.checkout import ROOT

FOLDER = ROOT / "docs" / "migration"
_BLOCK = re.compile(r'^```python title="(\w+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"`redisched ([a-z][^`]*)`")


@dataclass(frozen=True)
class Section:
    """The code below a heading; the title of a block says whose it is."""

    title: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]


class MigrationPage:
    """A page of docs/migration, whose blocks with the title `redisched` are one program."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.md"
        self.text = self.path.read_text(encoding="utf-8")
        self.sections = [_section(part) for part in self.text.split("\n## ")[1:]]
        self.with_code = [section for section in self.sections if section.ours]
        self.program = "\n\n".join(block for section in self.sections for block in section.ours)

    @contextmanager
    def loaded(self, folder: Path) -> Iterator[ModuleType]:
        """The program as the module shop, which nothing else is called meanwhile."""
        (folder / "shop.py").write_text(self.program)
        sys.path.insert(0, str(folder))
        sys.modules.pop("shop", None)
        importlib.invalidate_caches()
        try:
            yield importlib.import_module("shop")
        finally:
            sys.path.remove(str(folder))
            sys.modules.pop("shop", None)

    @contextmanager
    def on_server(self, url: str, folder: Path) -> Iterator[ModuleType]:
        """As `loaded`, with its application on the Redis of a URL. It is closed at the end."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REDISCHED_URL", url)
            with self.loaded(folder) as module:
                # It looks for its Redis now: within a test the variable is not there.
                assert module.app.broker.client().perform(("PING",))
                yield module
                module.app.close()

    def right_cells(self, title: str) -> list[str]:
        """The cells of the right column of the tables below a heading, without their heads."""
        body = self.text.split(f"\n## {title}\n")[1].split("\n## ")[0]
        rows = [line.strip("|").split(" | ") for line in body.splitlines() if line.startswith("| ")]
        return [row[-1] for row in rows[1:]]

    def unknown_commands(self) -> list[str]:
        """The commands on the page that redisched does not have, or whose options it does not have."""
        return [words for words in _COMMAND.findall(self.text) if not is_command(words)]


def is_command(text: str) -> bool:
    """Whether these words are a command of redisched with options that it has."""
    command: click.Command = cli
    context = click.Context(cli)
    words = text.split()
    while isinstance(command, click.Group) and words:
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    known = {flag for parameter in command.params for flag in parameter.opts}
    return all(word in known for word in words if word.startswith("-"))


def worker_flags(column: list[str]) -> list[str]:
    """The flags in cells of a table."""
    return [flag for cell in column for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", cell)]


def _section(part: str) -> Section:
    title, _, body = part.partition("\n")
    blocks = _BLOCK.findall(body)
    return Section(
        title=title,
        theirs=tuple(code for whose, code in blocks if whose != "redisched"),
        ours=tuple(code for whose, code in blocks if whose == "redisched"),
    )
