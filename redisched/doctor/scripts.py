"""Checks whether the server compiles every script."""

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Operation, ScriptRejected
from redisched.store.scripts import load_script, script_names

CHECK = "scripts"


def check_scripts() -> Operation[list[Finding]]:
    """Load each script into the server's cache, as workers do, too. Report the first that fails."""
    names = script_names()
    for name in names:
        try:
            yield from _load(name)
        except ScriptRejected as error:
            return [danger(CHECK, f"The server does not compile {name}.lua ({error}); use another server.")]
        except BrokerRefused as error:
            sentence = f"The server refused to load {name}.lua ({error.reason}); allow this user to call SCRIPT LOAD."
            return [warning(CHECK, sentence)]
    return [ok(CHECK, f"The server compiles all {len(names)} scripts.")]


def _load(name: str) -> Operation[None]:
    script = load_script(name)
    try:
        yield ("SCRIPT", "LOAD", script.flagged)
    except ScriptRejected:
        yield ("SCRIPT", "LOAD", script.plain)
