"""Runs the doctor on several servers: every primary, and the Sentinels that choose the primary."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from redisched.address import Address, Node, Topology
from redisched.doctor.examination import examine_queues, examine_server
from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused, BrokerUnavailable
from redisched.store.broker import Broker, open_client
from redisched.store.operation import run

CHECK = "sentinels"
TRY_S = 1.0


def examine_all(broker: Broker, now: Callable[[], float]) -> Iterator[Finding]:
    """Check every server of a broker, and the queues in them. `now` returns seconds since 1970."""
    address = broker.address
    if address is not None and address.topology is Topology.SENTINEL:
        yield from (_ask_sentinel(address, sentinel) for sentinel in address.nodes)
    client = broker.client()
    for place, primary in client.primaries().items():
        try:
            for finding in run(examine_server(broker.script_runner, now), primary):
                yield replace(finding, sentence=f"{place}: {finding.sentence}") if place else finding
        except BrokerUnavailable as error:
            if not place:
                raise
            yield danger("cluster", f"{place} does not answer ({error.reason}); start it again.")
        except BrokerRefused as error:
            if not place:
                raise
            yield danger("cluster", f"{place} refuses every call: {error.reason}.")
    try:
        yield from run(examine_queues(broker.script_runner), client)
    except BrokerUnavailable as error:
        yield danger("queues", f"Not every queue can be checked: {error.reason}.")


def _ask_sentinel(address: Address, sentinel: Node) -> Finding:
    """Report whether enough Sentinels agree with this one to authorize a failover."""
    with contextlib.closing(open_client(address.sentinel(sentinel), TRY_S, "doctor")) as client:
        try:
            client.perform(("SENTINEL", "CKQUORUM", address.primary))
        except BrokerUnavailable as error:
            return warning(CHECK, f"Sentinel {sentinel} does not answer ({error.reason}); start it again.")
        except BrokerRefused as error:
            sentence = f"According to Sentinel {sentinel}, a lost primary cannot be replaced: {error.reason}"
            return danger(CHECK, sentence)
    return ok(CHECK, f"Sentinel {sentinel} reaches a quorum for {address.primary}.")
