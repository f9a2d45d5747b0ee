"""`redisched new` writes an application that runs, and touches nothing that is there."""

from pathlib import Path

import pytest

from redisched import testing
from redisched.cli.application import load_scheduler
from tests.cli.commands import run


def test_the_written_application_runs_its_schedule(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = run("new", "written_first")

    assert written.exit_code == 0
    assert "Written: written_first.py\n" in written.stdout
    assert "redisched dev written_first:app\n" in written.stdout
    monkeypatch.syspath_prepend(project)
    app = load_scheduler("written_first:app")
    with testing.worker(app) as worker:
        assert worker.advance(60) == 12
        assert app.enqueue("written_first.greet", "Grace").result() == "hello, Grace"


@pytest.mark.parametrize("name", ["shop.py", "my-shop", "1st", "class", "", "käse", "a/b", "../a", "\x1b[31m"])
def test_a_name_that_python_cannot_import_is_refused(project: Path, name: str) -> None:
    refused = run("new", name)

    assert refused.exit_code == 2
    assert "give a name that Python can import" in refused.stderr
    assert "\x1b" not in refused.stderr
    assert [path.name for path in project.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize("name", ["json", "redisched", "sys"])
def test_a_name_of_another_module_is_refused(project: Path, name: str) -> None:
    refused = run("new", name)

    assert refused.exit_code == 2
    assert f"there is a module '{name}' already" in refused.stderr
    assert not (project / f"{name}.py").exists()


@pytest.mark.parametrize(("name", "said"), [("dangling", "File exists"), ("a" * 300, "File name too long")])
def test_a_file_that_cannot_be_made_is_one_sentence(project: Path, name: str, said: str) -> None:
    Path("dangling.py").symlink_to("nosuch")

    refused = run("new", name)

    assert refused.exit_code == 2
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_file_or_folder_that_exists_is_left_alone(project: Path) -> None:
    (project / "shop.py").write_text("mine")
    (project / "fleet").mkdir()

    assert (run("new", "shop").exit_code, run("new", "fleet").exit_code) == (2, 2)
    assert (project / "shop.py").read_text() == "mine"
    assert not (project / "fleet.py").exists()
