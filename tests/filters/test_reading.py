"""Pages of the tasks that match a filter: every task once, in order, and each page after a limited number of looks."""

from contextlib import closing

import pytest

from redisched.client.scheduler import Scheduler
from redisched.codec import encode_outcome
from redisched.errors import InvalidOption
from redisched.filters.counting import count_matching
from redisched.filters.parsing import parse
from redisched.filters.scan import STEP
from redisched.model import Outcome, TaskState
from tests.brokers import BrokerKind, Servers
from tests.filters.queues import Queues, died, many_waiting, named
from tests.lua.situation import ended, leased, together, waiting

DISTANT_MS = 3_000_000_000_000
"""A time that no clock has reached yet."""


@pytest.fixture
def mixed_queues(queues: Queues) -> Queues:
    """Three queues with tasks in every section; some of one queue are due before some of another."""
    for at, queue in enumerate(("a", "b", "c")):
        queues.given(
            queue,
            *(named(waiting(f"{queue}r{n:02}", run_at_ms=1 + 3 * n + at), "send") for n in range(40)),
            *(named(waiting(f"{queue}s{n:02}", run_at_ms=DISTANT_MS + 3 * n + at), "bill") for n in range(40)),
            *(named(leased(f"{queue}l{n:02}", ends_ms=DISTANT_MS + 3 * n + at), "send") for n in range(5)),
            *(died(f"{queue}d{n:02}", f"TimeoutError: db-{n}", 1 + 3 * n + at) for n in range(40)),
        )
    return queues


def in_turn(kind: str, count: int) -> list[str]:
    return [f"{queue}{kind}{n:02}" for n in range(count) for queue in ("a", "b", "c")]


ORDER = in_turn("r", 40) + in_turn("s", 40) + in_turn("l", 5) + in_turn("d", 40)[::-1]


@pytest.mark.parametrize(("limit", "looks"), [(50, 10_000), (1_000, 10_000), (1, 10_000), (7, 30), (1_000, 1)])
def test_every_task_is_on_one_page_in_the_order_of_the_listing(mixed_queues: Queues, limit: int, looks: int) -> None:
    assert mixed_queues.listed("", limit, looks) == ORDER
    assert mixed_queues.listed("queue:b state:dead,ready", limit, looks) == [
        id for id in ORDER if id[0] == "b" and id[1] in "rd"
    ]
    assert mixed_queues.listed("-state:ready -queue:a name:send error:db-1", limit, looks) == [
        id for id in ORDER if id[0] in "bc" and id[1:] in {"d01", *(f"d{number}" for number in range(10, 20))}
    ]


def test_a_page_has_its_limit_and_the_next_begins_after_it(mixed_queues: Queues) -> None:
    pages = mixed_queues.pages("name:bill", limit=50)

    assert [len(page.views) for page in pages] == [50, 50, 20]
    assert [page.cursor is None for page in pages] == [False, False, True]
    assert [view.body is not None for page in pages for view in page.views] == [True] * 120


def test_a_filter_that_matches_nothing_comes_back_after_each_bounded_read(queues: Queues) -> None:
    queues.given("mail", many_waiting(2_500))

    pages = queues.pages("name:other", looks=1_000)

    assert [page.looked_at for page in pages] == [1_000, 1_000, 500]
    assert [len(page.views) for page in pages] == [0, 0, 0]
    assert (queues.asked["EVALSHA"], queues.asked["HMGET"]) <= (60, 130)


def test_a_first_page_without_other_conditions_reads_little_of_a_long_queue(queues: Queues) -> None:
    queues.given("mail", many_waiting(2_500))

    page = queues.page("state:ready queue:mail", limit=50)

    assert len(page.views) == 50
    assert page.looked_at == STEP
    assert (queues.asked["EVALSHA"], queues.asked["HMGET"]) <= (2, 6)


