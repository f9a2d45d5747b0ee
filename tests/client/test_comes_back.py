"""A value comes back as it was given, or is refused where it is given: it is never something else in silence."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import pydantic
import pytest

from redisched.client.scheduler import Scheduler
from redisched.codec import decode_task
from redisched.errors import InvalidArguments, NotEncodable
from redisched.packing import pack, unpack

BERLIN = ZoneInfo("Europe/Berlin")


class Secret(pydantic.BaseModel):
    user: str
    key: pydantic.SecretStr


class Told(pydantic.BaseModel):
    """Has its secret in what travels, because it says so."""

    key: pydantic.SecretStr

    @pydantic.field_serializer("key", when_used="json")
    def tell(self, key: pydantic.SecretStr) -> str:
        return key.get_secret_value()


class Excluded(pydantic.BaseModel):
    note: str = pydantic.Field(default="", exclude=True)


class TwoAliases(pydantic.BaseModel):
    size: int = pydantic.Field(0, validation_alias="read", serialization_alias="written")


class OnlyRead(pydantic.BaseModel):
    size: int = pydantic.Field(validation_alias=pydantic.AliasChoices("Size", "SIZE"))


class Doubled(pydantic.BaseModel):
    size: int

    @pydantic.field_validator("size")
    @classmethod
    def double(cls, size: int) -> int:
        return size * 2


class Animal(pydantic.BaseModel):
    name: str


class Dog(Animal):
    breed: str


class Owner(pydantic.BaseModel):
    animal: Animal


class Loose(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    value: Any = None


class Moment(pydantic.BaseModel):
    at: datetime


class Working(pydantic.BaseModel):
    rate: float
    price: Decimal
    _cache: dict[str, int] = pydantic.PrivateAttr(default_factory=dict)


@pydantic.dataclasses.dataclass
class Aliased:
    size: int = pydantic.Field(alias="Size")


@dataclass
class Cents:
    amount: int

    def __post_init__(self) -> None:
        self.amount *= 100


@dataclass
class Counted:
    name: str
    count: int = field(init=False, default=0)
    cache: dict[str, int] = field(init=False, default_factory=dict, compare=False)


@dataclass
class Longer:
    size: int

    def __init__(self, size: int) -> None:
        self.size = size + 1


@dataclass
class Grown:
    items: Any

    def __post_init__(self) -> None:
        self.items.append(len(self.items))


class Pair(NamedTuple):
    first: int
    second: Path = Path()


@dataclass
class Parcel:
    to: Path
    pair: Pair = field(default_factory=lambda: Pair(1))


class Letter(TypedDict, total=False):
    to: Path
    stamp: int


def counted(count: int) -> Counted:
    made = Counted("a")
    made.count = count
    made.cache["a"] = count
    return made


def handler_of(app: Scheduler, annotation: Any) -> Any:
    def handle(value: Any) -> None: ...

    handle.__annotations__ = {"value": annotation, "return": None}
    return app.task(name="handle")(handle)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (Secret(user="a", key=pydantic.SecretStr("hunter2")), r"\.key: "),
        (Excluded(note="a"), r"\.note: "),
        (TwoAliases(read=1), r"\.size: "),  # type: ignore[call-arg]
        (OnlyRead(Size=1), "could not be read again"),  # type: ignore[call-arg]
        (Doubled(size=1), r"\.size: "),
        (Owner(animal=Dog(name="a", breed="b")), r"\.animal: "),
        (Loose(value=(1, 2)), r"\.value: "),
        (Loose(value=[1, (2,)]), r"\.value\[1\]: "),
        (Loose(value={"a": Decimal(1)}), r"\.value\['a'\]: "),
        (Loose(other=Decimal(1)), r"\.other: "),  # type: ignore[call-arg]
        (Aliased(Size=1), "could not be read again"),
        (Cents(1), r"\.amount: "),
        (counted(3), r"\.count: "),
        (Longer(1), r"\.size: "),
        (Grown([1]), r"\.items: "),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_its_own_class_would_change_is_refused(fake_app: Scheduler, value: Any, place: str) -> None:
    kind: Any = type(value)
    for annotation, given in ((kind, value), (list[kind], [value]), (kind | None, value)):
        with pytest.raises(InvalidArguments, match=place) as refused:
            handler_of(Scheduler(broker=fake_app.broker), annotation).request(given)
        assert "hunter2" not in str(refused.value)


def test_so_it_is_as_a_result(fake_app: Scheduler) -> None:
    def handle() -> Secret: ...  # type: ignore[empty-body]

    conversion = fake_app.task(handle).entry.conversion
    assert conversion is not None
    with pytest.raises(NotEncodable, match=r"\.key: SecretStr .* would come back as something else"):
        conversion.encode_result(Secret(user="a", key=pydantic.SecretStr("hunter2")))


@pytest.mark.parametrize(
    "value",
    [
        Told(key=pydantic.SecretStr("a")),
        Moment(at=datetime(2030, 1, 1, tzinfo=BERLIN)),
        Moment(at=datetime(2030, 10, 27, 2, 30, tzinfo=BERLIN)),
        Moment(at=datetime(2030, 10, 27, 2, 30, tzinfo=BERLIN, fold=1)),
        Working(rate=float("nan"), price=Decimal("1.10")),
        Loose(value=[1, "a", None]),
        Excluded(),
        counted(0),
        Pair(1, Path("a")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_comes_back_as_it_was_is_taken(fake_app: Scheduler, value: Any) -> None:
    handler = handler_of(fake_app, type(value))
    body = decode_task(handler.request(value).task.record, 1 << 20)

    (back,), _ = handler.entry.arguments_of(body)
    assert type(back) is type(value)
    if isinstance(value, Moment):
        assert back.at.timestamp() == value.at.timestamp()
    else:
        assert repr(back) == repr(value) or back == value


def test_what_is_given_stays_as_it_is(fake_app: Scheduler) -> None:
    grown = Grown([1])
    with pytest.raises(InvalidArguments):
        handler_of(fake_app, Grown).request(grown)
    assert grown.items == [1, 1]


@pytest.mark.parametrize(
    ("annotation", "given", "said"),
    [
        (Parcel, {"to": "a", "form": "b"}, "it has to, pair, and no 'form'"),
        (Parcel, {"to": "a", "pair": {"first": 1, "last": 2}}, "at .pair: .*it has first, second, and no 'last'"),
        (list[Letter], [{"to": Path("a"), "stmap": 2}], "it has to, stamp, and no 'stmap'"),
    ],
)
def test_a_field_that_is_misspelled_is_refused_where_it_is_given(
    fake_app: Scheduler, annotation: Any, given: Any, said: str
) -> None:
    handler = handler_of(fake_app, annotation)
    with pytest.raises(InvalidArguments, match=said):
        handler.request(given)
    with pytest.raises(InvalidArguments, match=said):
        fake_app.request("handle", given)


@pytest.mark.parametrize("annotation", [PurePath, PurePosixPath, Path])
def test_a_path_that_would_be_another_one_is_refused(fake_app: Scheduler, annotation: Any) -> None:
    class Own(type(Path())):  # type: ignore[misc]
        pass

    handler = handler_of(fake_app, annotation)
    for path in (PureWindowsPath("a\\b"), Own("a")):
        with pytest.raises(InvalidArguments, match="as annotated"):
            handler.request(path)
    handler.request(Path("a"))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 3, 31, 2, 30, tzinfo=BERLIN),
        datetime(2030, 3, 31, 2, 30, tzinfo=BERLIN, fold=1),
        datetime(2030, 10, 27, 2, 30, tzinfo=BERLIN),
        datetime(2030, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
        datetime(1, 1, 1, tzinfo=BERLIN),
        datetime(9999, 12, 31, 23, 59, tzinfo=ZoneInfo("America/New_York")),
    ],
)
def test_a_clock_shows_what_it_showed_also_in_an_hour_that_is_skipped_or_repeated(moment: datetime) -> None:
    back = unpack(pack(moment))
    assert (back, back.fold, back.utcoffset()) == (moment, moment.fold, moment.utcoffset())
    assert back.tzinfo is moment.tzinfo
