"""Profiles: written by the profiled process, read by another one, shown as a table."""

from pathlib import Path

import pytest

from redisched.bench.profiles import Function, ProcessProfile, Profiles, profiled, read_profiles
from redisched.bench.scale import Scale
from tests.bench.samples import MACHINE


def spin() -> int:
    return sum(range(1_000))


def test_a_profile_contains_only_functions_that_ran_during_it(tmp_path: Path) -> None:
    with profiled(tmp_path):
        for _ in range(7):
            spin()
    list(map(len, [[]]))

    (found,) = read_profiles(tmp_path, "spinning")
    calls = {function.name: function.calls for function in found.functions}
    assert found.title == "spinning"
    assert [count for name, count in calls.items() if name.endswith(" spin")] == [7]
    assert calls["<built-in method builtins.sum>"] == 7
    assert "<built-in method builtins.len>" not in calls


def test_files_are_named_by_their_import_and_addresses_are_left_out(tmp_path: Path) -> None:
    with profiled(tmp_path):
        spin()
        tuple.__new__(tuple)

    (found,) = read_profiles(tmp_path, "spinning")
    names = {function.name for function in found.functions}
    assert any(name.startswith("tests/bench/test_profiles.py:") for name in names)
    assert "<built-in method __new__ of type object>" in names


def test_the_function_with_the_longest_own_time_comes_first(tmp_path: Path) -> None:
    with profiled(tmp_path):
        spin()

    (found,) = read_profiles(tmp_path, "spinning")
    own_s = [function.own_s for function in found.functions]
    assert own_s == sorted(own_s, reverse=True)


def test_a_profile_is_written_even_if_the_profiled_code_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), profiled(tmp_path):
        divmod(1, 0)

    assert len(list(read_profiles(tmp_path, ""))) == 1


def test_without_a_folder_nothing_is_profiled(tmp_path: Path) -> None:
    with profiled(None):
        spin()

    assert list(read_profiles(tmp_path, "")) == []


def test_the_text_has_a_title_and_shows_shares() -> None:
    functions = (Function("app.py:1 slow", 3, 0.75, 1.0), Function("app.py:9 quick", 2_000, 0.25, 0.25))
    process = ProcessProfile(title="drain: worker process", functions=functions)
    about, table = str(Profiles(processes=(process,), scale=Scale(), machine=MACHINE)).split("\n\n")

    assert about.startswith("Profile by `redisched bench`, 20,000 tasks, Valkey 9, Python 3.11, 2 cores,")
    assert table.splitlines() == [
        "drain: worker process, 1.000 s",
        "    own s  own %   total s       calls  function",
        "    0.750   75.0     1.000           3  app.py:1 slow",
        "    0.250   25.0     0.250       2,000  app.py:9 quick",
    ]
