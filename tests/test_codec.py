"""Encoded values are decoded unchanged, and hostile bytes do no harm."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.codec import (
    DIGEST_BYTES,
    decode_failure,
    decode_outcome,
    decode_task,
    digest_of,
    encode_failure,
    encode_outcome,
    encode_task,
    fingerprint_suffix_of,
)
from redisched.errors import NotEncodable, PayloadTooLarge, Undecodable
from redisched.model import Failure, Outcome, TaskBody, TaskState

LIMIT = 256 * 1024
DIGEST = bytes(DIGEST_BYTES)

texts = st.text(st.characters(exclude_categories=["Cs"]))
hashables = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    texts,
    st.binary(),
    st.uuids(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)
values = st.recursive(
    st.one_of(hashables, st.sets(hashables)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(texts, st.binary()), inner)),
    max_leaves=20,
)
counts = st.integers(0, 2**53)
optional_counts = st.one_of(st.none(), counts)


def record_of(body: TaskBody) -> bytes:
    return DIGEST + encode_task(body, LIMIT)


@given(
    st.builds(
        TaskBody,
        texts,
        st.lists(values, max_size=4),
        st.dictionaries(texts, values, max_size=3),
        optional_counts,
        optional_counts,
        optional_counts,
    )
)
def test_a_task_is_decoded_unchanged(body: TaskBody) -> None:
    assert decode_task(record_of(body), LIMIT) == body


@given(st.builds(Outcome, st.sampled_from(TaskState), texts, counts, texts, counts, counts, values))
def test_an_outcome_is_decoded_unchanged(outcome: Outcome) -> None:
    assert decode_outcome(encode_outcome(outcome, LIMIT)) == outcome


@given(
    st.builds(
        Failure,
        name=texts,
        error=texts,
        traceback=texts,
        attempt=counts,
        worker=texts,
        failed_ms=counts,
        reason=texts,
    )
)
def test_a_failure_is_decoded_unchanged(failure: Failure) -> None:
    assert decode_failure(encode_failure(failure)) == failure


class Custom:
    pass


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        Custom(),
        "\ud800",
        datetime(2027, 1, 1),
        {1: "a"},
        {None: 1},
        [Custom()],
        {"a": {"b": Custom()}},
        {Custom},
        {(1, 2): 3},
        lambda: 0,
        1j,
        range(3),
        timedelta(1),
        date,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_cannot_be_encoded_is_refused_with_its_argument(value: Any) -> None:
    with pytest.raises(NotEncodable) as caught:
        encode_task(TaskBody("mail.send", [1, value]), LIMIT)
    assert caught.value.argument == "args[1] of mail.send"

    with pytest.raises(NotEncodable) as caught:
        encode_task(TaskBody("mail.send", [1], {"to": value}), LIMIT)
    assert caught.value.argument == "kwargs['to'] of mail.send"

    with pytest.raises(NotEncodable):
        encode_outcome(Outcome(TaskState.SUCCEEDED, "mail.send", result=value), LIMIT)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_value_nested_too_deep_or_containing_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (nested(100_000), endless):
        with pytest.raises(NotEncodable):
            encode_task(TaskBody("f", [value]), LIMIT)


def test_a_size_is_compared_with_the_limit_exactly() -> None:
    body = TaskBody("f", ["x" * 100])
    size = len(encode_task(body, LIMIT))

    assert decode_task(DIGEST + encode_task(body, size), size) == body
    with pytest.raises(PayloadTooLarge) as caught:
        encode_task(body, size - 1)
    assert (caught.value.size, caught.value.limit) == (size, size - 1)
    with pytest.raises(Undecodable):
        decode_task(record_of(body), size - 1)


@pytest.mark.parametrize("stored", [b"", DIGEST, DIGEST[:-1]])
def test_a_record_without_a_body_is_undecodable(stored: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_task(stored, LIMIT)


def extension(code: int, data: bytes) -> bytes:
    packed: bytes = msgpack.packb(msgpack.ExtType(code, data))
    return packed


def sets_in_sets(depth: int) -> bytes:
    data = msgpack.packb(1)
    for _ in range(depth):
        data = extension(3, b"\x91" + data)
    return bytes(data)


HOSTILE = [
    b"\xdd\xff\xff\xff\xff",  # a list with a declared length of four billion items
    b"\xdf\xff\xff\xff\xff",  # a map with such a length
    b"\xc6\xff\xff\xff\xff",  # bytes with such a length
    b"\x91" * 200_000,
    sets_in_sets(5_000),
    extension(1, b"short"),
    extension(2, b"not a number"),
    extension(2, b"\xff"),
    extension(3, b"\x91\x90"),
    extension(3, b""),
    extension(4, b"2027-13-45"),
    extension(77, b"unknown"),
    b"\xc7\x0c\xff" + b"\xff" * 12,  # a time beyond every calendar
    b"\x82\x01\x02\x03\x04",
    msgpack.packb([1, [], {}]),
    msgpack.packb(["f", {}, {}]),
    msgpack.packb(["f", [], []]),
    msgpack.packb(["f", [], {}, {"timeout_ms": -1}]),
    msgpack.packb(["f", [], {}, {"timeout_ms": True}]),
    msgpack.packb(["f", [], {}, {"timeout_ms": 1.5}]),
    msgpack.packb(["f", [], {}, {"keep": "everything"}]),
    msgpack.packb(["f", [], {}, ["timeout_ms"]]),
    msgpack.packb({"name": 1, "error": "e"}),
    msgpack.packb({"name": "f", "error": None}),
    msgpack.packb({"name": "f", "error": "e", "attempt": "many"}),
    msgpack.packb(["exploded", "f"]),
    msgpack.packb(["succeeded", 5]),
    msgpack.packb(["succeeded", "f", "many"]),
    msgpack.packb(["succeeded", "f", 1, "w", None, 0, None]),
    msgpack.packb(["succeeded", "f", 1, "w", 0, 0, None, "more", "and more"]),
    msgpack.packb([]),
    msgpack.packb(None),
    msgpack.packb(["f", []]) + b"\x00",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda stored: stored[:12].hex())
def test_known_tricks_are_undecodable(hostile: bytes) -> None:
    for decode in (lambda stored: decode_task(DIGEST + stored, LIMIT), decode_outcome, decode_failure):
        with pytest.raises(Undecodable):
            decode(hostile)


def test_fields_that_a_newer_version_added_are_ignored() -> None:
    body = decode_task(DIGEST + msgpack.packb(["f", [], {}, {"timeout_ms": 5, "surprise": 1}]), LIMIT)
    failure = decode_failure(msgpack.packb({"name": "f", "error": "e", "surprise": 1}))

    assert body == TaskBody("f", [], {}, timeout_ms=5)
    assert failure == Failure(name="f", error="e")


def is_task(body: TaskBody) -> bool:
    limits = (body.max_attempts, body.timeout_ms, body.retention_ms)
    whole = all(limit is None or (type(limit) is int and limit >= 0) for limit in limits)
    return whole and isinstance(body.name, str) and isinstance(body.args, list) and isinstance(body.kwargs, dict)


def is_outcome(outcome: Outcome) -> bool:
    numbers = (outcome.attempt, outcome.started_ms, outcome.ended_ms)
    return all(type(number) is int for number in numbers) and isinstance(outcome.name, str)


def is_failure(failure: Failure) -> bool:
    return all(isinstance(text, str) for text in (failure.name, failure.error, failure.traceback, failure.reason))


hostile_bytes = st.one_of(
    st.binary(max_size=200), values.map(lambda value: encode_task(TaskBody("f", [value]), LIMIT)[3:])
)


@given(hostile_bytes)
def test_bytes_are_decoded_to_the_expected_type_or_refused(stored: bytes) -> None:
    for decode, is_right in (
        (lambda stored: decode_task(DIGEST + stored, LIMIT), is_task),
        (decode_outcome, is_outcome),
        (decode_failure, is_failure),
    ):
        try:
            decoded: Any = decode(stored)
        except Undecodable:
            continue
        assert is_right(decoded)


def test_a_digest_depends_on_body_priority_and_time() -> None:
    digests = {
        digest_of(b"a", fingerprint_suffix_of(5, "+0")),
        digest_of(b"b", fingerprint_suffix_of(5, "+0")),
        digest_of(b"a", fingerprint_suffix_of(6, "+0")),
        digest_of(b"a", fingerprint_suffix_of(5, "+1")),
        digest_of(b"a", fingerprint_suffix_of(5, "@0")),
    }

    assert len(digests) == 5
    assert {len(digest) for digest in digests} == {DIGEST_BYTES}
    assert digest_of(b"a", fingerprint_suffix_of(5, "+0")) in digests


def test_a_uuid_and_a_decimal_keep_every_digit() -> None:
    given = [UUID(int=2**128 - 1), Decimal("1.10"), Decimal("-0"), Decimal("1E+400")]
    returned = decode_task(record_of(TaskBody("f", given)), LIMIT).args

    assert [str(value) for value in returned] == [str(value) for value in given]
