"""The pages about moving to redisched: their programs are typed, and their numbers are those of the code."""

from pathlib import Path

import pytest

from redisched.config import Settings, WorkerSettings
from redisched.retry import DEFAULT_ATTEMPTS
from tests.docs.migration import FOLDER, MigrationPage
from tests.typing.checking import errors_in

# mypy starts with an empty cache.
pytestmark = [pytest.mark.measured, pytest.mark.timeout(300)]

PAGES = {page.stem: MigrationPage(page.stem) for page in sorted(FOLDER.glob("*.md"))}


def test_mypy_has_nothing_against_the_programs_of_the_pages(tmp_path: Path) -> None:
    assert len(PAGES) == 2
    for name, page in PAGES.items():
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(page.program)

    errors, said = errors_in(tmp_path)

    assert errors == set(), said


@pytest.mark.parametrize("name", PAGES)
def test_the_defaults_that_a_page_names_are_those_of_the_code(name: str) -> None:
    settings, worker = Settings(), WorkerSettings()
    cells = " ".join(PAGES[name].right_cells("What changes by itself"))

    for said in (
        f"else when its lease ends ({worker.lease_s:g} s)",
        f"it is tried [{DEFAULT_ATTEMPTS} times]",
        f"kept for {settings.retention_s / 60:g} minutes",
        f"for {settings.dead_retention_s / 86_400:g} days, whole",
    ):
        assert said in cells


def test_the_defaults_of_a_worker_that_the_page_for_celery_names_are_those_of_the_code() -> None:
    worker = WorkerSettings()
    cells = " ".join(PAGES["from-celery"].right_cells("What changes by itself"))

    assert f"what starts within {worker.window_ms:g} ms" in cells
    assert f"it waits {worker.grace_s:g} s (`--grace`)" in cells
