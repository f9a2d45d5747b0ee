"""A value is decoded equal and of its type, or refused; equal values give equal bytes; hostile bytes do no harm."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import PurePath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgpack
import pytest

from redisched.codec import DIGEST_BYTES, decode_outcome, decode_task, encode_outcome, encode_task
from redisched.errors import NotEncodable, Undecodable
from redisched.model import Outcome, TaskBody, TaskState
from redisched.packing import pack

LIMIT = 256 * 1024
DIGEST = bytes(DIGEST_BYTES)


def record_of(body: TaskBody) -> bytes:
    return DIGEST + encode_task(body, LIMIT)


class Point(NamedTuple):
    x: int
    y: int


class Colour(IntEnum):
    RED = 1


class Shade(StrEnum):
    DARK = "dark"


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Row(list[int]):
    pass


class Moment(datetime):
    pass


BERLIN = ZoneInfo("Europe/Berlin")
SAME = [
    (1, 2),
    (1, (2, (3, [4, (5,)]))),
    {"a": (1, {"b": (2,)})},
    frozenset({1, "a"}),
    {(1, 2), (3, 4)},
    {frozenset({1}), frozenset({2})},
    datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    datetime(2027, 1, 1, 12, 30, 1, 5, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
    datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN, fold=0),
    datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN, fold=1),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    -0.0,
    Decimal("1.50"),
    Decimal("-0"),
    True,
    {b"key": b"value"},
    (),
    [()],
    set(),
]
CHANGED = [
    Point(1, 2),
    Colour.RED,
    Shade.DARK,
    Text("a"),
    Whole(1),
    Real(1),
    Row([1]),
    OrderedDict(a=1),
    defaultdict(int, a=1),
    bytearray(b"a"),
    memoryview(b"a"),
    Moment(2027, 1, 1, tzinfo=UTC),
    datetime(2027, 1, 1),
    timedelta(1),
    time(1),
    deque([1]),
    PurePath("a"),
]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, with the same types at every level and the same time zones."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, list | tuple):
        return all(map(same, one, other))
    if isinstance(one, dict):
        return all(same(value, other[key]) for key, value in one.items())
    return isinstance(one, set | frozenset) or repr(one) == repr(other)


@pytest.mark.parametrize("value", SAME, ids=range(len(SAME)))
def test_a_value_is_decoded_equal_and_of_its_type(value: Any) -> None:
    body = TaskBody("f", [value, [value], {"a": value}], {"named": value})
    read = decode_task(record_of(body), LIMIT)
    assert same([list(read.args), read.kwargs], [list(body.args), body.kwargs])
    assert same(decode_outcome(encode_outcome(Outcome(TaskState.SUCCEEDED, "f", result=value), LIMIT)).result, value)


@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: (1, v), lambda v: {"a": [v]}, lambda v: [[[v]]]]
)
@pytest.mark.parametrize("value", CHANGED, ids=lambda value: type(value).__name__)
def test_a_value_that_would_be_decoded_as_another_type_is_refused_with_its_type(
    value: Any, wrap: Callable[[Any], Any]
) -> None:
    with pytest.raises(NotEncodable, match=type(value).__name__) as caught:
        encode_task(TaskBody("f", [1, wrap(value)]), LIMIT)
    assert caught.value.argument == "args[1] of f"
    with pytest.raises(NotEncodable):
        encode_task(TaskBody("f", [], {"named": wrap(value)}), LIMIT)
    with pytest.raises(NotEncodable):
        encode_outcome(Outcome(TaskState.SUCCEEDED, "f", result=wrap(value)), LIMIT)


@pytest.mark.parametrize("key", [Colour.RED, Shade.DARK, Text("a"), (1, 2), 1], ids=range(5))
def test_a_key_that_would_be_decoded_as_another_type_is_refused(key: Any) -> None:
    with pytest.raises(NotEncodable):
        encode_task(TaskBody("f", [{key: 1}]), LIMIT)


def test_equal_sets_give_equal_bytes() -> None:
    members = ["a", "b", "c", 1, 2, 2.5, b"d", UUID(int=7), (1, "e")]
    orders = [members, members[::-1], members[4:] + members[:4]]
    assert len({encode_task(TaskBody("f", [[set(order)]]), LIMIT) for order in orders}) == 1


def in_one_hash(count: int) -> list[list[Any]]:
    modulus = 2**61 - 1
    return [
        [UUID(int=1 + number * modulus) for number in range(count)],
        [Decimal(1 + number * modulus) for number in range(count)],
        [(1 + number * modulus,) for number in range(8)] * 3 + [1.0],
    ]


def set_of(members: list[Any]) -> bytes:
    """The bytes of a set with any members."""
    inner = b"".join(map(pack, members))
    return bytes(msgpack.packb(msgpack.ExtType(3, msgpack.Packer().pack_array_header(len(members)) + inner)))


@pytest.mark.parametrize("members", in_one_hash(14_000)[:2], ids=["uuids", "decimals"])
@pytest.mark.timeout(20)
def test_many_members_of_a_set_with_the_same_hash_are_refused_both_ways(members: list[Any]) -> None:
    """Putting them into a set would block the interpreter for many seconds."""
    with pytest.raises(Undecodable, match="same hash"):
        decode_task(DIGEST + msgpack.packb(["f", [msgpack.unpackb(set_of(members))]]), LIMIT * 4)
    few = members[:40]
    with pytest.raises(NotEncodable, match="same hash"):
        encode_task(TaskBody("f", [set(few)]), LIMIT)


def test_a_large_set_of_whole_numbers_is_accepted() -> None:
    value = set(range(0, 2**40, 2**26))
    assert decode_task(record_of(TaskBody("f", [value])), LIMIT).args == [value]


def deep(make: Callable[[Any], Any], depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = make(value)
    return value


@pytest.mark.parametrize(
    ("make", "depth"),
    [(lambda v: [v], 2_000), (lambda v: {"a": v}, 2_000), (lambda v: (v,), 40), (lambda v: (v,), 5_000),
     (lambda v: frozenset({v}), 40)],
)  # fmt: skip
def test_the_error_of_a_value_nested_too_deep_says_so(make: Callable[[Any], Any], depth: int) -> None:
    with pytest.raises(NotEncodable, match="nested") as caught:
        encode_task(TaskBody("f", [deep(make, depth)]), LIMIT)
    assert caught.value.argument == "args[0] of f"
