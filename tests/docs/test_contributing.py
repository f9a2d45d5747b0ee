"""Everything that CONTRIBUTING.md names exists: the files of its lists, the names in these files, and the packages."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LISTS = (
    *("How to add an edge", "How to add an option", "How to add a command"),
    *("How to add a screen to the dashboard", "How to add a reason why tasks do not run"),
    "How to add a page to the documentation",
)
KINDS = {
    "<edge>": ROOT / "scripts",
    "<command>": ROOT / "redisched/cli/commands",
    "<screen>": ROOT / "redisched/web/page/screens",
}
"""The files that a name in brackets stands for: every file of a folder."""

_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w.<>/-]+/[\w.<>/-]*|[\w.-]+\.(?:md|toml|lua|py)|Makefile")
_NAMES = re.compile(r"((?:`\w+`(?:, | or | and |))+) in `([^`]+)`")


def section(title: str) -> str:
    """The text below a heading, up to the next."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def paths_in(text: str) -> Iterator[str]:
    """Every named path; a path with a name in brackets once for each file that it may stand for."""
    for word in _CODE.findall(text):
        if _PATH.fullmatch(word):
            (kind,) = [kind for kind in KINDS if kind in word] or [""]
            yield from _each(kind, word) if kind else [word]


def _each(kind: str, path: str) -> list[str]:
    return [
        path.replace(kind, file.stem)
        for file in sorted(KINDS[kind].iterdir())
        if file.stem[0] != "_" and file.is_file()
    ]


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """Each name that the page says is in a file, and the file."""
    for names, path in _NAMES.findall(text):
        yield from ((name, path) for name in _CODE.findall(names))


@pytest.mark.parametrize("title", LISTS)
def test_every_path_in_a_list_exists(title: str) -> None:
    paths = list(paths_in(section(title)))

    assert len(paths) >= 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_path_on_the_page_exists() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE)

    assert links
    assert [path for path in [*paths_in(PAGE), *links] if not (ROOT / path).exists()] == []


def test_every_name_is_in_the_file_where_the_page_says() -> None:
    named = list(names_in(PAGE))

    assert len(named) >= 15
    assert [(name, path) for name, path in named if not re.search(rf"\b{name}\b", (ROOT / path).read_text())] == []


def test_the_map_has_every_package_in_the_order_of_the_contract() -> None:
    mapped = re.findall(r"^\| `redisched/(\w+)/` \|", PAGE, re.MULTILINE)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.findall(r"\w+", layer) for layer in contracts[0]["layers"]]
    packages = {path.parent.name for path in (ROOT / "redisched").glob("*/__init__.py")}

    assert mapped == [name for layer in layers for name in layer if name in packages]
    assert set(mapped) == packages


def test_a_path_that_does_not_exist_is_noticed() -> None:
    text = "1. `scripts/<edge>.lua`, and `NOTHING` or `Store` in `redisched/store/gone.py`; `make check`."

    assert [path for path in paths_in(text) if not (ROOT / path).exists()] == ["redisched/store/gone.py"]
    assert "scripts/bury.lua" in list(paths_in(text))
    assert list(names_in(text)) == [("NOTHING", "redisched/store/gone.py"), ("Store", "redisched/store/gone.py")]


def test_readme_links_to_contributing() -> None:
    assert "(CONTRIBUTING.md)" in Path(ROOT / "README.md").read_text(encoding="utf-8").splitlines()[-1]
