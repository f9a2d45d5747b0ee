"""However a program is started, its handlers have the names by which a worker finds them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = """
from redisched import Scheduler
app = Scheduler()

@app.task
def send(): ...

if __name__ == "__main__":
    print(send.name)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """`src/pkg/sub/jobs.py`, and a script beside the package."""
    package = tmp_path / "src" / "pkg" / "sub"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "jobs.py").write_text(JOBS)
    (package.parent / "__main__.py").write_text(JOBS)
    (tmp_path / "src" / "script.py").write_text(JOBS)
    return tmp_path


def printed_by(*words: str, cwd: Path, standard_input: str | None = None) -> tuple[str, str]:
    finished = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        input=standard_input,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return finished.stdout.split()[0], finished.stderr


@pytest.mark.parametrize(
    ("words", "folder", "name"),
    [
        (["src/pkg/sub/jobs.py"], ".", "pkg.sub.jobs.send"),
        (["pkg/sub/jobs.py"], "src", "pkg.sub.jobs.send"),
        (["jobs.py"], "src/pkg/sub", "pkg.sub.jobs.send"),
        (["../sub/jobs.py"], "src/pkg/sub", "pkg.sub.jobs.send"),
        (["-m", "pkg.sub.jobs"], "src", "pkg.sub.jobs.send"),
        (["-m", "pkg"], "src", "pkg.__main__.send"),
        (["script.py"], "src", "script.send"),
        (["-m", "script"], "src", "script.send"),
        (["-m", "cProfile", "pkg/sub/jobs.py"], "src", "pkg.sub.jobs.send"),
        (["-c", "import runpy; runpy.run_path('pkg/sub/jobs.py', run_name='__main__')"], "src", "pkg.sub.jobs.send"),
    ],
)
def test_a_program_and_a_worker_give_handlers_the_same_names(
    project: Path, words: list[str], folder: str, name: str
) -> None:
    assert printed_by(*words, cwd=project / folder)[0] == name


@pytest.mark.parametrize(("words", "standard_input"), [(["-c", JOBS], None), ([], JOBS)], ids=["-c", "stdin"])
def test_a_handler_that_no_worker_can_import_causes_a_warning(
    tmp_path: Path, words: list[str], standard_input: str | None
) -> None:
    name, warned = printed_by(*words, cwd=tmp_path, standard_input=standard_input)
    assert name == "__main__.send"
    assert "no worker can import handler __main__.send" in warned
