"""Reads the text of a filter. What is wrong in it is named, with what is allowed and what is similar."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from redisched.errors import InvalidFilter
from redisched.filters.conditions import (
    AgeIn,
    ArgumentIs,
    Condition,
    ErrorHas,
    GroupIn,
    HasWord,
    IdIn,
    NameIn,
    Opposite,
    PriorityIn,
    QueueIn,
    ReasonHas,
    Since,
    StateIn,
    WorkerIn,
)
from redisched.filters.filter import EVERY_STATE, Filter
from redisched.filters.patterns import TextPattern, pattern_of
from redisched.filters.ranges import age_range, moment_ms, priority_range
from redisched.filters.words import RawTerm, Value, terms_in
from redisched.model import TaskState
from redisched.store.view import PENDING

_Maker: TypeAlias = Callable[[RawTerm], Condition]
STATE_SETS: Mapping[str, frozenset[TaskState]] = {
    "any": EVERY_STATE,
    "pending": frozenset(PENDING),
    **{state.value: frozenset({state}) for state in sorted(EVERY_STATE)},
}
ARGUMENT = "arg"
_COMPARED_FIELD = re.compile(r"([a-z][\w.-]*)((?:=|>|<).+)")
_MEANT = {
    "status": "state",
    "handler": "name",
    "task": "name",
    "func": "name",
    "function": "name",
    "exception": "error",
    "err": "error",
    "prio": "priority",
    "args": "arg.NAME",
    "kwarg": "arg.NAME",
    "kwargs": "arg.NAME",
    ARGUMENT: "arg.NAME",
    "host": "worker",
}
"""Names that other tools have for the same, which are not spelled alike."""


def parse(text: str) -> Filter:
    """Read a filter such as `state:dead name:send_* error:Timeout queue:mail arg.order_id:42 age:>1h -id:abc`.

    All terms must hold for a task. A comma separates alternatives: `state:dead,cancelled`. A term with a minus before
    it must not hold. A text without terms is the filter that all tasks match. Raises InvalidFilter.
    """
    found = Filter(tuple(_condition(term) for term in terms_in(text)))
    if not found.states:
        raise InvalidFilter(text, "no task is in all of these states; alternatives are written state:dead,ready")
    return found


def is_term(word: str) -> bool:
    """Whether a word of a command line is a term of a filter with a field, and not the id of a task."""
    field, colon, _ = word.removeprefix("-").partition(":")
    return colon != "" and (field in FIELDS or field.startswith(f"{ARGUMENT}."))


def term_of_id(id: str) -> str:
    """The term of a filter that is this id and no other, also where the id itself would be read as a term."""
    quoted = id.replace("\\", "\\\\").replace('"', '\\"')
    return f'id:"{quoted}"'


def field_meant(word: str) -> str:
    """The field that a word such as status:dead may mean, "" if it looks like none."""
    field, colon, _ = word.removeprefix("-").partition(":")
    return next(iter(_fields_like(field)), "") if colon else ""


def _condition(term: RawTerm) -> Condition:
    condition = _maker(term)(term)
    return Opposite(condition) if term.is_negated else condition


def _maker(term: RawTerm) -> _Maker:
    if not term.field:
        return _word
    maker = _argument if term.field.startswith(f"{ARGUMENT}.") else FIELDS.get(term.field)
    if maker is None:
        meant = _fields_like(term.field)
        allowed = f"{', '.join(FIELDS)}, arg.NAME; to look for the text itself, put it in quotes"
        raise InvalidFilter(term.text, f"there is no field {term.field!r}; the fields are {allowed}", meant)
    if not term.value.text and not term.value.is_quoted:
        allowed = (
            f"{term.field}: needs a value, right after the colon; "
            "in a shell < and > must be quoted, or write 1h.. and ..1h"
        )
        raise InvalidFilter(term.text, allowed)
    return maker


def _fields_like(field: str) -> list[str]:
    return [_MEANT[field]] if field in _MEANT else _similar(field, FIELDS)


def _similar(word: str, known: Collection[str]) -> list[str]:
    return difflib.get_close_matches(word, known, n=1, cutoff=0.74)


def _alternatives(term: RawTerm) -> list[Value]:
    """The values of a term that are separated by commas."""
    if term.value.is_quoted:
        return [term.value]
    texts = term.value.text.split(",")
    if "" in texts:
        raise InvalidFilter(term.text, "between two commas there is a value, as in state:dead,cancelled")
    return [Value(text, False) for text in texts]


def _patterns(term: RawTerm) -> tuple[TextPattern, ...]:
    return tuple(pattern_of(value) for value in _alternatives(term))


def _state(term: RawTerm) -> Condition:
    states: frozenset[TaskState] = frozenset()
    for value in _alternatives(term):
        if value.text not in STATE_SETS:
            allowed = f"there is no state {value.text!r}; the states are {', '.join(STATE_SETS)}"
            raise InvalidFilter(term.text, allowed, _similar(value.text, STATE_SETS))
        states |= STATE_SETS[value.text]
    return StateIn(states)


def _word(term: RawTerm) -> Condition:
    """A word. Of one that was meant as a term the opposite would hold for all tasks, and all might be cancelled."""
    text = term.value.text
    if not term.value.is_quoted:
        if term.is_negated and text.startswith("-"):
            raise InvalidFilter(
                term.text, "one minus before a term turns it around; to look for a minus, put it in quotes"
            )
        compared = _COMPARED_FIELD.fullmatch(text)
        if compared is not None and (compared[1] in FIELDS or compared[1].startswith(f"{ARGUMENT}.")):
            meant = f"{'-' * term.is_negated}{compared[1]}:{compared[2].removeprefix('=')}"
            raise InvalidFilter(term.text, f"write {meant}; to look for the text itself, put it in quotes")
    return HasWord(term.value.text.casefold())


def _argument(term: RawTerm) -> Condition:
    path = tuple(term.field.split(".")[1:])
    if "" in path:
        allowed = "the argument is named, as in arg.order_id:42, or has a number, as in arg.0:42"
        raise InvalidFilter(term.text, allowed)
    return ArgumentIs(path, pattern_of(term.value))


def _group(term: RawTerm) -> Condition:
    return GroupIn(frozenset(value.text for value in _alternatives(term)))


def _texts(term: RawTerm) -> Sequence[str]:
    return [value.text for value in _alternatives(term)]


FIELDS: Mapping[str, _Maker] = {
    "state": _state,
    "queue": lambda term: QueueIn(_patterns(term)),
    "name": lambda term: NameIn(_patterns(term)),
    "id": lambda term: IdIn(_patterns(term)),
    "error": lambda term: ErrorHas(term.value.text.casefold()),
    "reason": lambda term: ReasonHas(term.value.text.casefold()),
    "group": _group,
    "worker": lambda term: WorkerIn(_patterns(term)),
    "priority": lambda term: PriorityIn(tuple(priority_range(term.text, one) for one in _texts(term))),
    "age": lambda term: AgeIn(tuple(age_range(term.text, one) for one in _texts(term))),
    "since": lambda term: Since(moment_ms(term.text, term.value.text)),
}
"""The fields of a filter, each with what makes its condition; beside them there is arg.NAME."""
