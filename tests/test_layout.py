"""The layout of a queue: where tasks live, and what becomes of their homes when it grows."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.keys import keys_of
from redisched.layout import LARGEST_COUNT, Layout, jump
from redisched.option_checks import check_queue

keys = st.integers(0, 2**64 - 1)
counts = st.integers(1, LARGEST_COUNT)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
layouts = st.sets(st.integers(2, LARGEST_COUNT), max_size=5).map(lambda later: Layout((1, *sorted(later))))


@pytest.mark.parametrize(("key", "buckets", "bucket"), [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 666, 361)])
def test_the_hash_agrees_with_that_of_others(key: int, buckets: int, bucket: int) -> None:
    assert jump(key, buckets) == bucket


@given(keys, counts, counts)
def test_a_key_that_moves_moves_to_a_new_bucket(key: int, one: int, other: int) -> None:
    fewer, more = sorted((one, other))

    assert 0 <= jump(key, fewer) < fewer
    assert jump(key, more) == jump(key, fewer) or jump(key, more) >= fewer


@pytest.mark.parametrize("shards", [2, 3, 12, 100])
def test_ids_spread_evenly(shards: int) -> None:
    layout = Layout().with_shards(shards)
    sizes = Counter(layout.shard_of(f"order-{number}") for number in range(1_000 * shards))

    assert len(sizes) == shards
    assert max(sizes.values()) < 1_160, "five standard deviations"
    assert min(sizes.values()) > 840


@given(ids, layouts)
def test_a_task_is_found_under_whatever_layout_it_was_put(id: str, layout: Layout) -> None:
    earlier = [Layout(layout.counts[: at + 1]) for at in range(len(layout.counts))]
    homes = list(layout.possible_shards(id))

    assert homes[0] == layout.shard_of(id)
    assert set(homes) == {before.shard_of(id) for before in earlier}
    assert homes == sorted(set(homes), reverse=True)


@given(layouts)
def test_what_is_kept_is_read_again(layout: Layout) -> None:
    assert Layout.read(str(layout).encode()) == layout


@pytest.mark.parametrize(
    "stored", [b"", b"2", b"1 ", b"1 1", b"1 3 2", b"1 x", b"1 -3", b"0 1", b"1 1025", b"1 \xff", b"1 " + b"9" * 9_999]
)
def test_what_is_no_layout_is_not_taken_for_one(stored: bytes) -> None:
    assert Layout.read(stored) is None


def test_a_queue_of_which_nothing_is_kept_has_one_shard() -> None:
    assert Layout.read(None) == Layout((1,))


def test_no_queue_can_be_named_like_a_shard() -> None:
    shard = keys_of("mail", 3).waiting

    assert keys_of("mail", 0) == keys_of("mail")
    assert shard == "redisched:{mail/3}:waiting"
    with pytest.raises(ValueError, match="letters, digits"):
        check_queue("queue", "mail/3")
