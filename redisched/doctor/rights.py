"""Checks whether the user may call every command that redisched calls, directly or within a script."""

from collections.abc import Iterable

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Command, Operation, ScriptRunner
from redisched.store.rights import needed, telling

CHECK = "rights"


def check_rights(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Ask the server about each command, by ACL DRYRUN, whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking = yield from _lacking(user, needed(script_runner))
        untold = yield from _lacking(user, telling(script_runner))
    except BrokerRefused as error:
        return [
            warning(
                CHECK, f"The rights of this user cannot be checked ({error.reason}); use one that may call ACL DRYRUN."
            )
        ]
    if not lacking and untold:
        sentence = (
            f"User {user} may not call {', '.join(untold)} on redisched's channels, so callers of result() are "
            f"not told of the end of a task and keep asking; allow it: "
            f"ACL SETUSER {user} &{script_runner.prefix}:* +publish +subscribe"
        )
        return [warning(CHECK, sentence)]
    if not lacking:
        return [ok(CHECK, f"User {user} may call every command that redisched needs.")]
    rules = " ".join(f"+{name.lower()}" for name in lacking)
    sentence = (
        f"User {user} may not call {', '.join(lacking)} on redisched's keys, so a script can fail half-way; "
        f"allow it: ACL SETUSER {user} ~{script_runner.prefix}:* {rules}"
    )
    return [danger(CHECK, sentence)]


def _lacking(user: str, commands: Iterable[Command]) -> Operation[list[str]]:
    """The names of those commands that the user may not call."""
    lacking: list[str] = []
    for command in commands:
        answer = yield ("ACL", "DRYRUN", user, *command)
        lacking += [] if answer == b"OK" else [str(command[0])]
    return lacking
