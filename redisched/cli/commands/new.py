"""`redisched new`: a first application, to run and to edit."""

import keyword
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import click

FIRST_APPLICATION = """\
from redisched import Scheduler

app = Scheduler()


@app.every("5s", args=["Ada"])
@app.task
def greet(name: str) -> str:
    return f"hello, {name}"


if __name__ == "__main__":
    print(greet.enqueue("Grace").result(timeout=30))
"""


def _module(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    """Check that a file of this name can be imported, and hides no other module. Raises BadParameter."""
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise click.BadParameter(f"{name!r}: give a name that Python can import, of letters, digits and _, as in hello")
    found = PathFinder.find_spec(name, [str(Path.cwd()), *sys.path])
    if found is not None or name in sys.stdlib_module_names:
        # A package without __init__.py has no origin.
        place = getattr(found, "origin", None) or "Python or in a folder here"
        raise click.BadParameter(f"there is a module {name!r} already, in {place}; choose another name")
    return name


@click.command()
@click.argument("module", metavar="MODULE", callback=_module)
def new(module: str) -> None:
    """Write a first application into the current folder.

    MODULE.py has one handler, and a schedule that runs it every five seconds. A file that exists is never changed.
    """
    path = Path(f"{module}.py")
    with path.open("x", encoding="utf-8") as file:
        file.write(FIRST_APPLICATION)
    click.echo(f"Written: {path}")
    click.echo(f"To run its tasks and see them on the dashboard: redisched dev {module}:app")
    click.echo(f"To enqueue one, in another terminal: python {path}")
