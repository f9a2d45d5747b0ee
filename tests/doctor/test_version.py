"""Which versions have which of the known flaws."""

import pytest

from redisched.doctor.finding import Level
from redisched.doctor.version import check_version

ESCAPE, FORGERY, EVICTION = "CVE-2025-49844", "CVE-2025-67733", "CVE-2026-23479"


def told(**info: str) -> list[str]:
    return [finding.sentence for finding in check_version(info)]


@pytest.mark.parametrize(
    ("version", "flaws"),
    [
        ("6.2.19", [ESCAPE]),
        ("6.2.20", []),
        ("7.0.15", [ESCAPE]),
        ("7.2.10", [ESCAPE, EVICTION]),
        ("7.2.11", [EVICTION]),
        ("7.2.14", []),
        ("8.0.4", [EVICTION]),
        ("8.2.1", [ESCAPE, EVICTION]),
        ("8.4.0", [EVICTION]),
        ("8.6.3", []),
        ("8.10.1", []),
        ("9.0.0", []),
    ],
)
def test_known_flaws_of_redis_versions(version: str, flaws: list[str]) -> None:
    findings = check_version({"redis_version": version})

    assert [flaw for flaw in (ESCAPE, FORGERY, EVICTION) if any(flaw in one.sentence for one in findings)] == flaws
    assert {finding.level for finding in findings} == ({Level.WARNING} if flaws else {Level.OK})


@pytest.mark.parametrize(
    ("version", "flaws"),
    [
        ("7.2.10", [ESCAPE, FORGERY, EVICTION]),
        ("8.1.3", [ESCAPE, FORGERY, EVICTION]),
        ("8.1.4", [FORGERY, EVICTION]),
        ("8.1.7", []),
        ("9.0.1", [FORGERY, EVICTION]),
        ("9.0.3", [EVICTION]),
        ("9.1.0", []),
    ],
)
def test_known_flaws_of_valkey_versions(version: str, flaws: list[str]) -> None:
    findings = check_version({"server_name": "valkey", "redis_version": "7.2.4", "valkey_version": version})

    assert [flaw for flaw in (ESCAPE, FORGERY, EVICTION) if any(flaw in one.sentence for one in findings)] == flaws


def test_the_advice_is_the_next_fixed_release_of_the_same_branch_if_possible() -> None:
    assert "upgrade to 7.4.6 or later" in told(redis_version="7.4.1")[0]
    assert "upgrade to 7.2.11 or later" in told(redis_version="7.0.15")[0]


def test_a_version_that_is_too_old_is_a_danger() -> None:
    (finding,) = check_version({"redis_version": "6.0.16"})

    assert finding.level is Level.DANGER
    assert "6.2.0" in finding.sentence


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"redis_version": "unstable"},
        {"server_name": "newcomer", "redis_version": "7.2.4"},
        {"redis_version": "7.4.0", "dragonfly_version": "df-1.2"},
    ],
)
def test_an_unknown_version_is_a_warning(info: dict[str, str]) -> None:
    (finding,) = check_version(info)

    assert finding.level is Level.WARNING
