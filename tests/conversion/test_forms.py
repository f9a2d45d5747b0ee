"""Each annotation has a form in which its values travel; they come back equal and of the same type."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from types import GenericAlias
from typing import Annotated, Any, Literal, NewType, Optional, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.conversion.annotations import Forms
from redisched.conversion.form import Mismatch
from redisched.packing import pack, unpack
from tests.conversion.values import (
    ORDER,
    ORDER_AS_IT_TRAVELS,
    Color,
    Customer,
    Kind,
    Line,
    Mixed,
    Names,
    Options,
    Order,
    Point,
    Right,
    Size,
    Strict,
    Tree,
)

Id = NewType("Id", int)
T = TypeVar("T")
BORN = date(1990, 5, 17)
ANN = Customer(name="Ann", born=BORN, colors=[Color.RED])

TRAVELS: list[tuple[Any, Any, Any]] = [
    (Color, Color.RED, "red"),
    (Size, Size.LARGE, 2),
    (Kind, Kind.MAIL, "mail"),
    (Right, Right.READ | Right.WRITE, 3),
    (Mixed, Mixed.PAIR, "PAIR"),
    (Path, Path("/tmp/a"), "/tmp/a"),
    (PurePosixPath, PurePosixPath("a"), "a"),
    (timedelta, timedelta(minutes=1.5), "90s"),
    (timedelta, timedelta(microseconds=-250_000), "-0.25s"),
    (UUID, UUID(int=1), UUID(int=1)),
    (Decimal, Decimal("1.10"), Decimal("1.10")),
    (datetime, datetime(2030, 1, 31, tzinfo=UTC), datetime(2030, 1, 31, tzinfo=UTC)),
    (tuple[int, Path], (1, Path("x")), (1, "x")),
    (tuple[Color, ...], (Color.RED,), ("red",)),
    (tuple[()], (), ()),
    (tuple, (1, "a"), (1, "a")),
    (list[Path], [Path("x")], ["x"]),
    (Sequence[Path], (Path("x"),), ("x",)),
    (frozenset[int], frozenset({1, 2}), frozenset({1, 2})),
    (frozenset[Color], frozenset(Color), ["red", "blue"]),
    (set[Point], {Point(1)}, [{"x": 1, "place": "here"}]),
    (dict[str, Path], {"a": Path("x")}, {"a": "x"}),
    (dict[Color, int], {Color.RED: 1}, {"red": 1}),
    (dict[int, str], {1: "a"}, [[1, "a"]]),
    (Mapping[str, Color], {"a": Color.RED}, {"a": "red"}),
    (Optional[Path], None, None),  # noqa: UP045 - as users write it
    (Path | int | None, Path("x"), "x"),
    (UUID | str, str(UUID(int=1)), str(UUID(int=1))),
    (Point, Point(1, Path("y")), {"x": 1, "place": "y"}),
    (Order, ORDER, ORDER_AS_IT_TRAVELS),
    (Tree, Tree("a", [Tree("b")]), {"name": "a", "branches": [{"name": "b", "branches": []}]}),
    (Options, {"size": Size.SMALL}, {"size": 1}),
    (Options, {"size": Size.SMALL, "place": Path("x")}, {"size": 1, "place": "x"}),
    (Customer, ANN, {"name": "Ann", "born": "1990-05-17", "colors": ["red"]}),
    (Customer | None, None, None),
    (Strict, Strict(born=BORN), {"born": "1990-05-17"}),
    (Names, Names(["a"]), ["a"]),
    (list[Customer], [Customer(name="Ann", born=BORN)], [{"name": "Ann", "born": "1990-05-17", "colors": []}]),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "value", "plain"), TRAVELS, ids=map(str, range(len(TRAVELS))))
def test_a_value_travels_in_its_form_and_comes_back_as_it_was(annotation: Any, value: Any, plain: Any) -> None:
    form = Forms().of(annotation)

    encoded = form.encode(value)
    back = form.decode(unpack(pack(encoded)))

    assert (encoded, type(encoded)) == (plain, type(plain))
    assert (back, type(back)) == (value, type(value))
    assert not form.is_plain
    assert form.decode(value) == value, "what is as annotated stays as it is"


@pytest.mark.parametrize(
    "annotation",
    [
        Any, object, None, bool, int, float, str, bytes, list, dict, list[int], dict[str, list[int]], int | None,
        Literal["a", 1], Annotated[int, "cents"], Id, Sequence[str], list[Any],
    ],
    ids=str,
)  # fmt: skip
def test_what_msgpack_carries_has_a_form_that_is_never_applied(annotation: Any) -> None:
    assert Forms().of(annotation).is_plain


@given(st.timedeltas())
def test_every_time_span_is_kept_to_the_microsecond(span: timedelta) -> None:
    form = Forms().of(timedelta)

    assert form.decode(form.encode(span)) == span


TEXTS: list[tuple[Any, Any, Any]] = [
    (Path, "/tmp/a", Path("/tmp/a")),
    (Color, "red", Color.RED),
    (Color, "RED", Color.RED),
    (Size, 1, Size.SMALL),
    (Size, "LARGE", Size.LARGE),
    (timedelta, "1.5h", timedelta(hours=1.5)),
    (timedelta, "250ms", timedelta(milliseconds=250)),
    (timedelta, 90, timedelta(seconds=90)),
    (UUID, str(UUID(int=1)), UUID(int=1)),
    (UUID | None, str(UUID(int=1)), UUID(int=1)),
    (Decimal, "1.10", Decimal("1.10")),
    (datetime, "2030-01-31T09:00:00+00:00", datetime(2030, 1, 31, 9, tzinfo=UTC)),
    (date, "2030-01-31", date(2030, 1, 31)),
    (tuple[int, ...], [1, 2], (1, 2)),
    (set[int], [1, 2], {1, 2}),
    (Line, {"sku": "a", "price": "1.10"}, Line(sku="a", price=Decimal("1.10"))),
]


@pytest.mark.parametrize(("annotation", "given_value", "meant"), TEXTS, ids=map(str, range(len(TEXTS))))
def test_what_json_can_say_is_read_as_annotated(annotation: Any, given_value: Any, meant: Any) -> None:
    read = Forms().of(annotation).decode(given_value)

    assert (read, type(read)) == (meant, type(meant))


WRONG: list[tuple[Any, Any, str]] = [
    (Color, "green", "Color expected, and str 'green' came: it has RED, BLUE"),
    (Path, 3, "Path expected, and int 3 came"),
    (timedelta, "soon", 'write "90s"'),
    (timedelta, True, "timedelta expected"),
    (timedelta, float("nan"), "timedelta expected"),
    (timedelta, "99999999999999d", "timedelta expected"),
    (UUID, "7", "UUID expected, and str '7' came"),
    (Decimal, "x", "Decimal expected"),
    (tuple[int, int], [1], r"tuple\[int, int\] expected, and list \[1\] came"),
    (list[Path], ["a", 3], r"at \[1\]: Path expected, and int 3 came"),
    (dict[str, Path], {"a": 3}, r"at \['a'\]: Path expected"),
    (dict[int, str], 3, "dict"),
    (dict[int, str], [[1]], "dict"),
    (dict[int, str], [[[], "a"]], "at <key>: int expected, and list"),
    (Path | None, 3, r"Path \| None expected, and int 3 came"),
    (Line, {"sku": "a"}, "price is missing"),
    (Line, 3, "Line expected, and int 3 came"),
    (Order, ORDER_AS_IT_TRAVELS | {"lines": [{"sku": 3, "price": "1"}]}, r"at \.lines\[0\]\.sku: str expected"),
    (Order, ORDER_AS_IT_TRAVELS | {"lines": [{"sku": "a", "price": "-1"}]}, "ValueError: less than nothing"),
    (Tree, {"name": "a", "branches": [{"nam": "b"}]}, r"at \.branches\[0\]: Tree expected"),
    (Options, {}, "size is missing"),
    (Customer, {"name": "Ann"}, "born: Field required"),
    (Customer, object(), "Customer expected"),
    (frozenset[list[int]], [[1]], "unhashable"),
    (datetime, "2030-01-31T09:00:00", "datetime expected"),
    (set[UUID], [str(UUID(int=number * (2**61 - 1))) for number in range(17)], "have the same hash"),
    (dict[UUID, int], [[str(UUID(int=number * (2**61 - 1))), 1] for number in range(17)], "dict"),
]


@pytest.mark.parametrize(("annotation", "came", "said"), WRONG, ids=map(str, range(len(WRONG))))
def test_what_is_not_as_annotated_is_said_with_its_place(annotation: Any, came: Any, said: str) -> None:
    with pytest.raises(Mismatch, match=said):
        Forms().of(annotation).decode(came)


class Longer(Tree):
    pass


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Tree, Longer("a")),
        (Tree, Tree(3)),  # type: ignore[arg-type]
        (Tree, {"name": "a"}),
        (Color, "red"),
        (Point, (1, Path("x"))),
        (timedelta, 3),
        (list[Path], [Path("a"), "b"]),
        (tuple[int, int], (1, 2, 3)),
        (Options, {"size": Size.SMALL, "other": 1}),
        (Strict, Customer(name="Ann", born=BORN)),
    ],
    ids=str,
)  # fmt: skip
def test_what_would_come_back_as_something_else_is_not_encoded(annotation: Any, value: Any) -> None:
    with pytest.raises(Mismatch):
        Forms().of(annotation).encode(value)


class Alias:
    """As the statement `type Pair[T] = tuple[T, T]` of Python 3.12 makes."""

    __type_params__ = (T,)
    __value__ = tuple[T, T]


def test_an_alias_with_types_in_brackets_is_what_it_stands_for_with_these_types() -> None:
    form = Forms().of(GenericAlias(Alias(), (Path,)))  # type: ignore[arg-type]

    assert form.encode((Path("a"), Path("b"))) == ("a", "b")
    assert form.decode(["a", "b"]) == (Path("a"), Path("b"))
