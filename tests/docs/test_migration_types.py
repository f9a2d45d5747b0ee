"""What the pages about moving to redisched show is typed as a project with strict mypy demands."""

from pathlib import Path

import pytest

from tests.docs.migration import FOLDER, MigrationPage
from tests.typing.checking import errors_in

pytestmark = [pytest.mark.measured, pytest.mark.timeout(300)]


def test_mypy_has_nothing_against_the_programs_of_the_pages(tmp_path: Path) -> None:
    pages = sorted(page.stem for page in FOLDER.glob("*.md"))
    assert len(pages) == 2
    for name in pages:
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(MigrationPage(name).program)

    errors, said = errors_in(tmp_path)

    assert errors == set(), said
