"""Hand-made results, for tests of reports and comparisons."""

from redisched.bench.figures import Figures, put
from redisched.bench.machine import Machine
from redisched.bench.results import Results
from redisched.bench.scale import Scale

MACHINE = Machine(server="Valkey 9", python="3.11", cores=2, date="2030-01-01T00:00:00+00:00")


def results(*rounds: Figures, once: Figures | None = None, scale: Scale | None = None) -> Results:
    """Results of these rounds."""
    return Results(rounds=rounds, once=once or {}, scale=scale or Scale(), machine=MACHINE)


def round_of(enqueue_many_per_s: float, floor_per_s: float = 100_000.0) -> Figures:
    """The figures of a round with only one phase and the floor."""
    return {
        "floor": {"enqueue_per_s": floor_per_s, "claim_ack_per_s": 80_000.0},
        "enqueue_many_per_s": enqueue_many_per_s,
    }


def rounds_of(path: str, *values: float) -> list[Figures]:
    """A round for each of these values of one figure."""
    rounds: list[Figures] = [{} for _ in values]
    for figures, value in zip(rounds, values, strict=True):
        put(path, value, figures)
    return rounds
