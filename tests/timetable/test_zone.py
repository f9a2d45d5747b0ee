"""Time zones: near names of one that is unknown, and a machine that knows none."""

import sys
import zoneinfo
from collections.abc import Iterator

import pytest

from redisched.errors import InvalidOption
from redisched.timetable.cron import Cron
from redisched.timetable.zone import check_zone


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in [name for name in sys.modules if name.split(".")[0] == "tzdata"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Berlin", "similar: Europe/Berlin"),
        ("europe/berlin", "similar: Europe/Berlin"),
        ("Europe/Berln", "similar: Europe/Berlin"),
        ("New York", "similar: America/New_York"),
        ("Middle-earth/Shire", 'they are named as "Europe/Berlin" is'),
        ("Europe", 'they are named as "Europe/Berlin" is'),
        ("../../etc/passwd", 'they are named as "Europe/Berlin" is'),
        ("/etc/hosts", 'they are named as "Europe/Berlin" is'),
        ("localtime", "another on each machine"),
        ("posixrules", "another on each machine"),
        ("right/Europe/Berlin", "without leap seconds, which Python does not count: Europe/Berlin"),
        ("\x00", 'they are named as "Europe/Berlin" is'),
        ("\ud800", 'they are named as "Europe/Berlin" is'),
        ("", "the name of a time zone"),
        ("x" * 101, "the name of a time zone"),
        (3, "the name of a time zone"),
        (None, "the name of a time zone"),
    ],
)
def test_an_unknown_zone_is_refused_with_near_names(name: object, why: str) -> None:
    with pytest.raises(InvalidOption, match=why):
        check_zone("tz", name)


@pytest.mark.usefixtures("no_database")
def test_a_machine_without_a_database_is_told_to_install_one() -> None:
    with pytest.raises(InvalidOption, match=r"tz='Europe/Berlin': .* no tz database: pip install tzdata"):
        Cron(expression="0 3 * * *", tz="Europe/Berlin")


@pytest.mark.usefixtures("no_database")
def test_utc_needs_no_database() -> None:
    assert Cron(expression="0 3 * * *").next_after_ms(0) == 3 * 3_600_000