def test_ids_are_looked_up_and_not_searched(queues: Queues) -> None:
    queues.given("mail", many_waiting(2_000))
    queues.given("other", many_waiting(3, "bill"))

    page = queues.page("id:w01999,w00001,nobody")

    assert {(view.queue, view.id) for view in page.views} == {
        ("mail", "w01999"), ("mail", "w00001"), ("other", "w00001"),
    }  # fmt: skip
    assert page.cursor is None
    assert queues.asked.total() < 10
    assert [view.queue for view in queues.page("id:w00001 name:bill").views] == ["other"]
    assert queues.page("id:w00001 state:dead").views == []


def test_tasks_of_one_id_and_time_in_several_queues_stay_on_one_page(queues: Queues) -> None:
    for queue in ("a", "b", "c", "d"):
        queues.given(queue, together(*(named(waiting(f"same{n}", run_at_ms=5), "send") for n in range(3))))

    for limit, looks in ((1, 10_000), (2, 10_000), (5, 10_000), (50, 1)):
        pages = queues.pages("", limit, looks)
        found = [(view.queue, view.id) for page in pages for view in page.views]
        assert len(found) == len(set(found)) == 12, (limit, looks)


def test_no_task_is_missed_because_those_of_earlier_pages_went(mixed_queues: Queues) -> None:
    first = mixed_queues.page("", limit=60)
    client = mixed_queues.broker.client()
    for view in first.views:
        client.perform(("ZREM", f"redisched:{{{view.queue}}}:waiting", view.id))
        client.perform(("HDEL", f"redisched:{{{view.queue}}}:tasks", view.id))

    second = mixed_queues.page("", first.cursor, limit=60)

    assert [view.id for view in (*first.views, *second.views)] == ORDER[:120]


def test_shards_are_one_listing(queues: Queues, servers: Servers) -> None:
    with closing(Scheduler(servers.url(BrokerKind.VALKEY))) as app:
        app.grow("mail", 5)
        for number in range(70):
            app.enqueue("send" if number % 7 else "bill", number, queue="mail", id=f"t{number:02}", priority=number)

    assert queues.listed("name:send", limit=9) == [f"t{number:02}" for number in range(70) if number % 7]
    assert queues.listed("arg.0:35") == ["t35"]


def test_tasks_that_cannot_be_read_are_listed_and_match_no_handler(queues: Queues) -> None:
    queues.given("mail", waiting("garbage"), ended("end"), named(waiting("good"), "send"))

    assert queues.listed("") == ["garbage", "good"]
    assert queues.listed("name:*d") == queues.listed("send") == ["good"]
    assert queues.listed("-name:send") == ["garbage"]


@pytest.mark.parametrize("cursor", ["", "nowhere:1:a", "due:x:a", "due:1:a\n"])
def test_a_wrong_cursor_is_refused(queues: Queues, cursor: str) -> None:
    with pytest.raises(InvalidOption, match="a place as the end of a listing told it"):
        queues.page("", cursor)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_wrong_limit_is_refused(queues: Queues, limit: int) -> None:
    with pytest.raises(InvalidOption, match="a whole number from 1 to 1000"):
        queues.page("", limit=limit)


@pytest.mark.parametrize(
    ("text", "matched", "looked"),
    [
        ("", 375, 0),
        ("queue:a state:dead", 40, 0),
        ("state:pending", 240, 0),
        ("-state:dead,pending", 15, 0),
        ("state:scheduled", 120, 120),
        ("name:send state:ready", 120, 120),
        ("error:db-39", 3, 375),
        ("id:ar00,br01,nobody", 2, 2),
    ],
)
def test_matches_are_counted_exactly_without_a_look_where_redis_knows_the_number(
    mixed_queues: Queues, text: str, matched: int, looked: int
) -> None:
    count = mixed_queues.ask(count_matching(mixed_queues.broker.script_runner, parse(text)))

    assert (count.matched, count.is_exact, count.looked_at) == (matched, True, looked)


