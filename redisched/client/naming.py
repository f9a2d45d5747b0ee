"""The names of handlers. A function has the same name here and in a worker, however this program was started."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MAIN = "__main__"


def name_of(function: Callable[..., Any]) -> str:
    """The name of the module and the name of the function.

    Python calls the script that it runs `__main__`; handlers in it get the name under which a worker imports the
    script. A notebook or an interactive session has no such name: a warning says so.
    """
    function = _innermost(function)
    module = getattr(function, "__module__", None) or _MAIN
    if module in (_MAIN, "__mp_main__"):
        module = _name_of_main(getattr(function, "__globals__", None) or vars(sys.modules[_MAIN]))
    name = f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"
    if module == _MAIN:
        warnings.warn(
            f"no worker can import handler {name}, as it is defined in a notebook or an interactive session; "
            "define it in a module, or give it the name= of one that is",
            stacklevel=4,
        )
    return name


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether a call certainly gives a coroutine. That is so for coroutine functions and for objects with an async
    `__call__`.

    If any other function returns something awaitable, that is awaited when it is known.
    """
    function = _innermost(function)
    call = getattr(function, "__call__", None)  # noqa: B004 - asked for its kind, not for its presence
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _innermost(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _name_of_main(variables: dict[str, Any]) -> str:
    """The importable name of the module that was started as a program, by `python -m` or by its file."""
    spec = variables.get("__spec__")
    if spec is not None and spec.name not in (_MAIN, "__mp_main__"):
        return str(spec.name)
    file = variables.get("__file__")
    if not file or Path(file).suffix != ".py":
        return _MAIN
    path = Path(file).resolve()
    parts = [path.stem]
    while (path.parent / "__init__.py").exists():
        path = path.parent
        parts.insert(0, path.name)
    return ".".join(parts)
