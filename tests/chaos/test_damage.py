"""T29: if any of a queue's keys is deleted, copied or overwritten, every task of which something is left runs or is
reported, and the queue does not stand still.
"""

from hypothesis import given

from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.repair import Repair
from redisched.store.store import Store
from redisched.store.values import Ack, ClaimRequest, ReapOutcome, ReapRequest
from tests.brokers import on_each_primary
from tests.chaos.damage import LATER_MS, QUEUE, Damage, damages, ids_in, populations
from tests.chaos.invariants import check_places
from tests.lua.situation import LEASE_ENDS_MS, Situation, seed, situation_of
from tests.scrubbing import LEASE_MS, scrub_all
from tests.server_time import NOW_MS, ServerTime

LOSSES = {Repair.OUTCOME_LOST, Repair.HOLDER_LOST, Repair.STRAY, Repair.UNREADABLE}
"""The repairs that report a task which is in no place afterwards."""


class Patient:
    """A damaged queue."""

    def __init__(self, broker: Broker, clock: ServerTime) -> None:
        self.broker, self.clock = broker, clock
        self.store = Store(broker.script_runner, QUEUE)

    def situation(self) -> Situation:
        return situation_of(self.broker, QUEUE)

    def reap(self) -> None:
        """Let every lease end, and take the leased tasks back."""
        self.clock.move_to(max(LATER_MS, LEASE_ENDS_MS, self.clock.now_ms + LEASE_MS))
        request = ReapRequest(
            worker="r", hold_ms=10, grace_ms=0, limit=99, crash_limit=9, failure=b"crashed", lease_ms=LEASE_MS
        )
        assert run(self.store.reap(request), self.broker.client()).outcome is ReapOutcome.REAPED

    def drain(self) -> set[str]:
        """Claim and ack until no task waits; answers the tasks that ran."""
        request = ClaimRequest(worker="w", nonce="drain", limit=99, ahead_ms=0, ahead_limit=0, lease_ms=LEASE_MS)
        claim = run(self.store.claim(request), self.broker.client())
        assert claim.next_due_ms is None, "a task is left waiting"
        acks = [Ack(lease.id, lease.token, 1_000, b"digest-aend") for lease in claim.leases]
        run(self.store.ack(acks), self.broker.client())
        return {lease.id for lease in claim.leases}


def test_t29_damaged_keys_are_repaired_or_reported_and_the_queue_drains(broker: Broker, clock: ServerTime) -> None:
    @given(populations, damages)
    def check(situation: Situation, all_damage: list[Damage]) -> None:
        on_each_primary(broker, "FLUSHDB")
        clock.move_to(NOW_MS)
        seed(broker, QUEUE, situation)
        for damage in all_damage:
            damage.inflict(broker, sorted(ids_in(situation)))
        patient = Patient(broker, clock)
        left = ids_in(patient.situation())

        repairs = scrub_all(broker, QUEUE, limit=3)
        assert scrub_all(broker, QUEUE) == [], "a second pass finds more"
        patient.reap()
        repairs += scrub_all(broker, QUEUE)
        found = patient.situation()
        told = {id for id, repair in repairs if repair in LOSSES}
        assert sum(map(int, found.pop("repairs", {}).values())) == len(repairs)
        check_places(found)
        ran = patient.drain()

        found = patient.situation()
        assert not {"waiting", "leases", "held", "cancelling"} & found.keys()
        assert left <= ran | set(found.get("dead", {})) | set(found.get("outcomes", {})) | told

    check()


def test_t29_a_sound_queue_is_not_repaired(broker: Broker, clock: ServerTime) -> None:
    @given(populations)
    def check(situation: Situation) -> None:
        on_each_primary(broker, "FLUSHDB")
        clock.move_to(NOW_MS)
        seed(broker, QUEUE, situation)

        assert scrub_all(broker, QUEUE) == []

        assert situation_of(broker, QUEUE) == situation
        assert not broker.client().perform(("EXISTS", keys_of(QUEUE).repairs))

    check()
