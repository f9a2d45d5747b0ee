"""Scripts are loaded, completed with their includes, and have the digest that the server computes."""

import os
import resource
from hashlib import sha1
from pathlib import Path
from typing import NoReturn

import pytest

from redisched.store import scripts
from redisched.store.broker import Broker
from redisched.store.scripts import expand, load_script, read_library, read_scripts, script_names

pytestmark = pytest.mark.differs_by_server

FOLDER = Path(__file__).resolve().parents[2] / "scripts"
NAMES = sorted(
    path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.lua") if path.parent.name != "lib"
)


def library_text(name: str) -> str:
    return (FOLDER / "lib" / f"{name}.lua").read_text()


def includes_of(source: str) -> list[str]:
    return [line.removeprefix("-- include: ") for line in source.splitlines() if line.startswith("-- include: ")]


def digest(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_every_include_is_replaced_by_its_text(name: str) -> None:
    script = load_script(name)
    source = (FOLDER / f"{name}.lua").read_text()

    assert "-- include:" not in script.flagged
    wanted = includes_of(source)
    for included in wanted:
        wanted += [name for name in includes_of(library_text(included)) if name not in wanted]
        for line in library_text(included).splitlines():
            # A function that nothing calls is left out.
            assert script.plain.splitlines().count(line) <= 1 or not line.startswith("local")


@pytest.mark.parametrize("name", NAMES)
def test_the_plain_version_differs_only_by_the_line_of_flags(name: str) -> None:
    script = load_script(name)

    assert script.flagged.startswith("#!lua")
    assert script.flagged.partition("\n")[2] == script.plain
    assert (script.flagged_sha, script.plain_sha) == (digest(script.flagged), digest(script.plain))


@pytest.mark.parametrize("name", NAMES)
def test_the_server_compiles_each_script_and_computes_the_same_digest(broker: Broker, name: str) -> None:
    script = load_script(name)

    loaded = broker.client().perform(("SCRIPT", "LOAD", script.plain))

    assert loaded.decode() == script.plain_sha


def test_the_file_of_a_script_is_read_once() -> None:
    assert load_script("ack") is load_script("ack")


def test_once_all_are_read_no_script_needs_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("no free file descriptor")

    read_scripts()
    monkeypatch.setattr(Path, "read_text", refuse)

    assert [load_script.__wrapped__(name).name for name in NAMES] == list(NAMES)


def test_without_a_free_descriptor_nothing_is_taken_for_read() -> None:
    used = [os.open(os.devnull, os.O_RDONLY)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used[0], hard))
    try:
        for read in (read_library.__wrapped__, script_names):
            with pytest.raises(OSError, match="Too many open files"):
                read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(used[0])


def test_an_unknown_script_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        load_script("no-such-script")


def test_a_package_without_its_scripts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "_FOLDERS", (tmp_path / "_lua", tmp_path / "scripts"))

    with pytest.raises(FileNotFoundError, match="reinstall redisched"):
        load_script.__wrapped__("ack")


def test_scripts_in_the_package_are_used_before_those_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = tmp_path / "_lua"
    carried.mkdir()
    (carried / "ack.lua").write_text("#!lua\nreturn 1\n")
    monkeypatch.setattr(scripts, "_FOLDERS", (carried, FOLDER))

    assert load_script.__wrapped__("ack").plain.endswith("\nreturn 1\n")


def test_unused_functions_and_those_that_only_they_call_are_left_out() -> None:
    library = {
        "used": "local function used()\n  return 1\nend\n",
        "spare": "-- include: deep\nlocal function spare()\n  return deep()\nend\n",
        "deep": "local function deep()\n  return 2\nend\n",
    }

    script = expand("any", "-- include: used\n-- include: spare\n-- spare is only talked of\nreturn used()\n", library)

    assert "function used" in script.plain
    assert "function spare" not in script.plain
    assert "function deep" not in script.plain
