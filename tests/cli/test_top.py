"""`redisched top` says what it needs before it draws anything."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.commands import environment, run, run_on_terminal


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'textual' else found(name, *more)\n"
    )
    here = environment()
    here["PYTHONPATH"] = f"{tmp_path}:{here['PYTHONPATH']}"
    finished = subprocess.run(
        (sys.executable, "-m", "redisched", "top"), env=here, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert "pip install 'redisched[top]'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_without_a_terminal_it_names_the_commands_that_need_none() -> None:
    refused = run("top", "--url", "redis://127.0.0.1:1/0")
    assert refused.exit_code == 2
    assert "redisched queue ls --watch" in refused.stderr


def test_redis_is_asked_once_a_second_at_most() -> None:
    refused = run("top", "--every", "500ms")
    assert refused.exit_code == 2
    assert "once in 1 s at most" in refused.stderr


def test_what_it_refuses_leaves_the_terminal_alone() -> None:
    ours, theirs = pty.openpty()
    try:
        for words, variables, sentence in (
            (("--redact", "-"), {}, "a name with letters or digits"),
            ((), {"TERM": "dumb"}, "top needs a terminal"),
            ((), {"PYTHONIOENCODING": "latin-1"}, "a terminal with UTF-8"),
            (("--url", "redis://:secret@127.0.0.1:1/0?nonsense=1"), {}, "it has an unknown option"),
        ):
            process = subprocess.Popen(
                (sys.executable, "-m", "redisched", "top", *words),
                env=environment(**{"TERM": "xterm", "LANG": "C.UTF-8", **variables}),
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
            assert process.wait() == 2
            printed = os.read(ours, 65_536).decode()
            assert sentence in " ".join(printed.split())
            assert "\x1b[?1049h" not in printed
            assert "secret" not in printed
    finally:
        os.close(theirs)
        os.close(ours)


def test_a_command_without_a_standard_input_has_no_terminal() -> None:
    assert "top needs a terminal" in run_on_terminal("top")


def test_help_does_not_load_what_draws() -> None:
    script = "import sys, redisched.cli.commands.top; print([one for one in ('textual', 'rich') if one in sys.modules])"
    finished = subprocess.run(
        (sys.executable, "-c", script), env=environment(), capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"
