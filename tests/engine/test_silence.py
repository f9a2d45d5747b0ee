"""How long a process has been silent, as somebody hears it who may have slept himself."""

from redisched.engine.silence import MOMENT_S, Silence


def test_before_its_first_sign_of_life_nothing_is_expected() -> None:
    silence = Silence()
    assert [silence.listen(0.0, now_s) for now_s in (1.0, 2.0, 3.0)] == [0.0] * 3


def test_silence_lasts_from_one_sign_to_the_next() -> None:
    silence = Silence()
    heard = [silence.listen(sign_s, now_s) for sign_s, now_s in ((5.0, 5.5), (5.0, 6.5), (5.0, 7.0), (7.5, 7.75))]
    assert heard == [0.0, 1.0, 1.5, 0.0]


def test_while_nobody_listened_nobody_was_silent() -> None:
    silence = Silence()
    silence.listen(5.0, 5.5)
    assert silence.listen(5.0, 3_600.0) == MOMENT_S


def test_a_new_process_has_all_the_time_again() -> None:
    silence = Silence()
    silence.listen(5.0, 5.5)
    silence.listen(5.0, 7.0)
    assert silence.listen(0.0, 7.5) == 0.0
