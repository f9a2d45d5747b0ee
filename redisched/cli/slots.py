"""Prints the next slots of a schedule as a table."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from redisched.cli.tables import print_table
from redisched.times import relative
from redisched.timetable.zone import UTC_NAME, zone_of


def print_slots(slots_ms: Sequence[int], zone: str, now_ms: int) -> None:
    """Print slots as a table, each in its zone and in UTC."""
    tz = zone_of(zone)
    rows: list[tuple[str, ...]] = [
        (_shown(_moment(slot_ms, tz)), _shown(_moment(slot_ms, UTC).replace(tzinfo=None)), relative(slot_ms, now_ms))
        for slot_ms in slots_ms
    ]
    headings: tuple[str, ...] = (zone.upper(), UTC_NAME, "FROM NOW")
    if zone == UTC_NAME:
        headings, rows = headings[1:], [row[1:] for row in rows]
    print_table(headings, rows)


def _moment(slot_ms: int, tz: tzinfo) -> datetime:
    return datetime.fromtimestamp(slot_ms / 1_000, tz)


def _shown(moment: datetime) -> str:
    weekday = moment.strftime("%a")
    return f"{weekday} {moment.isoformat(sep=' ', timespec='milliseconds' if moment.microsecond else 'seconds')}"
