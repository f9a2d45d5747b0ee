"""Checks whether the user may call every command that redisched calls, directly or within a script."""

from collections.abc import Iterable

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Command, Operation, ScriptRunner
from redisched.store.rights import counting, needed, telling

CHECK = "rights"


def check_rights(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Ask the server about each command, by ACL DRYRUN, whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking = yield from _lacking(user, needed(script_runner))
        untold = yield from _lacking(user, telling(script_runner))
        uncounted = yield from _lacking(user, counting(script_runner))
    except BrokerRefused as error:
        return [
            warning(
                CHECK, f"The rights of this user cannot be checked ({error.reason}); use one that may call ACL DRYRUN."
            )
        ]
    if lacking:
        sentence = (
            f"User {user} may not call {', '.join(lacking)} on redisched's keys, so a script can fail half-way; "
            f"allow it: ACL SETUSER {user} ~{script_runner.prefix}:* {_rules(lacking)}"
        )
        return [danger(CHECK, sentence)]
    warnings = []
    if untold:
        sentence = (
            f"User {user} may not call {', '.join(untold)} on redisched's channels, so callers of result() are "
            f"not told of the end of a task and keep asking; allow it: "
            f"ACL SETUSER {user} &{script_runner.prefix}:* {_rules(untold)}"
        )
        warnings.append(warning(CHECK, sentence))
    if uncounted:
        sentence = (
            f"User {user} may not call {', '.join(uncounted)}, so nobody can see what workers did in an hour; "
            f"allow it: ACL SETUSER {user} {_rules(uncounted)}"
        )
        warnings.append(warning(CHECK, sentence))
    return warnings or [ok(CHECK, f"User {user} may call every command that redisched needs.")]


def _rules(commands: Iterable[str]) -> str:
    return " ".join(f"+{name.lower()}" for name in commands)


def _lacking(user: str, commands: Iterable[Command]) -> Operation[list[str]]:
    """The names of those commands that the user may not call."""
    lacking: list[str] = []
    for command in commands:
        answer = yield ("ACL", "DRYRUN", user, *command)
        lacking += [] if answer == b"OK" else [str(command[0])]
    return lacking
