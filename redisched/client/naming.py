"""The names of handlers. A function has the same name here and in a worker, however this program was started."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redisched.callables import innermost

_MAIN = "__main__"


def name_of(function: Callable[..., Any]) -> str:
    """The name of the module and the name of the function.

    Python calls the script that it runs `__main__`; handlers in it get the name under which a worker imports the
    script. A notebook or an interactive session has no such name: a warning says so.
    """
    function = innermost(function)
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
