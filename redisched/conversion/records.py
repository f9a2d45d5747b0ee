"""The forms of what has fields: dataclasses, named tuples and typed dicts. All travel as dicts.

Old and new versions of a program may meet while a new one is rolled out. So in a worker a field that is missing gets
its default, and one that is not known is left out. A producer that gives one which is not known has misspelled it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple, NotRequired, Required, get_origin, get_type_hints

from redisched.conversion.form import Form, FormOf, Mismatch, Unsupported

_AS_DICT = frozenset({dict})


class Surplus(Enum):
    """What becomes of fields that came and that a record does not have."""

    LEFT_OUT = auto()
    REFUSED = auto()


class Field(NamedTuple):
    """A field of a record. If it is not required, its record has a default or can do without it."""

    name: str
    form: Form
    is_required: bool


def dataclass(kind: Any, form_of: FormOf, surplus: Surplus) -> Form:
    """A dataclass travels as its fields. Those that its `__init__` does not take are computed again."""
    hints = _hints_of(kind)
    known = [field for field in dataclasses.fields(kind) if field.init]
    if any(type(hint) is dataclasses.InitVar for hint in hints.values()):
        raise Unsupported(kind.__qualname__, "what an InitVar was given is not kept, so it could not be made again")
    fields = [Field(field.name, form_of(hints[field.name]), _is_required(field)) for field in known]

    def encode(value: Any) -> Any:
        _exactly(kind, value)
        return _encoded(kind, value, {field.name: getattr(value, field.name) for field in fields}, fields)

    return _record(kind, fields, surplus, encode)


def named_tuple(kind: Any, form_of: FormOf, surplus: Surplus) -> Form:
    """A NamedTuple travels as its fields, by their names."""
    hints = _hints_of(kind)
    defaults = kind._field_defaults
    fields = [Field(name, form_of(hints.get(name, Any)), name not in defaults) for name in kind._fields]

    def encode(value: Any) -> Any:
        return _encoded(kind, value, _exactly(kind, value)._asdict(), fields)

    return _record(kind, fields, surplus, encode)


def typed_dict(kind: Any, form_of: FormOf, surplus: Surplus) -> Form:
    """A TypedDict is a dict with a form for each key."""
    stated = get_type_hints(kind, include_extras=True)
    fields = [Field(name, form_of(hint), _must_be(kind, name, stated)) for name, hint in _hints_of(kind).items()]
    words, names = kind.__qualname__, {field.name for field in fields}

    def encode(value: Any) -> Any:
        if type(value) is not dict or not value.keys() <= names:
            raise Mismatch(words, value)
        return _encoded(kind, value, value, fields)

    def decode(value: Any) -> Any:
        return _decoded(kind, value, fields, surplus)

    is_plain = all(field.form.is_plain for field in fields)
    return Form(words=words, encode=encode, decode=decode, travels_as=_AS_DICT, is_plain=is_plain)


def _record(kind: Any, fields: list[Field], surplus: Surplus, encode: Callable[[Any], Any]) -> Form:
    def decode(value: Any) -> Any:
        if type(value) is kind:
            return value
        given = _decoded(kind, value, fields, surplus)
        try:
            return kind(**given)
        except Exception as error:
            raise Mismatch(kind.__qualname__, value, f"{type(error).__name__}: {error}") from error

    return Form(words=kind.__qualname__, encode=encode, decode=decode, travels_as=_AS_DICT)


def _exactly(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        # One of a subclass would come back as one of this class.
        raise Mismatch(kind.__qualname__, value)
    return value


def _encoded(kind: Any, value: Any, held: Mapping[str, Any], fields: list[Field]) -> dict[str, Any]:
    return _converted(kind, value, held, [(name, form.encode, is_required) for name, form, is_required in fields])


def _decoded(kind: Any, value: Any, fields: list[Field], surplus: Surplus) -> dict[str, Any]:
    if type(value) is not dict:
        raise Mismatch(kind.__qualname__, value)
    if surplus is Surplus.REFUSED:
        names = [field.name for field in fields]
        for name in value:
            if name not in names:
                said = f"it has {', '.join(names) or 'no fields'}, and no {name!r:.60}"
                raise Mismatch(kind.__qualname__, value, said)
    return _converted(kind, value, value, [(name, form.decode, is_required) for name, form, is_required in fields])


def _converted(
    kind: Any, value: Any, held: Mapping[str, Any], fields: list[tuple[str, Callable[[Any], Any], bool]]
) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for name, convert, is_required in fields:
        if name in held:
            try:
                converted[name] = convert(held[name])
            except Mismatch as error:
                raise error.within(f".{name}") from None
        elif is_required:
            raise Mismatch(kind.__qualname__, value, f"{name} is missing")
    return converted


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _must_be(kind: Any, name: str, stated: dict[str, Any]) -> bool:
    # `__required_keys__` does not see what is written as a text, as all annotations in some modules are.
    origin = get_origin(stated[name])
    return origin is Required or (origin is not NotRequired and name in kind.__required_keys__)


def _hints_of(kind: Any) -> dict[str, Any]:
    try:
        return get_type_hints(kind)
    except (NameError, TypeError) as error:
        raise Unsupported(kind.__qualname__, f"its fields cannot be read: {error}") from None