def test_a_count_is_a_lower_bound_when_not_all_were_looked_at(queues: Queues) -> None:
    queues.given("mail", many_waiting(1_000))

    count = queues.ask(count_matching(queues.broker.script_runner, parse("name:send"), looks=300))

    assert (count.matched, count.is_exact, count.looked_at) == (300, False, 300)


def test_large_results_and_arguments_come_in_several_replies(queues: Queues) -> None:
    text = "x" * 100_000
    result = encode_outcome(Outcome(TaskState.SUCCEEDED, "send", result=text), 1 << 20)
    for number in range(50):
        queues.given("mail", named(waiting(f"w{number:02}"), "send", text))
        outcome = {f"e{number:02}": b"7 digest-x" + result}
        queues.given("mail", {"outcomes": outcome, "finished": {f"e{number:02}": DISTANT_MS - number}})

    assert queues.listed("") == [f"{kind}{number:02}" for kind in "we" for number in range(50)]
    assert 1_000_000 < queues.most_bytes < 2_100_000


def lease(queues: Queues, id: str) -> None:
    """A worker claims a task."""
    perform = queues.broker.client().perform
    perform(("ZREM", "redisched:{mail}:waiting", id))
    perform(("HSET", "redisched:{mail}:held", id, "7 1 0 worker-1"))
    perform(("ZADD", "redisched:{mail}:leases", DISTANT_MS, id))


def run_out(queues: Queues, id: str) -> None:
    """A lease ends: the task waits again."""
    perform = queues.broker.client().perform
    perform(("ZREM", "redisched:{mail}:leases", id))
    perform(("HDEL", "redisched:{mail}:held", id))
    perform(("ZADD", "redisched:{mail}:waiting", 1, id))


@pytest.mark.parametrize("move_at", range(20))
def test_a_task_that_is_claimed_meanwhile_is_listed_once(queues: Queues, move_at: int) -> None:
    queues.given("mail", named(waiting("moves", run_at_ms=1), "send"), named(waiting("stays", run_at_ms=2), "send"))
    queues.page("")
    begun = queues.asked.total()
    queues.before_command = lambda number: lease(queues, "moves") if number == begun + move_at else None

    assert sorted(queues.listed("")) == ["moves", "stays"]


@pytest.mark.parametrize("move_at", range(20))
def test_a_task_whose_lease_ends_meanwhile_is_listed_once_or_was_passed(queues: Queues, move_at: int) -> None:
    queues.given("mail", named(leased("moves", ends_ms=DISTANT_MS), "send"), named(waiting("stays"), "send"))
    queues.page("")
    begun = queues.asked.total()
    queues.before_command = lambda number: run_out(queues, "moves") if number == begun + move_at else None

    listed = queues.listed("")

    assert listed.count("stays") == 1
    assert listed.count("moves") <= 1


def test_due_tasks_of_other_priorities_are_passed_over(queues: Queues) -> None:
    for priority in (0, 5, 9):
        queues.given(
            "mail", *(named(waiting(f"p{priority}-{n:03}", priority=priority, run_at_ms=1), "send") for n in range(300))
        )
    queues.given("mail", named(waiting("later", priority=5, run_at_ms=DISTANT_MS), "send"))
    of_five = [f"p5-{n:03}" for n in range(300)]

    page = queues.page("state:ready priority:5", limit=1_000)
    assert ([view.id for view in page.views], page.cursor) == (of_five, None)
    assert page.looked_at <= 400
    assert queues.listed("priority:3..6", limit=70) == [*of_five, "later"]
    assert queues.listed("priority:>6 id:p9*", limit=50) == [f"p9-{n:03}" for n in range(300)]
    assert len(queues.listed("-priority:5", limit=100)) == 600
    assert queues.listed("priority:0,9 priority:5", limit=100) == []
    assert queues.listed("state:scheduled priority:0..5") == ["later"]
