"""What workers say of themselves is bounded, and what others have written there is not believed."""

import pytest

from redisched.errors import Undecodable
from redisched.packing import pack_own
from redisched.store.presence import (
    MOST_BYTES,
    MOST_NAMES,
    Deployment,
    Presence,
    decode_deployment,
    decode_presence,
    digest_of,
)

WHOLE = Deployment(
    version="1.0",
    app_version="7f3c",
    format=3,
    codec="json",
    queues=("mail",),
    handlers=("send",),
)


def test_what_was_encoded_is_decoded() -> None:
    presence = Presence(host="host", pid=7, up_ms=5, slots=16, deployment="d", live_ms=15_000)

    assert decode_deployment(WHOLE.encode()) == WHOLE
    assert decode_presence(presence.encode()) == presence


def test_the_digest_is_that_of_everything_that_is_served() -> None:
    assert digest_of(WHOLE.encode()) == digest_of(decode_deployment(WHOLE.encode()).encode())
    assert digest_of(WHOLE.encode()) != digest_of(Deployment().encode())


@pytest.mark.parametrize("length", [10, 200])
def test_of_many_names_only_some_are_told_and_how_many_more_there_are(length: int) -> None:
    names = tuple(f"{number:0{length}}" for number in range(5_000))

    encoded = Deployment(queues=names, handlers=names).encode()

    told = decode_deployment(encoded)
    assert len(encoded) <= MOST_BYTES
    assert 0 < len(told.handlers) <= MOST_NAMES
    assert told.handlers == names[: len(told.handlers)]
    assert (len(told.handlers) + told.more_handlers, len(told.queues) + told.more_queues) == (5_000, 5_000)


def test_what_only_later_versions_say_is_left_out() -> None:
    assert decode_deployment(pack_own({"handlers": ["send", 7], "colour": "red"})) == Deployment(handlers=("send",))
    assert decode_presence(pack_own({"pid": 7, "counts": {"mail": 3}})) == Presence(pid=7)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xc1",
        b"\x01",
        pack_own([1]),
        pack_own({"queues": "mail", "pid": "7"}),
        pack_own({"format": "3", "slots": "3"}),
    ],
)
def test_what_another_program_wrote_is_undecodable(stored: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_deployment(stored)
    with pytest.raises(Undecodable):
        decode_presence(stored)
