"""Encodes values as bytes, in msgpack with some more types. A decoded value is equal to the original and of the same
type; values for which this is not possible are refused.

A tuple stays a tuple, and a datetime keeps its offset. A subclass of an allowed type is refused, because it would come
back as that type. Equal values give equal bytes in every process, also sets.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timezone
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgpack

from redisched.lazy import LazyModule

if TYPE_CHECKING:
    import zoneinfo
else:
    zoneinfo = LazyModule("zoneinfo")

_UUID, _DECIMAL, _SET, _DATE, _TUPLE, _FROZENSET, _DATETIME = range(1, 8)
_DEEPEST = 32
"""Tuples and sets may be nested so deep. Each level needs several calls on the stack, which is limited."""
_MOST_EQUAL_HASHES = 16
"""At most so many members of a set may have the same hash: adding n of them to a set takes n * n steps."""
_BYTES_LIKE = (bytearray, memoryview)
_BYTES_MARKER = re.compile(rb"[\xc4-\xc6]")
SCALARS = frozenset({int, float, str, bytes, bool, type(None)})
"""Types whose values need no check after packing."""

ALLOWED = (
    "None, bool, int up to 64 bits, float, str, bytes, list, tuple, dict with str or bytes keys, aware datetime, date, "
    "Decimal, UUID, set or frozenset; subclasses of these are refused, as they would come back as something else"
)
ALLOWED_DEPTH = f"lists and dicts nested at most 500 levels deep, tuples and sets at most {_DEEPEST}"


class TooDeep(ValueError):
    """Raised for values that are nested too deeply."""


_packers: list[msgpack.Packer] = []


def pack(value: Any) -> bytes:
    """Encode a value. Raises TooDeep, and TypeError, ValueError or OverflowError for values that are not allowed."""
    # Packers are kept, because making one costs more than packing. Only one caller at a time uses each.
    try:
        packer = _packers.pop()
    except IndexError:
        packer = msgpack.Packer(default=_to_extension, strict_types=True)
    try:
        packed: bytes = packer.pack(value)
    except RecursionError:
        raise TooDeep from None
    except ValueError as error:
        if "recursion limit" in str(error):
            raise TooDeep from None
        raise
    _packers.append(packer)
    return packed


def pack_own(value: Any) -> bytes:
    """Encode a value of redisched's own: enums become texts and named tuples lists, and are read as such."""
    packed: bytes = msgpack.packb(value)
    return packed


def unpack(data: bytes) -> Any:
    """Decode a value. Raises ValueError or TypeError if the bytes are not an encoded value."""
    return msgpack.unpackb(data, ext_hook=_HOOKS[0], timestamp=3, strict_map_key=True)


def unpack_each(data: bytes) -> Iterator[Any]:
    """Decode the values that stand one after the other in these bytes, up to one that is cut off.

    Raises ValueError or TypeError at bytes that are no encoded value.
    """
    unpacker = msgpack.Unpacker(ext_hook=_HOOKS[0], timestamp=3, strict_map_key=True)
    unpacker.feed(data)
    while True:
        try:
            yield unpacker.unpack()
        except msgpack.OutOfData:
            return


def check(values: Iterable[Any], packed: bytes) -> None:
    """Raises TypeError or ValueError if values that were packed would come back different."""
    try:
        unpack(packed)
    except (msgpack.StackError, RecursionError):
        raise TooDeep from None
    # msgpack packs bytearray and memoryview as bytes without an error.
    if _BYTES_MARKER.search(packed):
        for value in values:
            _refuse_bytes_like(value)


