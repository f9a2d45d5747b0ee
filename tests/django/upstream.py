"""Runs Django's own tests of its task backends against the backend of redisched.

    python -m tests.django.upstream DJANGO_SOURCE

DJANGO_SOURCE is the unpacked source distribution of the Django that is installed. Its tests are copied, and in the copy
two backends are replaced, as `upstream_backends` says. The tests of backends that Django's tests define themselves are
left out, and those that `NOT_GENERIC` lists.
"""

import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

from redisched import testing
from redisched.django import app

NOT_GENERIC = {
    "test_cannot_get_result": "about a backend without results",
    "test_cannot_refresh_result": "about a backend without results",
    "test_cannot_pass_run_after": "about a backend without deferred tasks",
    "test_clear": "about a backend that keeps tasks in the memory of its process",
    "test_refresh_result": "changes a task in the memory of its process",
    "test_refresh_result_async": "changes a task in the memory of its process",
    "test_throws_keyboard_interrupt": "about a backend that runs tasks in the thread of the caller",
}
"""Tests of what another backend alone is, and why. Those of the same name in TaskTestCase are generic."""
_MODULES = ("test_dummy_backend", "test_immediate_backend", "test_tasks")
_REPLACED = ("django.tasks.backends.dummy", "django.tasks.backends.immediate")


def copy_tests(source: Path, folder: Path) -> None:
    """Copy Django's tests with the backends replaced."""
    (folder / "tasks").mkdir()
    for name in ("__init__", "tasks", *_MODULES):
        text = (source / "tests" / "tasks" / f"{name}.py").read_text(encoding="utf-8")
        for backend in _REPLACED:
            text = text.replace(backend, "tests.django.upstream_backends")
        (folder / "tasks" / f"{name}.py").write_text(text, encoding="utf-8")


def cases_of(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The tests of a suite."""
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from cases_of(one)
        else:
            yield one


def _is_left_out(name: str) -> bool:
    return name.rpartition(".")[2] in NOT_GENERIC and "TaskTestCase" not in name


def main(source: str) -> int:
    """Run them; answers how many failed."""
    with tempfile.TemporaryDirectory() as name, testing.worker(app):
        copy_tests(Path(source), Path(name))
        # Django's tests expect what is not the setting of ours: a task is there before the commit.
        app.registry.middleware.around_enqueue.clear()
        sys.path.insert(0, name)
        found = unittest.TestLoader().loadTestsFromNames([f"tasks.{module}" for module in _MODULES])
        all_of_them = list(cases_of(found))
        generic = [case for case in all_of_them if not _is_left_out(case.id())]
        ended = unittest.TextTestRunner().run(unittest.TestSuite(generic))
    failed = len(ended.failures) + len(ended.errors)
    passed, left_out = len(generic) - failed, len(all_of_them) - len(generic)
    sys.stdout.write(f"{passed} of {len(generic)} generic tests pass; {left_out} are about another backend alone\n")
    return failed


if __name__ == "__main__":
    (folder_of_source,) = sys.argv[1:]
    sys.exit(min(main(folder_of_source), 1))
