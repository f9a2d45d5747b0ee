"""Checks whether the user may call every command that redisched calls, directly or within a script."""

from collections.abc import Callable, Iterable, Mapping

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Command, Operation, ScriptRunner
from redisched.store.rights import auditing, counting, explaining, needed, telling

CHECK = "rights"


def check_rights(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Ask the server about each command, by ACL DRYRUN, whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking = yield from _lacking(user, needed(script_runner))
        less: list[tuple[list[str], str]] = []
        for listed, said in _WITHOUT.items():
            if names := (yield from _lacking(user, listed(script_runner))):
                less.append((names, said))
    except BrokerRefused as error:
        return [
            warning(
                CHECK, f"The rights of this user cannot be checked ({error.reason}); use one that may call ACL DRYRUN."
            )
        ]
    prefix = script_runner.prefix
    if lacking:
        sentence = (
            f"User {user} may not call {', '.join(lacking)} on redisched's keys, so a script can fail half-way; "
            f"allow it: ACL SETUSER {user} ~{prefix}:* {_rules(lacking)}"
        )
        return [danger(CHECK, sentence)]
    warnings = [
        warning(
            CHECK,
            f"User {user} may not call {', '.join(names)} {said}; "
            f"allow it: ACL SETUSER {user} ~{prefix}:* &{prefix}:* {_rules(names)}",
        )
        for names, said in less
    ]
    return warnings or [ok(CHECK, f"User {user} may call every command that redisched needs.")]


_WITHOUT: Mapping[Callable[[ScriptRunner], tuple[Command, ...]], str] = {
    telling: "on redisched's channels, so callers of result() are not told of the end of a task and keep asking",
    counting: "on redisched's keys, so nobody can see what workers did in an hour",
    explaining: "on redisched's keys, so nobody can see why a task is not running",
    auditing: "on redisched's keys, so the API refuses actions, as it cannot note them",
}
"""What is missing without the rights that workers and producers do not need."""


def _rules(commands: Iterable[str]) -> str:
    return " ".join(f"+{name.lower()}" for name in commands)


def _lacking(user: str, commands: Iterable[Command]) -> Operation[list[str]]:
    """The names of those commands that the user may not call."""
    lacking: list[str] = []
    for command in commands:
        answer = yield ("ACL", "DRYRUN", user, *command)
        lacking += [] if answer == b"OK" else [str(command[0])]
    return lacking
