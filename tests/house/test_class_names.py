"""Two classes of the library never share a name, so that a class name is never ambiguous."""

import ast
from collections import defaultdict
from collections.abc import Mapping

import pytest

from tests.house.checkout import files, name_of


def classes_by_name(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The files that define each class, private and nested ones included, from the text of each file."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return dict(found)


def shared_names(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of more than one class, with the files that define them."""
    return {name: where for name, where in classes_by_name(sources).items() if len(where) > 1}


def test_no_two_classes_share_a_name() -> None:
    library = {name_of(path): path.read_text() for path in files(".py") if name_of(path).startswith("redisched/")}

    assert shared_names(library) == {}


@pytest.mark.parametrize(
    "second", ["class Slot: ...", "class Outer:\n    class Slot: ...", "if True:\n    class Slot: ..."]
)
def test_a_shared_name_is_noticed(second: str) -> None:
    assert shared_names({"one.py": "class Slot: ...", "two.py": second}) == {"Slot": ["one.py", "two.py"]}
