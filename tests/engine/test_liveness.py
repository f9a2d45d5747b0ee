"""How long a process has been silent, for a supervisor that may have been stopped itself."""

from redisched.engine.liveness import MOMENT_S, Liveness


def test_a_process_is_not_silent_before_its_first_sign_of_life() -> None:
    liveness = Liveness()
    assert [liveness.check(0.0, now_s) for now_s in (1.0, 2.0, 3.0)] == [0.0] * 3


def test_silence_lasts_from_one_sign_of_life_to_the_next() -> None:
    liveness = Liveness()
    heard = [liveness.check(sign_s, now_s) for sign_s, now_s in ((5.0, 5.5), (5.0, 6.5), (5.0, 7.0), (7.5, 7.75))]
    assert heard == [0.0, 1.0, 1.5, 0.0]


def test_time_in_which_the_supervisor_did_not_listen_is_not_silence() -> None:
    liveness = Liveness()
    liveness.check(5.0, 5.5)
    assert liveness.check(5.0, 3_600.0) == MOMENT_S


def test_a_new_process_is_not_silent_before_its_first_sign_either() -> None:
    liveness = Liveness()
    liveness.check(5.0, 5.5)
    liveness.check(5.0, 7.0)
    assert liveness.check(0.0, 7.5) == 0.0
