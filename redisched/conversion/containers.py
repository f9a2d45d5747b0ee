"""The forms of what holds other values: lists, tuples, sets, dicts and unions."""

from collections.abc import Callable, Iterable
from typing import Any

from redisched.conversion.form import Form, Mismatch, Unsupported
from redisched.packing import check_hashes, pack

_NOTHING = frozenset({type(None)})


def row(accepted: tuple[type, ...], member: Form) -> Form:
    """A list or tuple of any length, which stays the one it is if both are `accepted`, and travels as such. Where one
    of them alone is accepted, the other is turned into it.
    """
    make: Callable[[Any], Any] = accepted[0]
    words = f"{accepted[0].__name__}[{member.words}]"

    def encode(values: Any) -> Any:
        if type(values) not in accepted:
            raise Mismatch(words, values)
        return type(values)(_each(member.encode, values))

    def decode(values: Any) -> Any:
        if type(values) in accepted:
            return type(values)(_each(member.decode, values))
        if type(values) not in (list, tuple):
            raise Mismatch(words, values)
        return make(_each(member.decode, values))

    is_plain = member.is_plain and list in accepted
    return Form(words=words, encode=encode, decode=decode, travels_as=frozenset(accepted), is_plain=is_plain)


def fixed_tuple(members: list[Form]) -> Form:
    """A tuple with a form for each place."""
    words = f"tuple[{', '.join(one.words for one in members) or '()'}]"

    def converted(ways: list[Callable[[Any], Any]], values: Any, kinds: tuple[type, ...]) -> Any:
        if type(values) not in kinds or len(values) != len(ways):
            raise Mismatch(words, values)
        return tuple(_at(f"[{place}]", way, one) for place, (way, one) in enumerate(zip(ways, values, strict=True)))

    encoders, decoders = [one.encode for one in members], [one.decode for one in members]
    return Form(
        words=words,
        encode=lambda values: converted(encoders, values, (tuple,)),
        decode=lambda values: converted(decoders, values, (tuple, list)),
        travels_as=frozenset({tuple}),
    )


def members_of(accepted: tuple[type, ...], member: Form) -> Form:
    """A set or frozenset. If its members do not travel as they are, it travels as a list in the order of their bytes:
    what they become may not be hashable, and equal sets are equal bytes.
    """
    make: Callable[[Any], Any] = accepted[0]
    words = f"{accepted[0].__name__}[{member.words}]"

    def encode(values: Any) -> Any:
        if type(values) not in accepted:
            raise Mismatch(words, values)
        encoded = [_at("{...}", member.encode, one) for one in values]
        return type(values)(encoded) if member.is_plain else sorted(encoded, key=pack)

    def decode(values: Any) -> Any:
        if type(values) not in (set, frozenset, list, tuple):
            raise Mismatch(words, values)
        kind = type(values) if type(values) in accepted else make
        decoded = _each(member.decode, values)
        try:
            check_hashes(decoded)
            return kind(decoded)
        except (TypeError, ValueError) as error:
            raise Mismatch(words, values, str(error)) from None

    travels_as = frozenset(accepted) if member.is_plain else frozenset({list})
    return Form(words=words, encode=encode, decode=decode, travels_as=travels_as)


def mapping(key: Form, value: Form) -> Form:
    """A dict. With keys that do not travel as text or bytes, it travels as a list of pairs."""
    words = f"dict[{key.words}, {value.words}]"
    # A key of any form can be none but text or bytes, as msgpack refuses others.
    as_pairs = key.travels_as is not None and not key.travels_as <= {str, bytes}

    def converted(way_of_key: Callable[[Any], Any], way: Callable[[Any], Any], pairs: Iterable[Any]) -> Any:
        return [(_at("<key>", way_of_key, one), _at(f"[{one!r:.40}]", way, held)) for one, held in pairs]

    def encode(values: Any) -> Any:
        if type(values) is not dict:
            raise Mismatch(words, values)
        pairs = converted(key.encode, value.encode, values.items())
        return [list(pair) for pair in pairs] if as_pairs else dict(pairs)

    def decode(values: Any) -> Any:
        try:
            pairs = values.items() if type(values) is dict else [(one, held) for one, held in values]
            decoded = converted(key.decode, value.decode, pairs)
            check_hashes([one for one, _ in decoded])
            return dict(decoded)
        except Mismatch:
            raise
        except (TypeError, ValueError):
            raise Mismatch(words, values) from None

    return Form(
        words=words,
        encode=encode,
        decode=decode,
        travels_as=frozenset({list if as_pairs else dict}),
        is_plain=key.is_plain and value.is_plain and not as_pairs,
    )


def union(members: list[Form]) -> Form:
    """One of several. The type of what came tells which of them it is, so no two may travel as the same type.

    What travels as none of these types, such as a text from a command line for a UUID, is the first that can read it.
    Raises Unsupported if two travel as the same type.
    """
    words = " | ".join(one.words for one in members)
    is_plain = all(one.is_plain for one in members)
    for number, one in enumerate(members):
        for other in members[:number]:
            if not is_plain and _are_alike(one, other):
                reason = f"{other.words} and {one.words} could not be told apart when they come back"
                raise Unsupported(words, f"{reason}; annotate one of them, or a dataclass that has a field for each")
    # None comes first, as it is the quickest to tell.
    ordered = sorted(members, key=lambda one: one.travels_as != _NOTHING)

    def encode(value: Any) -> Any:
        return _first([one.encode for one in ordered], words, value)

    def decode(value: Any) -> Any:
        meant = [one.decode for one in ordered if one.travels_as is None or type(value) in one.travels_as]
        return _first(meant or [one.decode for one in ordered], words, value)

    kinds = [one.travels_as for one in members]
    known = None if None in kinds else frozenset[type]().union(*(kind for kind in kinds if kind is not None))
    return Form(words=words, encode=encode, decode=decode, travels_as=known, is_plain=is_plain)


def _are_alike(one: Form, other: Form) -> bool:
    if one.travels_as is None or other.travels_as is None:
        return True
    return bool(one.travels_as & other.travels_as)


def _first(ways: list[Callable[[Any], Any]], words: str, value: Any) -> Any:
    deepest: Mismatch | None = None
    for way in ways:
        try:
            return way(value)
        except Mismatch as error:
            # The one that came furthest is what the value was meant to be.
            deepest = error if deepest is None or len(error.place) > len(deepest.place) else deepest
    if deepest is not None and (deepest.place or len(ways) == 1):
        raise deepest
    raise Mismatch(words, value)


def _each(way: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    return [_at(f"[{place}]", way, one) for place, one in enumerate(values)]


def _at(place: str, way: Callable[[Any], Any], value: Any) -> Any:
    try:
        return way(value)
    except Mismatch as error:
        raise error.within(place) from None
