"""Arguments and results by annotation, as a producer meets them: checked, encoded, and refused."""

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest
from pydantic import BaseModel

from redisched.client.scheduler import Scheduler
from redisched.codec import decode_task
from redisched.errors import Conflict, InvalidArguments, InvalidOption
from redisched.model import TaskBody
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from tests.client.callers import Caller
from tests.conversion.values import ORDER, ORDER_AS_IT_TRAVELS, Box, Color, Line, Once, Order, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
LIMIT = 1 << 20


def ship(order: Order, to: Path, *colors: Color, within: timedelta = timedelta(days=1), **notes: Path) -> Tree: ...  # type: ignore[empty-body]


def body_of(app: Scheduler, name: str, *args: Any, **kwargs: Any) -> TaskBody:
    """The task as it is written."""
    return decode_task(app.handler(name).request(*args, **kwargs).task.record, LIMIT)


def test_every_kind_of_parameter_travels_by_its_annotation(fake_app: Scheduler) -> None:
    fake_app.task(name="ship")(ship)
    body = body_of(fake_app, "ship", ORDER, Path("/a"), Color.RED, within=timedelta(seconds=3), bill=Path("b"))

    assert body.args == [ORDER_AS_IT_TRAVELS, "/a", "red"]
    assert body.kwargs == {"within": "3s", "bill": "b"}


def test_what_is_given_in_the_form_in_which_it_travels_is_read_as_annotated(fake_app: Scheduler) -> None:
    fake_app.task(name="ship")(ship)
    by_hand = body_of(fake_app, "ship", ORDER_AS_IT_TRAVELS, "/a", "RED", within=90)

    assert by_hand == body_of(fake_app, "ship", ORDER, Path("/a"), Color.RED, within=timedelta(seconds=90))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((3, Path("a")), "order of ship=3: Order as annotated; Order expected, and int 3 came"),
        ((ORDER, 3), "to of ship=3: Path as annotated"),
        ((ORDER, Path("a"), "green"), r"colors of ship=.green.: Color as annotated; .* it has RED, BLUE"),
        ((ORDER_AS_IT_TRAVELS | {"lines": 3}, Path("a")), r"at \.lines: list\[Line\] expected, and int 3 came"),
    ],
    ids=["order", "to", "colors", "within"],
)
def test_a_wrong_argument_is_refused_with_nothing_written(
    app: Scheduler, call: Caller, args: tuple[Any, ...], said: str
) -> None:
    handler: Any = app.task(name="ship")(ship)

    with pytest.raises(InvalidArguments, match=said):
        call(handler.options(id="one").enqueue, *args)
    assert app.ref("one", "default").status() == "unknown"


def test_the_same_call_under_the_same_id_is_the_same_task(app: Scheduler, call: Caller) -> None:
    @app.task
    def paint(line: Line, colors: frozenset[Color]) -> None: ...

    one = Line(sku="a", price=ORDER.lines[0].price)
    assert call(paint.options(id="one").enqueue, one, frozenset([Color.RED, Color.BLUE])).is_new
    assert not call(paint.options(id="one").enqueue, colors=frozenset([Color.BLUE, Color.RED]), line=one).is_new
    with pytest.raises(Conflict):
        call(paint.options(id="one").enqueue, one, frozenset([Color.RED]))


def test_what_is_nested_too_deeply_is_refused(fake_app: Scheduler) -> None:
    @fake_app.task(name="grow")
    def grow(tree: Tree) -> None: ...

    tree = Tree("leaf")
    for _ in range(1_000):
        tree = Tree("branch", [tree])
    with pytest.raises(InvalidArguments, match="it is nested too deeply"):
        grow.request(tree)


def test_many_are_enqueued_as_one(app: Scheduler, call: Caller) -> None:
    @app.task(name="paint")
    def paint(color: Color) -> None: ...

    tasks = call(app.enqueue_many, [paint.request(color) for color in Color])

    assert [decode_body(task.id, app).args for task in tasks] == [["red"], ["blue"]]


def decode_body(task_id: str, app: Scheduler) -> TaskBody:
    view = run(Inspector(app.broker.script_runner, "default").task(task_id), app.broker.client())
    assert view is not None
    assert view.body is not None
    return view.body


@pytest.mark.parametrize("by", ["{line}", lambda line: line.sku, True])
def test_what_is_given_as_it_travels_has_the_same_unique_key(fake_app: Scheduler, by: Any) -> None:
    @fake_app.task(name="weigh", unique=by)
    def weigh(line: Line) -> None: ...

    line = Line(sku="a", price=Decimal(1))
    first = weigh.enqueue(line)
    again: Any = {"sku": "a", "price": "1"}

    assert (weigh.enqueue(again).id, weigh.enqueue(line=again).id) == (first.id, first.id)
    assert fake_app.enqueue("weigh", again).id == first.id


