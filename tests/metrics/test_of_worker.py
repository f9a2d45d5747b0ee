"""The metrics of a worker process, as Prometheus reads them."""

import math

import pytest

from redisched.activity import Activity, AttemptEnd
from redisched.metrics.catalogue import METRICS, MetricSource, MetricType
from redisched.metrics.figures import WorkerFigures
from redisched.metrics.labels import LONGEST_LABEL, MOST_HANDLERS, OTHER
from redisched.metrics.of_worker import WorkerCollector
from redisched.metrics.script_times import BUCKETS, LONGEST, SHORTEST
from redisched.orders import WorkerState
from redisched.store.tallies import ActivityKey
from tests.metrics.figures import activity, figures, times
from tests.metrics.scraped import Scrape, declared, scrape

MAIL = ActivityKey("mail", "send")


def scraped(shown: WorkerFigures) -> Scrape:
    return scrape(WorkerCollector(lambda: shown))


def test_every_metric_of_the_catalogue_is_exported_as_it_says_and_no_other() -> None:
    shown = figures({MAIL: activity({AttemptEnd.SUCCEEDED: 1}, (1,), (1,))}, scripts={"claim": times((0, 1))})
    scrape = scraped(shown)
    of_worker = [metric for metric in METRICS if metric.source is MetricSource.WORKER]

    assert declared(scrape.text) == {metric.name: (metric.type.value, metric.help) for metric in of_worker}
    for metric in of_worker:
        name = f"{metric.name}_count" if metric.type is MetricType.HISTOGRAM else metric.name
        assert scrape.labels[name] == set(metric.labels)


def test_what_became_of_tasks_is_told_by_queue_handler_and_end() -> None:
    counts = {
        AttemptEnd.SUCCEEDED: 5,
        AttemptEnd.DEAD: 2,
        AttemptEnd.FAILED: 4,
        AttemptEnd.RELEASED: 3,
        AttemptEnd.REFUSED: 1,
    }
    scrape = scraped(figures({MAIL: activity(counts)}))

    assert scrape.numbers("redisched_tasks_ended_total") == {
        (end, "send", "mail"): number
        for end, number in (("succeeded", 5), ("dead", 2), ("cancelled", 0), ("lost", 0), ("expired", 0))
    }
    assert scrape.numbers("redisched_tasks_put_back_total") == {
        (end, "send", "mail"): number
        for end, number in (("failed", 4), ("crashed", 0), ("snoozed", 0), ("released", 3))
    }
    assert scrape.numbers("redisched_finishes_refused_total") == {("send", "mail"): 1}


def test_every_end_that_workers_count_is_in_some_metric() -> None:
    for end in AttemptEnd:
        shown = scraped(figures({MAIL: activity({end: 7})}))
        assert [sample.name for sample in shown.samples if sample.value == 7.0 and "leased" not in sample.name], end


def test_expired_leases_are_told_by_queue_also_before_the_first() -> None:
    assert scraped(figures(queues=("a", "b"))).numbers("redisched_leases_expired_total") == {("a",): 0, ("b",): 0}
    rows = {ActivityKey("a", ""): activity({AttemptEnd.LEASE_EXPIRED: 2})}
    assert scraped(figures(rows, queues=("a",))).numbers("redisched_leases_expired_total") == {("a",): 2}


def test_durations_are_in_the_bucket_below_whose_bound_they_are() -> None:
    waits_ms = (0, 1, 3, 5, 900, 16_000, 16_500, 60_000, 5_000_000)
    scrape = scraped(figures({MAIL: activity({}, waits_ms, waits_ms)}))

    for name in ("redisched_task_wait_seconds", "redisched_task_run_seconds"):
        counts = {key[1]: number for key, number in _buckets(scrape, name).items()}
        assert counts == {bound: sum(wait_ms < float(bound) * 1e3 for wait_ms in waits_ms) for bound in counts}, name
        assert (counts["0.002"], counts["0.004"], counts["0.008"], counts["16.384"]) == (2, 3, 4, 6)
        assert counts["+Inf"] == scrape.number(f"{name}_count") == len(waits_ms)
        assert scrape.number(f"{name}_sum") == pytest.approx(sum(waits_ms) / 1e3)


def _buckets(scrape: Scrape, name: str) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["handler"], sample.labels["le"]): sample.value
        for sample in scrape.samples
        if sample.name == f"{name}_bucket"
    }


