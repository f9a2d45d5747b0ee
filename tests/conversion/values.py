"""Types as applications have them."""

from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path
from typing import Generic, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

from pydantic import BaseModel, RootModel

T = TypeVar("T")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Kind(StrEnum):
    MAIL = "mail"


class Right(Flag):
    READ = 1
    WRITE = 2


class Mixed(Enum):
    PAIR = (1, 2)
    NUMBER = 3


class Point(NamedTuple):
    x: int
    place: Path = Path("here")


@dataclass(frozen=True, kw_only=True)
class Line:
    sku: str
    price: Decimal
    color: Color | None = None


@dataclass
class Order:
    id: UUID
    at: datetime
    lines: list[Line]
    notes: dict[str, Path] = field(default_factory=dict)
    total: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum((line.price for line in self.lines), Decimal())
        if self.total < 0:
            raise ValueError("less than nothing")


@dataclass
class Tree:
    name: str
    branches: "list[Tree]" = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    held: T


@dataclass
class Once:
    seed: InitVar[int]


class Options(TypedDict):
    size: Size
    place: NotRequired[Path]


class Customer(BaseModel):
    name: str
    born: date
    colors: list[Color] = []


class Strict(BaseModel, strict=True, frozen=True):
    born: date


class Names(RootModel[list[str]]):
    pass


ORDER = Order(
    UUID(int=7),
    datetime(2030, 1, 31, 9, tzinfo=UTC),
    [Line(sku="a", price=Decimal("1.10")), Line(sku="b", price=Decimal(2), color=Color.BLUE)],
    {"bill": Path("/bills/7.pdf")},
)
ORDER_AS_IT_TRAVELS = {
    "id": ORDER.id,
    "at": ORDER.at,
    "lines": [
        {"sku": "a", "price": Decimal("1.10"), "color": None},
        {"sku": "b", "price": Decimal(2), "color": "blue"},
    ],
    "notes": {"bill": "/bills/7.pdf"},
}
