"""While a new version of a program is rolled out, old and new producers and workers meet."""

from dataclasses import dataclass
from typing import Any, NamedTuple, NotRequired, TypedDict

import pytest

from redisched.conversion.annotations import Forms
from redisched.conversion.form import Mismatch


@dataclass
class Old:
    id: int
    note: str = ""


@dataclass
class New:
    id: int
    priority: int = 5


class OldTuple(NamedTuple):
    id: int
    note: str = ""


class NewTuple(NamedTuple):
    id: int
    priority: int = 5


class OldDict(TypedDict):
    id: int
    note: str


class NewDict(TypedDict):
    id: int
    priority: NotRequired[int]


@dataclass
class Required:
    id: int
    priority: int


@pytest.mark.parametrize(
    ("sent", "annotation", "got"),
    [
        (Old(1, "x"), New, New(1, 5)),
        (New(1, 9), Old, Old(1, "")),
        (OldTuple(1, "x"), NewTuple, NewTuple(1, 5)),
        (NewTuple(1, 9), OldTuple, OldTuple(1, "")),
    ],
    ids=str,
)
def test_a_new_field_gets_its_default_and_a_removed_one_is_left_out(sent: Any, annotation: Any, got: Any) -> None:
    forms = Forms()

    assert forms.of(annotation).decode(forms.of(type(sent)).encode(sent)) == got


def test_so_it_is_with_the_keys_of_a_typed_dict() -> None:
    forms = Forms()

    assert forms.of(NewDict).decode(forms.of(OldDict).encode({"id": 1, "note": "x"})) == {"id": 1}


def test_a_new_field_without_a_default_is_missed_by_name() -> None:
    with pytest.raises(Mismatch, match=r"Required expected, .*: priority is missing"):
        Forms().of(Required).decode(Forms().of(Old).encode(Old(1)))
