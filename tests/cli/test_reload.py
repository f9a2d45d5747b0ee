"""A change in the code of the application is noticed, and no other change."""

from pathlib import Path

import pytest

from redisched.cli.reload import changed_files, snapshot
from redisched.cli.source import folder_of
from redisched.errors import AppNotFound


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_python_files_are_watched(tmp_path: Path) -> None:
    watched = [write(tmp_path / "app.py"), write(tmp_path / "package" / "deep" / "tasks.py")]
    write(tmp_path / "notes.txt")
    write(tmp_path / ".git" / "hook.py")
    write(tmp_path / "__pycache__" / "app.py")
    write(tmp_path / "venv" / "pyvenv.cfg")
    write(tmp_path / "venv" / "lib" / "module.py")

    assert sorted(snapshot(tmp_path)) == sorted(watched)


def test_a_change_an_addition_and_a_removal_are_noticed(tmp_path: Path) -> None:
    same, changed, removed = (write(tmp_path / f"{name}.py") for name in ("same", "changed", "removed"))
    before = snapshot(tmp_path)

    write(changed, "x = 1")
    removed.unlink()
    added = write(tmp_path / "added.py")

    assert changed_files(before, snapshot(tmp_path)) == [added, changed, removed]
    assert same not in changed_files(before, snapshot(tmp_path))


def test_several_folders_are_watched_each_file_once(tmp_path: Path) -> None:
    watched = [write(tmp_path / "shop" / "app.py"), write(tmp_path / "mails" / "tasks.py")]

    assert sorted(snapshot(tmp_path / "shop", tmp_path / "mails")) == sorted(watched)
    assert len(snapshot(tmp_path, tmp_path / "mails")) == 2


def test_a_change_behind_a_symbolic_link_is_noticed(tmp_path: Path) -> None:
    shared = write(tmp_path / "elsewhere" / "shared" / "prices.py")
    single = write(tmp_path / "elsewhere" / "single.py")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shared").symlink_to(shared.parent)
    (folder / "single.py").symlink_to(single)
    before = snapshot(folder)

    write(shared, "price = 1")
    write(single, "x = 1")

    assert changed_files(before, snapshot(folder)) == [folder / "shared" / "prices.py", folder / "single.py"]


def test_a_project_that_is_a_symbolic_link_is_watched(tmp_path: Path) -> None:
    write(tmp_path / "real" / "app.py")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert list(snapshot(tmp_path / "link")) == [tmp_path / "link" / "app.py"]


def test_loops_of_links_and_broken_links_cause_no_error(tmp_path: Path) -> None:
    app = write(tmp_path / "app.py")
    write(tmp_path / "package" / "tasks.py")
    (tmp_path / "package" / "up").symlink_to(tmp_path)
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    (tmp_path / "itself.py").symlink_to(tmp_path / "itself.py")
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "nothing.py")
    (tmp_path / "again").symlink_to(tmp_path / "package")

    watched = snapshot(tmp_path)

    assert app in watched
    assert sorted(path.name for path in watched) == ["app.py", "tasks.py"]


@pytest.mark.parametrize("target", ["shop.tasks:app", "shop:app", "shop:create_app", "shop:create_app()"])
def test_the_folder_of_a_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    write(tmp_path / "shop" / "__init__.py", "raise RuntimeError('never imported')")
    monkeypatch.chdir(tmp_path)

    assert folder_of(target) == tmp_path / "shop"


def test_the_folder_of_a_module_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "shop.py", "def (")
    monkeypatch.chdir(tmp_path)

    assert folder_of("shop:app") == tmp_path


@pytest.mark.parametrize("target", ["shop", ":app", "shop:", "nosuch_module:app", "sys:app"])
def test_a_target_that_does_not_exist_is_refused(target: str) -> None:
    with pytest.raises(AppNotFound):
        folder_of(target)
