"""Ids sort by the time at which they were made, and never repeat."""

import subprocess
import sys
import threading
from itertools import pairwise

import pytest

from redisched.identity import IdentitySource, is_given, next_id

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
NOW_MS = 1_800_000_000_000


class Watch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def source(watch: Watch) -> IdentitySource:
    return IdentitySource(watch, lambda bits: 2**bits - 1)


def number_of(text: str) -> int:
    """The number that these characters of base 32 encode."""
    number = 0
    for character in text:
        number = number * 32 + ALPHABET.index(character)
    return number


def test_an_id_is_time_sequence_and_randomness(source: IdentitySource) -> None:
    first, second = source.next_id(), source.next_id()

    assert [number_of(first[:9]), number_of(first[9:13]), first[13:]] == [NOW_MS, 0, "zzzzzzz"]
    assert [number_of(second[:9]), number_of(second[9:13]), second[13:]] == [NOW_MS, 1, "zzzzzzz"]


def test_ids_of_a_later_millisecond_are_greater_and_start_a_new_sequence(source: IdentitySource, watch: Watch) -> None:
    earlier = [source.next_id() for _ in range(3)]
    watch.now_ms += 1

    later = source.next_id()

    assert later > max(earlier)
    assert number_of(later[9:13]) == 0


def test_ids_grow_while_the_clock_is_set_back(source: IdentitySource, watch: Watch) -> None:
    ids = []
    for step_ms in (0, -1, -60_000, 59_999, 1, 1):
        watch.now_ms += step_ms
        ids.append(source.next_id())

    assert all(earlier < later for earlier, later in pairwise(ids))


def test_after_the_last_id_of_a_millisecond_those_of_the_next_are_used(source: IdentitySource) -> None:
    first = source.next_id()
    source._last |= 2**20 - 2

    last, borrowed, next_one = source.next_id(), source.next_id(), source.next_id()

    assert last[9:13] == "zzzz"
    assert number_of(borrowed[:9]) == NOW_MS + 1
    assert first < last < borrowed < next_one


def test_the_characters_of_the_alphabet_sort_by_their_values() -> None:
    assert list(ALPHABET) == sorted(ALPHABET)


def test_threads_get_different_ids_each_in_order() -> None:
    ids: list[list[str]] = [[] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda mine: mine.extend(next_id() for _ in range(5_000)), args=(mine,)) for mine in ids
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id for mine in ids for id in mine}) == 20_000
    assert all(mine == sorted(mine) for mine in ids)


def test_a_forked_child_makes_other_ids_than_its_parent() -> None:
    program = (
        "import os\n"
        "from redisched.identity import next_id\n"
        "next_id()\n"
        "child = os.fork()\n"
        "child and os.waitpid(child, 0)\n"
        "print(next_id()[13:], flush=True)\n"
    )

    printed = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout.split()

    assert len(set(printed)) == 2


@pytest.mark.parametrize(
    "id",
    [
        "order-17",
        "1m8gtwe410000penag8",
        "1m8gtwe410000penag8gg",
        "1M8GTWE410000PENAG8G",
        "0123456789abcdef0123",
        "z" * 20,
    ],
)
def test_a_chosen_id_is_recognized(id: str) -> None:
    assert not is_given(id)


def test_a_given_id_is_recognized() -> None:
    assert is_given(next_id())


@pytest.mark.parametrize(("now_ms", "is_seen"), [(1_767_225_599_999, False), (1_767_225_600_000, True), (2**41, False)])
def test_an_id_with_an_impossible_time_counts_as_chosen(now_ms: int, is_seen: bool) -> None:
    source = IdentitySource(lambda: now_ms, lambda bits: 2**bits - 1)

    assert is_given(source.next_id()) is is_seen
