"""What a handler has told and was not sent yet: the newest progress, and the newest lines."""

from redisched.engine.report_buffer import Pending, ReportBuffer
from redisched.progress import MOST_BYTES, MOST_LINES, decode_lines, decode_progress, encode_lines


class Telling:
    """A buffer, and how often it told that there is something to send."""

    def __init__(self) -> None:
        self.now_ms = 1_000.0
        self.times = 0
        self.buffer = ReportBuffer(2, lambda: self.now_ms, self._told)

    def _told(self) -> None:
        self.times += 1

    def pending(self) -> Pending:
        pending = self.buffer.pending()
        assert pending is not None
        return pending

    def texts(self) -> list[str]:
        return [line.text for line in decode_lines(self.pending().lines, 1)]


def test_of_many_calls_the_last_progress_is_sent_and_one_call_tells_of_it() -> None:
    telling = Telling()
    for done in range(1_000):
        telling.now_ms += 1
        telling.buffer.progress(done, 1_000, f"step {done}")

    found = decode_progress(telling.pending().progress)
    assert found is not None
    assert (found.done, found.note, found.attempt, found.at_ms) == (999, "step 999", 2, 2_000)
    assert (found.began_done, found.began_ms) == (0, 1_001)
    assert telling.times == 1


def test_what_was_sent_is_not_sent_again() -> None:
    telling = Telling()
    telling.buffer.progress(1, 2, "")
    telling.buffer.log("one")

    telling.buffer.sent(telling.pending())
    assert telling.buffer.pending() is None

    telling.buffer.log("two")
    pending = telling.pending()
    assert (pending.number, pending.progress, telling.texts(), telling.times) == (1, b"", ["two"], 2)


def test_what_is_told_while_it_is_sent_stays() -> None:
    telling = Telling()
    telling.buffer.progress(1, 2, "")
    telling.buffer.log("one")
    sending = telling.pending()
    telling.buffer.progress(2, 2, "")
    telling.buffer.log("two")

    telling.buffer.sent(sending)

    assert (telling.pending().number, telling.texts(), bool(telling.pending().progress)) == (1, ["two"], True)


def test_what_may_not_have_arrived_is_sent_again_under_its_numbers() -> None:
    telling = Telling()
    telling.buffer.log("one")
    telling.pending()
    telling.buffer.log("two")

    assert (telling.pending().number, telling.texts()) == (0, ["one", "two"])


def test_the_oldest_lines_are_dropped_beyond_what_a_log_may_have() -> None:
    telling = Telling()
    telling.buffer.log("\n".join(map(str, range(MOST_LINES + 3))))
    assert (telling.pending().number, len(telling.texts())) == (3, MOST_LINES)

    telling.buffer.log("x" * 1_500 + ("\n" + "x" * 1_500) * 20)
    assert MOST_BYTES - 1_600 < len(telling.pending().lines) <= MOST_BYTES


def test_lines_dropped_while_others_are_sent_are_not_counted_twice() -> None:
    telling = Telling()
    telling.buffer.log("one")
    sending = telling.pending()
    telling.buffer.log("\n".join(map(str, range(MOST_LINES))))

    telling.buffer.sent(sending)

    assert (telling.pending().number, len(telling.texts())) == (1, MOST_LINES)


def test_with_another_total_or_from_the_start_the_pace_is_counted_anew() -> None:
    telling = Telling()
    began = []
    for done, total in ((1, 10), (5, 10), (2, 10), (4, 10), (5, 20)):
        telling.now_ms += 100
        telling.buffer.progress(done, total, "")
        found = decode_progress(telling.pending().progress)
        assert found is not None
        began.append((found.began_done, found.began_ms))

    assert began == [(1, 1_100), (1, 1_100), (2, 1_300), (2, 1_300), (5, 1_500)]


def test_what_another_process_told_is_taken_over_with_the_lines_that_it_dropped() -> None:
    telling = Telling()
    lines = b"".join(encode_lines("one\ntwo", 2, 5))
    telling.buffer.merge(0, b"progress", lines)
    assert (telling.pending()[:3], telling.times) == ((0, b"progress", lines), 1)

    telling.buffer.merge(7, b"", lines)
    assert telling.pending()[:3] == (7, b"progress", lines)

    telling.buffer.merge(0, b"newer", b"")
    assert telling.pending()[:3] == (7, b"newer", lines)


def test_after_the_attempt_nothing_is_taken() -> None:
    telling = Telling()
    telling.buffer.log("one")

    telling.buffer.close()
    telling.buffer.log("two")
    telling.buffer.progress(1, 2, "")

    assert telling.buffer.pending() is None
