"""No file contains the marks of an unresolved merge, not even a text that no program reads."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.house.checkout import ROOT, files, name_of

_MARK = re.compile(r"^(?:<{7}|\|{7}|>{7}) ", re.MULTILINE)


def undone(paths: Iterable[Path]) -> Iterator[Path]:
    """The files with both sides of a conflict."""
    return (path for path in paths if _MARK.search(path.read_text()))


def test_no_file_has_an_unresolved_merge() -> None:
    texts = [path for suffix in (".md", ".py", ".lua", ".json") for path in files(suffix)]
    at_the_top = [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml", ".yml"}]

    assert len(at_the_top) >= 4
    assert [name_of(path) for path in undone([*at_the_top, *texts])] == []


def test_an_unresolved_merge_is_found(tmp_path: Path) -> None:
    text = tmp_path / "text.md"
    text.write_text("one\n" + "<" * 7 + " HEAD\ntwo\n" + "=" * 7 + "\nthree\n" + ">" * 7 + " other\n")

    assert list(undone([text])) == [text]
