"""Finds the form of an annotation."""

import collections.abc as abstract
import dataclasses
import types
from datetime import timedelta
from enum import Enum
from pathlib import PurePath
from typing import (
    Annotated,
    Any,
    Literal,
    LiteralString,
    NewType,
    ParamSpecArgs,
    ParamSpecKwargs,
    TypeVar,
    TypeVarTuple,
    Union,
    Unpack,
    get_args,
    get_origin,
    is_typeddict,
)

from redisched.conversion.containers import fixed_tuple, mapping, members_of, row, union
from redisched.conversion.form import Form, Unsupported, words_of
from redisched.conversion.models import is_pydantic, pydantic_model
from redisched.conversion.proof import runs_code
from redisched.conversion.records import Surplus, dataclass, named_tuple, typed_dict
from redisched.conversion.scalars import anything, enum, leaf, literal, path, time_span

_ROWS: dict[Any, tuple[type, ...]] = {
    list: (list,),
    tuple: (tuple,),
    abstract.Sequence: (list, tuple),
    abstract.Collection: (list, tuple),
    abstract.Iterable: (list, tuple),
    abstract.MutableSequence: (list,),
}
_SETS: dict[Any, tuple[type, ...]] = {
    set: (set,),
    frozenset: (frozenset,),
    abstract.Set: (frozenset, set),
    abstract.MutableSet: (set,),
}
_UNKNOWN = (TypeVar, ParamSpecArgs, ParamSpecKwargs)
"""What stands for types that are not known when the function is defined, as in a decorator."""
_MAPPINGS = (dict, abstract.Mapping, abstract.MutableMapping)


class Forms:
    """Finds forms. A class whose fields hold values of the class itself has one form, which knows itself.

    `surplus` says what becomes of fields that a record does not have.
    """

    def __init__(self, surplus: Surplus = Surplus.LEFT_OUT) -> None:
        self._surplus = surplus
        self.need_proof = False
        """Whether code of the application runs when values of these forms are made again."""
        self._known: dict[type, Form] = {}
        self._being_made: set[type] = set()

    def of(self, annotation: Any) -> Form:
        """The form of an annotation. Raises Unsupported."""
        annotation = _bare(annotation)
        if annotation is Any or annotation is object or isinstance(annotation, _UNKNOWN) or _is_unpacked(annotation):
            return anything()
        if annotation is None:
            annotation = types.NoneType
        if annotation is LiteralString:
            annotation = str
        if not isinstance(annotation, abstract.Hashable):
            raise Unsupported(words_of(annotation))
        origin, given = get_origin(annotation), get_args(annotation)
        if origin in (Union, types.UnionType):
            return union([self.of(one) for one in given])
        if origin is Literal:
            return literal(annotation)
        held = self._held(origin or annotation, given)
        if held is not None:
            return held
        if origin is None and isinstance(annotation, type):
            return self._of_class(annotation)
        if dataclasses.is_dataclass(origin) or is_typeddict(origin) or hasattr(origin, "_field_defaults"):
            reason = "a generic class does not travel; use one whose fields are annotated with the types themselves"
            raise Unsupported(words_of(annotation), reason)
        raise Unsupported(words_of(annotation))

    def _held(self, kind: Any, given: tuple[Any, ...]) -> Form | None:
        if kind is tuple and given and given[-1] is not ...:
            return fixed_tuple([self.of(one) for one in given if one != ()])
        if kind in _ROWS:
            return row(_ROWS[kind], self.of(given[0]) if given else anything())
        if kind in _SETS:
            return members_of(_SETS[kind], self.of(given[0]) if given else anything())
        if kind in _MAPPINGS:
            key, value = given or (Any, Any)
            return mapping(self.of(key), self.of(value))
        return None

    def _of_class(self, kind: type) -> Form:
        if kind in self._known:
            return self._known[kind]
        if kind in self._being_made:
            return self._later(kind)
        self._being_made.add(kind)
        form = self._known[kind] = self._made(kind)
        return form

    def _made(self, kind: Any) -> Form:
        if kind is timedelta:
            return time_span()
        if issubclass(kind, Enum):
            return enum(kind)
        if issubclass(kind, PurePath):
            return path(kind)
        if is_typeddict(kind):
            return typed_dict(kind, self.of, self._surplus)
        record = self._record(kind)
        if record is not None:
            self.need_proof = self.need_proof or runs_code(kind)
            return record
        form = leaf(kind)
        if form is None:
            raise Unsupported(kind.__qualname__)
        return form

    def _record(self, kind: Any) -> Form | None:
        if is_pydantic(kind):
            return pydantic_model(kind)
        if dataclasses.is_dataclass(kind):
            return dataclass(kind, self.of, self._surplus)
        if issubclass(kind, tuple) and hasattr(kind, "_field_defaults"):
            return named_tuple(kind, self.of, self._surplus)
        return None

    def _later(self, kind: type) -> Form:
        def encode(value: Any) -> Any:
            return self._known[kind].encode(value)

        def decode(value: Any) -> Any:
            return self._known[kind].decode(value)

        return Form(words=kind.__qualname__, encode=encode, decode=decode, travels_as=frozenset({dict}))


def _is_unpacked(annotation: Any) -> bool:
    """Whether this is *Ts, for arguments of types that are not known."""
    return get_origin(annotation) is Unpack and isinstance(get_args(annotation)[0], TypeVarTuple)


def _bare(annotation: Any) -> Any:
    """An annotation without what says nothing about its values: Annotated, NewType, names of types."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = annotation.__origin__
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__") and hasattr(annotation, "__type_params__"):
            # The `type` statement of Python 3.12. Of one with types in brackets only the origin is the alias itself.
            given = get_args(annotation)
            annotation = annotation.__value__[given] if given else annotation.__value__
        else:
            return annotation
