"""The shard map of a queue: to which shard an id belongs, and how that changes when shards are added."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.keys import keys_of
from redisched.option_checks import check_queue
from redisched.shard_map import LARGEST_COUNT, ShardMap, jump

keys = st.integers(0, 2**64 - 1)
counts = st.integers(1, LARGEST_COUNT)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
shard_maps = st.sets(st.integers(2, LARGEST_COUNT), max_size=5).map(lambda later: ShardMap((1, *sorted(later))))


@pytest.mark.parametrize(("key", "buckets", "bucket"), [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 666, 361)])
def test_the_hash_agrees_with_other_implementations(key: int, buckets: int, bucket: int) -> None:
    assert jump(key, buckets) == bucket


@given(keys, counts, counts)
def test_a_key_stays_or_moves_to_a_new_bucket(key: int, one: int, other: int) -> None:
    fewer, more = sorted((one, other))

    assert 0 <= jump(key, fewer) < fewer
    assert jump(key, more) == jump(key, fewer) or jump(key, more) >= fewer


@pytest.mark.parametrize("shards", [2, 3, 12, 100])
def test_ids_spread_evenly(shards: int) -> None:
    shard_map = ShardMap().with_shards(shards)
    sizes = Counter(shard_map.shard_of(f"order-{number}") for number in range(1_000 * shards))

    assert len(sizes) == shards
    assert max(sizes.values()) < 1_160, "the count is within five standard deviations"
    assert min(sizes.values()) > 840


@given(ids, shard_maps)
def test_possible_shards_are_those_of_every_earlier_shard_map(id: str, shard_map: ShardMap) -> None:
    earlier = [ShardMap(shard_map.counts[: at + 1]) for at in range(len(shard_map.counts))]
    shards = list(shard_map.possible_shards(id))

    assert shards[0] == shard_map.shard_of(id)
    assert set(shards) == {before.shard_of(id) for before in earlier}
    assert shards == sorted(set(shards), reverse=True)


@given(shard_maps)
def test_a_stored_shard_map_is_read_back(shard_map: ShardMap) -> None:
    assert ShardMap.read(str(shard_map).encode()) == shard_map


@pytest.mark.parametrize(
    "stored", [b"", b"2", b"1 ", b"1 1", b"1 3 2", b"1 x", b"1 -3", b"0 1", b"1 1025", b"1 \xff", b"1 " + b"9" * 9_999]
)
def test_text_that_is_not_a_shard_map_is_refused(stored: bytes) -> None:
    assert ShardMap.read(stored) is None


def test_a_queue_without_a_stored_shard_map_has_one_shard() -> None:
    assert ShardMap.read(None) == ShardMap((1,))


def test_no_queue_can_have_the_name_of_a_shard() -> None:
    shard = keys_of("mail", 3).waiting

    assert keys_of("mail", 0) == keys_of("mail")
    assert shard == "redisched:{mail/3}:waiting"
    with pytest.raises(ValueError, match="letters, digits"):
        check_queue("queue", "mail/3")
