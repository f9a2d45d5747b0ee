"""The rows of a script's call, by the names that the script's header gives them."""

from collections.abc import Iterator, Sequence

from redisched.store.scripts import load_script


def rows_of_call(name: str, arguments: Sequence[bytes]) -> Iterator[dict[str, bytes]]:
    """Yield for each row of a call its values, by the names of the ROW columns in the script's header."""
    script = load_script(name)
    values, width = arguments[len(script.arguments) :], len(script.columns)
    rows = (values[first : first + width] for first in range(0, len(values), width))
    return (dict(zip(script.columns, row, strict=True)) for row in rows)


def arguments_of_call(name: str, arguments: Sequence[bytes]) -> dict[str, bytes]:
    """The values of a call besides its rows, by the names of the ARG lines in the script's header."""
    names = load_script(name).arguments
    return dict(zip(names, arguments[: len(names)], strict=True))
