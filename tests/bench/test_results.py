"""Results as JSON, and files that contain no results."""

import json
from pathlib import Path

import pytest

from redisched.bench.results import NotResults, read_results, to_json
from redisched.bench.scale import Scale, scale_of
from tests.bench.samples import results, round_of

MEASURED = results(round_of(50_000), round_of(70_000), round_of(90_000), once={"bytes_per_task": 155.0})


def test_typical_figures_are_at_the_top_level_of_the_json() -> None:
    found = json.loads(to_json(MEASURED))

    assert found["enqueue_many_per_s"] == 70_000
    assert found["floor"] == {"enqueue_per_s": 100_000, "claim_ack_per_s": 80_000}
    assert found["bytes_per_task"] == 155


def test_spreads_ratios_targets_and_every_round_are_in_the_json_too() -> None:
    found = json.loads(to_json(MEASURED))

    assert found["spread"]["enqueue_many_per_s"] == {"median": 70_000, "min": 50_000, "max": 90_000, "rounds": 3}
    assert found["spread"]["bytes_per_task"]["rounds"] == 1
    assert found["ratios"]["enqueue_many_per_s"] == {
        "beside": "floor.enqueue_per_s",
        "median": 0.7,
        "min": 0.5,
        "max": 0.9,
        "rounds": 3,
    }
    assert found["targets"] == {
        "enqueue_many_per_s": {"target": ">= 0.6x", "reached": True},
        "bytes_per_task": {"target": "<= 260", "reached": True},
    }
    assert found["rounds"] == [round_of(50_000), round_of(70_000), round_of(90_000)]
    assert found["once"] == {"bytes_per_task": 155}


def test_a_small_scale_reaches_no_target() -> None:
    found = json.loads(to_json(results(round_of(70_000), scale=scale_of(50))))

    assert found["targets"] == {"enqueue_many_per_s": {"target": ">= 0.6x", "reached": None}}


def test_written_results_are_read_back_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(to_json(MEASURED))

    assert read_results(path) == MEASURED


GOOD = json.loads(to_json(MEASURED))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not JSON"),
        ("\x80", "it is not JSON"),
        ("[]", "it is no JSON object"),
        ("{}", "it has no 'rounds'"),
        (json.dumps({"drain_async_per_s": 1.0, "machine": {}}), "it has no 'rounds'"),
        (json.dumps(GOOD | {"rounds": 3}), "its rounds are no figures"),
        (json.dumps(GOOD | {"rounds": [3]}), "its rounds are no figures"),
        (json.dumps(GOOD | {"rounds": [{"late_ms": {"p50": "1"}}]}), "its rounds are no figures"),
        (json.dumps(GOOD | {"once": [1]}), "its rounds are no figures"),
        (json.dumps(GOOD | {"scale": {"furlongs": 1}}), "its scale is none of this version; measure again"),
        (json.dumps(GOOD | {"scale": 3}), "its scale is none of this version; measure again"),
        (json.dumps(GOOD | {"machine": {"server": "x"}}), "its machine is none of this version; measure again"),
    ],
)
def test_a_file_without_results_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(NotResults) as refused:
        read_results(path)
    assert str(refused.value) == f"{path} holds no results of `redisched bench --json`: {reason}"


def test_results_keep_their_own_scale(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(to_json(results(scale=Scale(claims=7))))

    assert read_results(path).scale.claims == 7
