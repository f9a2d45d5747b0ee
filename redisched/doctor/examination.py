"""Runs all checks of the doctor in a fixed order."""

from collections.abc import Callable

from redisched.doctor.clocks import check_clock
from redisched.doctor.cluster import check_places, check_quorum, check_slots
from redisched.doctor.finding import Finding, warning
from redisched.doctor.info import read_info
from redisched.doctor.keyspace import check_foreign_keys, check_types
from redisched.doctor.queues import check_queues, check_repairs
from redisched.doctor.replication import check_replicas
from redisched.doctor.rights import check_rights
from redisched.doctor.scripts import check_scripts
from redisched.doctor.storage import check_eviction, check_lookups, check_memory, check_persistence
from redisched.doctor.version import check_version
from redisched.errors import BrokerRefused
from redisched.store.inspect import queues
from redisched.store.operation import Operation, ScriptRunner


def examine(script_runner: ScriptRunner, now: Callable[[], float]) -> Operation[list[Finding]]:
    """Check one server and the keys of redisched in it. `now` returns this machine's time in seconds since 1970.

    Changes nothing, except that the server loads the scripts into its cache.
    """
    return (yield from examine_server(script_runner, now)) + (yield from examine_queues(script_runner))


def examine_server(script_runner: ScriptRunner, now: Callable[[], float]) -> Operation[list[Finding]]:
    """Check one of the servers that accept writes. Raises BrokerRefused if it lets this user call nothing."""
    yield from _expect_admission()
    info = yield from read_info()
    findings = [*check_version(info), *check_memory(info), *check_replicas(info), *(yield from check_slots(info))]
    return findings + (
        yield from _look(
            ("eviction", check_eviction(info)),
            ("persistence", check_persistence(info)),
            ("lookups", check_lookups()),
            ("clock", check_clock(now)),
            ("rights", check_rights(script_runner)),
            ("scripts", check_scripts()),
            ("keyspace", check_foreign_keys(script_runner)),
        )
    )


def examine_queues(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Check the queues of all servers. No finding if a cluster does not serve every slot: not all keys can be read."""
    info = yield from read_info()
    if (yield from check_slots(info)):
        return []
    try:
        names = yield from queues(script_runner)
    except BrokerRefused as error:
        return [_refused("queues", error)]
    return (
        yield from _look(
            ("cluster", check_quorum(info)),
            ("cluster", check_places(script_runner, info, names)),
            ("types", check_types(script_runner, names)),
            ("workers", check_queues(script_runner, names)),
            ("repairs", check_repairs(script_runner, names)),
        )
    )


def _expect_admission() -> Operation[None]:
    """Raises BrokerRefused if the server refuses every call, as with a wrong password. That this user lacks a right is
    a finding instead.
    """
    try:
        yield ("PING",)
    except BrokerRefused as error:
        if "no permission" not in error.reason.lower():
            raise


def _look(*checks: tuple[str, Operation[list[Finding]]]) -> Operation[list[Finding]]:
    findings: list[Finding] = []
    for check, look in checks:
        try:
            findings += yield from look
        except BrokerRefused as error:
            findings.append(_refused(check, error))
    return findings


def _refused(check: str, error: BrokerRefused) -> Finding:
    return warning(check, f"This cannot be checked: {error}.")