def _refuse_bytes_like(value: Any) -> None:
    if isinstance(value, _BYTES_LIKE):
        raise TypeError(f"a {type(value).__name__} would come back as bytes")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_bytes_like(key)
            _refuse_bytes_like(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            _refuse_bytes_like(inner)


def in_key_order(value: Any) -> Any:
    """An equal value whose dicts have their keys in one order, also those within it: programs that build equal dicts in
    different ways pack the same bytes.
    """
    if type(value) is dict:
        return {key: in_key_order(value[key]) for key in sorted(value, key=pack)}
    if type(value) in (list, tuple):
        return type(value)(map(in_key_order, value))
    return value


def _to_extension(value: object) -> object:
    kind = _KINDS.get(type(value))
    if kind is None:
        raise TypeError(f"cannot carry a {type(value).__name__}")
    return kind(value)


def _datetime(value: datetime) -> object:
    if value.tzinfo is UTC:
        return msgpack.Timestamp.from_datetime(value)
    if value.utcoffset() is None:
        raise TypeError("a datetime needs a time zone, such as datetime.now(timezone.utc)")
    if type(value.tzinfo) is timezone:
        return msgpack.ExtType(_DATETIME, value.isoformat().encode())
    if type(value.tzinfo) is zoneinfo.ZoneInfo and value.tzinfo.key is not None:
        return msgpack.ExtType(_DATETIME, f"{value.isoformat()} {value.tzinfo.key}".encode())
    raise TypeError(f"a datetime cannot keep a time zone of type {type(value.tzinfo).__name__}")


def _members(code: int, value: set[Any] | frozenset[Any]) -> object:
    # Sorted, because the order of a set differs between processes.
    packed = sorted(map(pack, value))
    check_hashes(value)
    return msgpack.ExtType(code, msgpack.Packer().pack_array_header(len(packed)) + b"".join(packed))


_KINDS: dict[type, Callable[[Any], object]] = {
    UUID: lambda value: msgpack.ExtType(_UUID, value.bytes),
    Decimal: lambda value: msgpack.ExtType(_DECIMAL, str(value).encode()),
    date: lambda value: msgpack.ExtType(_DATE, value.isoformat().encode()),
    datetime: _datetime,
    tuple: lambda value: msgpack.ExtType(_TUPLE, pack(list(value))),
    set: partial(_members, _SET),
    frozenset: partial(_members, _FROZENSET),
}


def _unpack(data: bytes, depth: int) -> Any:
    return msgpack.unpackb(data, ext_hook=_HOOKS[depth], timestamp=3, strict_map_key=True)


def _from_extension(depth: int, code: int, data: bytes) -> object:
    flat = _FLAT.get(code)
    if flat is not None:
        return flat(data.decode()) if code != _UUID else UUID(bytes=data)
    if depth == _DEEPEST:
        raise TooDeep(f"nested more than {_DEEPEST} levels deep")
    if code == _TUPLE:
        return tuple(_list(data, depth))
    if code == _SET:
        return set(_hashable(data, depth))
    if code == _FROZENSET:
        return frozenset(_hashable(data, depth))
    raise ValueError(f"unknown extension type {code}")


def _list(data: bytes, depth: int) -> list[Any]:
    members = _unpack(data, depth + 1)
    if not isinstance(members, list):
        raise TypeError("not the members of a tuple or a set")
    return members


def _hashable(data: bytes, depth: int) -> list[Any]:
    members = _list(data, depth)
    check_hashes(members)
    return members


def check_hashes(members: Any) -> None:
    """Raises ValueError if too many members of a set have the same hash, by chance or by intention. Whole numbers that
    are equal modulo 2^61 - 1 have the same hash.
    """
    if len(members) > _MOST_EQUAL_HASHES and max(Counter(map(hash, members)).values()) > _MOST_EQUAL_HASHES:
        raise ValueError(f"more than {_MOST_EQUAL_HASHES} members of a set have the same hash; use a list")


def _datetime_of(text: str) -> datetime:
    iso, _, key = text.partition(" ")
    moment = datetime.fromisoformat(iso)
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    if not key:
        return moment
    # What a clock shows is kept, also in the hour that a change of the clocks skips. If the zone has changed since, and
    # the offset is another one, the moment is kept instead.
    zone = zoneinfo.ZoneInfo(key)
    for fold in (0, 1):
        shown = moment.replace(tzinfo=zone, fold=fold)
        if shown.utcoffset() == moment.utcoffset():
            return shown
    return moment.astimezone(zone)


_FLAT: dict[int, Callable[[str], object]] = {
    _UUID: UUID,
    _DECIMAL: Decimal,
    _DATE: date.fromisoformat,
    _DATETIME: _datetime_of,
}
_HOOKS = [partial(_from_extension, depth) for depth in range(_DEEPEST + 1)]
