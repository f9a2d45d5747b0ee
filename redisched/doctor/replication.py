"""Checks whether the server is a primary, and whether its replicas are online and up to date."""

from redisched.counted import counted
from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.doctor.info import Info, whole

CHECK = "replicas"
SLOWEST_S = 10


def check_replicas(info: Info) -> list[Finding]:
    """Report the role of the server, and the state and lag of its replicas."""
    if not info:
        return []
    if info.get("role") == "slave":
        primary = f"{info.get('master_host')}:{info.get('master_port')}"
        return [
            danger(CHECK, f"This server is a replica, which takes no tasks; use the URL of its primary, {primary}.")
        ]
    count = whole(info, "connected_slaves")
    if not count:
        return [_without_replica(info)]
    replicas = [_fields(info.get(f"slave{number}", "")) for number in range(count)]
    absent = [_name(replica) for replica in replicas if replica.get("state") != "online"]
    lags = {_name(replica): whole(replica, "lag") for replica in replicas}
    slow = [name for name, lag_s in lags.items() if lag_s > SLOWEST_S]
    if absent or slow:
        names = ", ".join(dict.fromkeys((*absent, *slow)))
        return [
            warning(
                CHECK,
                f"Behind or offline, of {counted(count, 'replica')}: {names}; a failover there would lose tasks.",
            )
        ]
    return [ok(CHECK, f"Up to date: {counted(count, 'replica')}; the slowest is {max(lags.values())} s behind.")]


def _without_replica(info: Info) -> Finding:
    if info.get("cluster_enabled") == "1":
        return warning(
            CHECK, "This node has no replica: if it is lost, its shards stand still until it is back; add a replica."
        )
    return ok(CHECK, "This server has no replica: tasks that its disk loses are lost.")


def _fields(line: str) -> dict[str, str]:
    """Return the names and values in a line such as ip=127.0.0.1,port=6380,state=online,offset=1,lag=0."""
    parts = (part.partition("=") for part in line.split(","))
    return {name: value for name, equals, value in parts if equals}


def _name(replica: dict[str, str]) -> str:
    return f"{replica.get('ip')}:{replica.get('port')}"
