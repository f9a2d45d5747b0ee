"""Equal values are one unique key in every process, also as a part of a text."""

from dataclasses import dataclass, field
from typing import Any

import pydantic
import pytest

from redisched.client.key_text import key_text
from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption

FORWARD, BACKWARD = {0, 8}, {8, 0}
"""Equal sets that differ in their order, as do those of two processes."""


@dataclass
class Tagged:
    name: str
    tags: set[int]
    note: str = field(default="", repr=False)


@dataclass
class Named:
    name: str

    def __str__(self) -> str:
        return f"named {self.name}"


class Model(pydantic.BaseModel):
    name: str
    tags: set[int] = set()


class Root(pydantic.RootModel[set[int]]):
    pass


class Signed(pydantic.BaseModel):
    """Travels whole, though its text masks a part of it."""

    key: pydantic.SecretStr

    @pydantic.field_serializer("key")
    def tell(self, key: pydantic.SecretStr) -> str:
        return key.get_secret_value()


@dataclass(repr=False)
class Nameless:
    name: str


RECORDS: list[Any] = [
    Model(name="a"),
    [Model(name="a", tags={1})],
    Root({1}),
    [Root({1})],
    Tagged("a", {3}),
    [Tagged("a", set())],
    Named("a"),
    [Named("a")],
]


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (FORWARD, BACKWARD),
        (frozenset(FORWARD), frozenset(BACKWARD)),
        ([FORWARD], [BACKWARD]),
        ((1, FORWARD), (1, BACKWARD)),
        ({"a": FORWARD}, {"a": BACKWARD}),
        (Tagged("a", FORWARD), Tagged("a", BACKWARD, "other")),
        (Model(name="a", tags=FORWARD), Model(name="a", tags=BACKWARD)),
        ([Model(name="a", tags=FORWARD)], [Model(name="a", tags=BACKWARD)]),
        (Root(FORWARD), Root(BACKWARD)),
    ],
)
def test_sets_have_one_text(forward: Any, backward: Any) -> None:
    assert str(forward) != str(backward)
    assert key_text("{it}", "it", forward) == key_text("{it}", "it", backward)


@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        None,
        "a",
        b"a",
        {3},
        set(),
        frozenset(),
        frozenset({3}),
        [],
        ["a", (1,)],
        (),
        (1, 2),
        {"a": [1]},
        *RECORDS,
    ],
    ids=repr,
)
def test_all_else_has_its_own_text(value: Any) -> None:
    assert key_text("{it}", "it", value) == str(value)


def test_equal_arguments_are_one_key(fake_app: Scheduler) -> None:
    @fake_app.task(name="sort", unique="of {tags}")
    def sort(tags: set[int]) -> None: ...

    first = sort.enqueue(FORWARD)
    assert sort.enqueue(BACKWARD).id == first.id
    assert sort.enqueue({1}).id != first.id


@pytest.mark.parametrize("value", [Nameless("a"), [Nameless("a")]], ids=["alone", "in a list"])
def test_a_place_in_memory_is_no_key(fake_app: Scheduler, value: Any) -> None:
    @fake_app.task(name="keep", unique="of {it}")
    def keep(it: Nameless | list[Nameless]) -> None: ...

    with pytest.raises(InvalidOption, match="that of it is its place in memory"):
        keep.enqueue(value)


def signed(key: str) -> Signed:
    return Signed(key=pydantic.SecretStr(key))


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: [it]], ids=["alone", "in a list"])
@pytest.mark.parametrize("unique", ["of {it}", lambda it: f"of {it}"], ids=["template", "function"])
def test_a_masked_secret_is_no_key(fake_app: Scheduler, unique: Any, wrap: Any) -> None:
    @fake_app.task(name="send", unique=unique)
    def send(it: Signed | list[Signed]) -> None: ...

    with pytest.raises(InvalidOption, match="masks a secret, so give unique=True") as refused:
        send.enqueue(wrap(signed("hunter2")))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "secret", [pydantic.SecretStr("ab"), pydantic.SecretBytes(b"ab"), pydantic.Secret(2)], ids=repr
)
@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"it": (it,)}], ids=["alone", "within"])
def test_so_is_a_secret_itself(secret: Any, wrap: Any) -> None:
    with pytest.raises(InvalidOption, match="masks a secret"):
        key_text("of {it}", "it", wrap(secret))


def test_with_unique_true_the_secret_tells_tasks_apart(fake_app: Scheduler) -> None:
    @fake_app.task(name="send", unique=True)
    def send(it: Signed) -> None: ...

    first = send.enqueue(signed("hunter2"))
    assert send.enqueue(signed("hunter2")).id == first.id
    assert send.enqueue(signed("hunter3")).id != first.id
