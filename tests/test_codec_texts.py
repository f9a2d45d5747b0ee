"""The texts of errors: cut to a length, fit to be stored, and available for every exception."""

from redisched.codec import ERROR_CHARACTERS, TRACEBACK_CHARACTERS, decode_failure, describe, encode_failure
from redisched.model import Failure


def test_long_failures_keep_the_beginning_of_the_error_and_the_end_of_the_traceback() -> None:
    failure = decode_failure(
        encode_failure(Failure(name="f", error="first" + "e" * 10_000, traceback="t" * 10_000 + "last"))
    )

    assert failure.error.startswith("first")
    assert failure.traceback.endswith("last")
    assert (len(failure.error), len(failure.traceback)) == (ERROR_CHARACTERS, TRACEBACK_CHARACTERS)


def test_lone_surrogates_in_a_failure_are_replaced() -> None:
    failure = decode_failure(encode_failure(Failure(name="f\ud800", error="\udfff", traceback="a\ud800b")))

    assert (failure.name, failure.error, failure.traceback) == ("f?", "?", "a?b")


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_every_exception_is_described_even_if_its_text_fails() -> None:
    assert describe(ValueError("no")) == "ValueError: no"
    assert describe(Mute()) == "Mute: <its text cannot be had: RuntimeError>"
    assert len(describe(ValueError("x" * 10**6))) < ERROR_CHARACTERS + 20
