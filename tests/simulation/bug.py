"""How a bug is planted, and the promises that it must be caught by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from tests.chaos.mutant import Mutant
from tests.script_rewriting import rewrite_scripts
from tests.simulation.plan import Fault

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]
NONE: frozenset[Fault] = frozenset()


@dataclass(frozen=True, slots=True)
class Bug:
    """How to plant the bug, how the foul of its finding may begin, and the faults that it needs to show."""

    plant: Plant
    promises: tuple[str, ...]
    needs: frozenset[Fault]


def in_script(mutant: Mutant, *promises: str, needs: frozenset[Fault] = NONE) -> Bug:
    """A bug that replaces a passage of Lua."""
    return Bug(lambda monkeypatch: _rewrite(monkeypatch, mutant), promises, needs)


def in_method(owner: Any, name: str, instead: Any, *promises: str, needs: frozenset[Fault] = NONE) -> Bug:
    """A bug that replaces a method."""
    return Bug(lambda monkeypatch: monkeypatch.setattr(owner, name, instead), promises, needs)


def _rewrite(monkeypatch: pytest.MonkeyPatch, mutant: Mutant) -> None:
    rewrite_scripts(monkeypatch, mutant.rewrite)