def test_unique_keys_see_the_values_of_the_caller(fake_app: Scheduler) -> None:
    seen: list[Any] = []

    def key_of(order: Order) -> str:
        seen.append(order)
        return str(order.id)

    by_function = fake_app.task(name="pay", unique=key_of)(lambda_of(Order))
    by_template = fake_app.task(name="paint", unique="of {value}")(lambda_of(Color))
    by_arguments = fake_app.task(name="file", unique=True)(lambda_of(Path))

    assert by_function.enqueue(ORDER).is_new
    assert not fake_app.enqueue("pay", ORDER_AS_IT_TRAVELS).is_new
    assert seen == [ORDER, ORDER]
    assert by_template.enqueue(Color.RED).is_new
    assert not by_template.enqueue(Color.RED).is_new
    assert not fake_app.enqueue("paint", "red").is_new
    assert fake_app.enqueue("paint", "red", unique=f"of {Color.RED}").is_new is False
    assert [by_arguments.enqueue(Path("a")).is_new, by_arguments.enqueue(Path("a")).is_new] == [True, False]


def lambda_of(kind: Any) -> Any:
    """A function whose parameter has this annotation."""

    def handler(value: kind) -> None: ...

    return handler


ALLOWED = "its values cannot travel; use None, bool, int"
REFUSED: list[tuple[Any, str]] = [
    (threading.Thread, ALLOWED),
    (threading.Lock, ALLOWED),
    (Callable[[int], int], ALLOWED),
    (complex, ALLOWED),
    (type, ALLOWED),
    (list[threading.Thread], "its values cannot travel, where Thread is the cause; use None"),
    (Path | Color, "Path and Color could not be told apart"),
    (Tree | Line | None, "Tree and Line could not be told apart"),
    (Once, "an InitVar"),
    (Box[int], "a generic class does not travel; use one whose fields are annotated with the types themselves"),
    (memoryview, ALLOWED),
]


@pytest.mark.parametrize(("annotation", "said"), REFUSED, ids=lambda one: str(one)[:30])
def test_an_annotation_that_cannot_travel_is_refused_at_registration(
    fake_app: Scheduler, annotation: Any, said: str
) -> None:
    with pytest.raises(InvalidOption, match=said) as caught:
        fake_app.task(name="odd")(lambda_of(annotation))
    assert caught.value.argument == "annotation of value of odd"
    assert not list(fake_app.registry)


def test_so_is_that_of_a_result_that_is_kept(fake_app: Scheduler) -> None:
    def connect() -> threading.Thread: ...  # type: ignore[empty-body]

    with pytest.raises(InvalidOption, match="annotation of the result of connect="):
        fake_app.task(name="connect")(connect)
    fake_app.task(name="connect", retention=0)(connect)


def test_what_msgpack_carries_anyway_needs_no_conversion(fake_app: Scheduler) -> None:
    @fake_app.task
    def plain(a: int, b: str | None, c: list[dict[str, float]], d, e: Any, *f: object, **g: T) -> NoReturn:  # type: ignore[no-untyped-def]
        raise AssertionError

    assert plain.entry.conversion is None


def uses_what_comes_later(value: "Later") -> "Later":
    return value


@dataclass
class Later:
    place: Path


def test_a_class_that_is_defined_later_is_found(fake_app: Scheduler) -> None:
    handler = fake_app.task(name="later")(uses_what_comes_later)

    assert body_of(fake_app, "later", Later(Path("a"))).args == [{"place": "a"}]
    assert handler(Later(Path("a"))) == Later(Path("a"))


def test_what_only_a_type_checker_imports_counts_as_not_annotated(fake_app: Scheduler) -> None:
    @fake_app.task(name="sum")
    def add(numbers: "Sequence[int]", place: "Path") -> None: ...

    assert body_of(fake_app, "sum", [1, 2], Path("a")).args == [[1, 2], "a"]


def test_a_class_within_a_function_is_found(fake_app: Scheduler) -> None:
    class Inner(BaseModel):
        place: Path

    @fake_app.task(name="inner")
    def handle(value: "Inner") -> None: ...

    assert body_of(fake_app, "inner", Inner(place=Path("a"))).args == [{"place": "a"}]


def test_a_task_by_name_takes_plain_values_where_its_handler_is_not_known(fake_app: Scheduler) -> None:
    request = fake_app.request("elsewhere", {"place": "a"})

    assert decode_task(request.task.record, LIMIT).args == [{"place": "a"}]


def test_pydantic_is_never_imported_by_redisched() -> None:
    program = """if True:
        import sys
        from dataclasses import dataclass
        from redisched import Scheduler
        @dataclass
        class Box: size: int
        app = Scheduler("redis://localhost:1/0")
        @app.task(name="pack")
        def pack(box: Box) -> Box: ...
        pack.request(Box(1))
        assert "pydantic" not in sys.modules
    """
    subprocess.run((sys.executable, "-c", program), check=True)
