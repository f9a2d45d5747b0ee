"""Users without some of the rights that redisched needs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos.server import Server
from redisched.doctor.finding import Level
from redisched.store.broker import connect
from redisched.store.operation import ScriptRunner
from redisched.store.rights import auditing, counting, explaining, needed, removing, telling
from tests.doctor.visits import TIMEOUT_S, Visit, visit
from tests.house.checkout import ROOT, SCRIPTS
from tests.house.lua_script import calls_in, read_scripts

EVERY = (needed, telling, counting, explaining, auditing, removing)
NAMES = {str(command[0]) for listed in EVERY for command in listed(ScriptRunner())}
_DIRECT = re.compile(r'yield \("([A-Z]+)"|\bwait: Command = \("([A-Z]+)"')


def test_every_command_of_every_script_is_in_the_list_of_needed_rights() -> None:
    called = {
        call.arguments[0].text
        for script in read_scripts(SCRIPTS)
        for call in calls_in(script.expanded_tokens)
        if call.function in ("redis.call", "redis.pcall", "call_in_chunks")
        and call.arguments
        and call.arguments[0].kind == "string"
    }

    assert called
    assert called <= NAMES


@pytest.mark.parametrize("folder", ["store", "engine"])
def test_every_command_sent_outside_of_scripts_is_in_the_list_of_needed_rights(folder: str) -> None:
    sources = [path.read_text() for path in Path(ROOT, "redisched", folder).rglob("*.py")]
    sent = {name for source in sources for pair in _DIRECT.findall(source) for name in pair if name}

    assert sent
    assert sent <= NAMES


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def as_user(server: Server, *rules: str) -> Visit:
    """The findings of the doctor for a user with these rights."""
    administrator = connect(server.url, TIMEOUT_S)
    administrator.client().perform(("ACL", "SETUSER", "app", "reset", "on", ">secret", *rules))
    administrator.close()
    return visit(server.url.replace("unix://", "unix://app:secret@"))


def test_commands_that_a_user_may_not_use_are_named(server: Server) -> None:
    found = as_user(server, "~*", "+@all", "-hset", "-zadd")

    assert found.levels("rights") == [Level.DANGER]
    assert "may not call HSET, ZADD on redisched's keys" in found.sentence("rights")
    assert "ACL SETUSER app ~redisched:* +hset +zadd" in found.sentence("rights")


def test_a_user_without_access_to_the_keys_is_a_danger(server: Server) -> None:
    found = as_user(server, "~shop:*", "+@all")

    assert found.levels("rights") == [Level.DANGER]
    assert "~redisched:*" in found.sentence("rights")


def test_the_rights_that_the_doctor_advises_are_enough(server: Server) -> None:
    rules = " ".join(f"+{name.lower()}" for name in sorted(NAMES))
    found = as_user(server, "~redisched:*", "&redisched:*", *rules.split(), "+acl|whoami", "+acl|dryrun")

    assert found.levels("rights") == [Level.OK]


def test_a_user_without_channels_is_warned_that_callers_are_not_told(server: Server) -> None:
    found = as_user(server, "~redisched:*", "+@all")

    assert found.levels("rights") == [Level.WARNING]
    assert "callers of result() are not told" in found.sentence("rights")
    assert "&redisched:* +publish +subscribe" in found.sentence("rights")


@pytest.mark.parametrize(
    ("command", "without"),
    [
        ("pexpire", "so nobody can see what workers did"),
        ("zrank", "so nobody can see why a task is not running"),
        ("xadd", "so the API refuses actions"),
    ],
)
def test_what_is_missing_without_a_right_that_workers_do_not_need_is_said(
    server: Server, command: str, without: str
) -> None:
    found = as_user(server, "~redisched:*", "&redisched:*", "+@all", f"-{command}")

    assert found.levels("rights") == [Level.WARNING]
    assert f"may not call {command.upper()} on redisched's keys, {without}" in found.sentence("rights")
    assert found.sentence("rights").endswith(f"ACL SETUSER app ~redisched:* &redisched:* +{command}")


def test_a_user_without_rights_for_the_doctor_gets_warnings_and_no_error(server: Server) -> None:
    found = as_user(server, "~redisched:*", "+@read", "-@dangerous", "-@admin")

    assert found.levels("rights") == [Level.WARNING]
    assert found.levels("version") == [Level.WARNING]
    assert found.levels("eviction") == [Level.WARNING]
    assert found.levels("scripts") == [Level.WARNING]
    assert found.dangers == []
