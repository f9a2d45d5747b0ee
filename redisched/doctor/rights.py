"""Checks whether the user may call every command that redisched calls, directly or within a script."""

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.rights import needed

CHECK = "rights"


def check_rights(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Ask the server about each command, by ACL DRYRUN, whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking: list[str] = []
        for command in needed(script_runner):
            answer = yield ("ACL", "DRYRUN", user, *command)
            lacking += [] if answer == b"OK" else [str(command[0])]
    except BrokerRefused as error:
        return [
            warning(
                CHECK, f"The rights of this user cannot be checked ({error.reason}); use one that may call ACL DRYRUN."
            )
        ]
    if not lacking:
        return [ok(CHECK, f"User {user} may call every command that redisched needs.")]
    rules = " ".join(f"+{name.lower()}" for name in lacking)
    sentence = (
        f"User {user} may not call {', '.join(lacking)} on redisched's keys, so a script can fail half-way; "
        f"allow it: ACL SETUSER {user} ~{script_runner.prefix}:* {rules}"
    )
    return [danger(CHECK, sentence)]