def test_what_never_happened_is_zero_for_every_handler_that_the_worker_knows() -> None:
    charge = ActivityKey("billing", "charge")
    scrape = scraped(figures({MAIL: activity({AttemptEnd.SUCCEEDED: 5})}, handlers=(MAIL, charge)))

    for name in ("redisched_tasks_ended_total", "redisched_tasks_put_back_total"):
        of_charge = {labels[0]: number for labels, number in scrape.numbers(name).items() if labels[1] == "charge"}
        assert of_charge, name
        assert set(of_charge.values()) == {0}, name
        assert {labels[1:] for labels in scrape.numbers(name)} == {("send", "mail"), ("charge", "billing")}
    assert scrape.number("redisched_tasks_ended_total", end="succeeded", handler="send") == 5
    assert scrape.numbers("redisched_finishes_refused_total") == {("send", "mail"): 0, ("charge", "billing"): 0}
    assert scrape.numbers("redisched_task_run_seconds_count") == {}, "a histogram of nothing is left out"


def test_zeros_have_labels_only_as_far_as_their_queue_has_room() -> None:
    many = tuple(ActivityKey("mail", f"h{number}") for number in range(MOST_HANDLERS + 50))
    rows = {key: activity({AttemptEnd.SUCCEEDED: 1}) for key in many[-20:]}
    rows[ActivityKey("mail", OTHER)] = activity({AttemptEnd.FAILED: 1})
    told = scraped(figures(rows, handlers=many)).numbers("redisched_finishes_refused_total")

    assert len(told) == MOST_HANDLERS + 1
    assert {(key.handler, key.queue) for key in rows} <= told.keys()


def test_handlers_that_have_not_run_have_no_histogram() -> None:
    rows = {ActivityKey("mail", ""): activity({AttemptEnd.EXPIRED: 2})}
    assert "redisched_task_wait_seconds_count" not in scraped(figures(rows)).names


def test_round_trips_are_told_by_script() -> None:
    shown = figures(scripts={"claim": times((0, 90), (1, 200), (BUCKETS - 1, 9_000_000)), "ack": times((3, 1_000))})
    scrape = scraped(shown)

    assert scrape.numbers("redisched_script_seconds_count") == {("claim",): 3, ("ack",): 1}
    assert scrape.number("redisched_script_seconds_sum", script="claim") == pytest.approx(9.00029)
    assert scrape.number("redisched_script_seconds_bucket", script="claim", le=str(2**SHORTEST / 1e6)) == 1
    assert scrape.number("redisched_script_seconds_bucket", script="claim", le=str(2**LONGEST / 1e6)) == 2
    assert scrape.number("redisched_script_seconds_bucket", script="claim", le="+Inf") == 3


def test_the_moment_is_told() -> None:
    scrape = scraped(figures(state=WorkerState.DRAINING))

    states = scrape.numbers("redisched_worker_state")
    assert states == {(state.value,): float(state is WorkerState.DRAINING) for state in WorkerState}
    assert scrape.numbers("redisched_worker_window_tasks") == {("due",): 2, ("ahead",): 1}
    figures_told = [scrape.number(f"redisched_worker_{name}") for name in ("slots", "busy_slots", "leased_tasks")]
    assert figures_told == [16, 3, 7]


HOSTILE = [
    'a"b',
    "a\\",
    "a\nb",
    'x"} 1\nredisched_up 0\n#',
    "\udcff",
    "\x00",
    "\u2028",
    "é" * 500,
    "a" * 10_000,
    "{}",
    ",=",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_one_label_and_breaks_nothing(name: str) -> None:
    rows = {ActivityKey("mail", name): activity({AttemptEnd.SUCCEEDED: 1}, (1,), (1,))}
    scrape = scraped(figures(rows))

    assert scrape.number("redisched_tasks_ended_total", end="succeeded") == 1
    ((told, _queue),) = scrape.numbers("redisched_task_run_seconds_count")
    assert len(told) <= LONGEST_LABEL
    assert told == name.encode("utf-8", "backslashreplace").decode()[:LONGEST_LABEL]
    assert "redisched_up" not in scrape.names


def test_names_with_the_same_label_are_added_and_not_told_twice() -> None:
    rows: dict[ActivityKey, Activity] = {
        ActivityKey("mail", "x" * LONGEST_LABEL + end): activity({AttemptEnd.SUCCEEDED: 2}, (1,), (1,)) for end in "ab"
    }
    scrape = scraped(figures(rows))

    assert scrape.number("redisched_tasks_ended_total", end="succeeded") == 4
    assert scrape.number("redisched_task_run_seconds_count") == 2


def test_the_bounds_rise_to_infinity() -> None:
    scrape = scraped(figures({MAIL: activity({}, (1,), (1,))}))
    bounds = [float(bound) for _, bound in _buckets(scrape, "redisched_task_run_seconds")]
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == math.inf
