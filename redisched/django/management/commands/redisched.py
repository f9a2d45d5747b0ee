"""`manage.py redisched COMMAND ...`: the command line of redisched, for the Scheduler of the project."""

import os
import sys
from argparse import REMAINDER, ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.autoreload import get_child_arguments

from redisched.cli.deployment import APP_VARIABLE
from redisched.cli.main import cli
from redisched.cli.reload import Reloader
from redisched.config import PREFIX_VARIABLE, URL_VARIABLE
from redisched.django import app
from redisched.django.autoreload import folders_of_project

TARGET = "redisched.django.application:load"
RELOAD, NO_RELOAD = "--reload", "--no-reload"
OF_DJANGO = ("--settings", "--pythonpath")
"""Django reads these wherever they stand, and leaves them there."""


class Command(BaseCommand):
    """Runs a worker of the project, or any other command of redisched."""

    help = (
        "Runs redisched for this project. `worker` runs the handlers of every tasks.py, and restarts when code changes "
        f"if DEBUG is on ({RELOAD} and {NO_RELOAD} decide it); --help after a command shows its options."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take everything as it is."""
        parser.add_argument("words", nargs=REMAINDER, metavar="COMMAND ...", help="such as: worker --processes 4")

    def handle(self, *args: str, **options: Any) -> None:
        """Run the command with the URL and the prefix of the settings. Raises CommandError."""
        given = [*args, *options.get("words", ())]
        words = _of_redisched(given)
        os.environ[APP_VARIABLE] = TARGET
        for variable, value in ((URL_VARIABLE, app.settings.url), (PREFIX_VARIABLE, app.settings.prefix)):
            if value is not None:
                os.environ[variable] = value
        if words[:1] == ["dev"]:
            raise CommandError("use `redisched worker --embedded` here, which restarts when code changes")
        if _reloads(words):
            self._run_again_and_again(_without(given, RELOAD, NO_RELOAD))
            return
        if words[:1] == ["worker"]:
            words = _without(words, RELOAD, NO_RELOAD)
        cli.main(words or ["--help"], prog_name="manage.py redisched")

    def _run_again_and_again(self, words: list[str]) -> None:
        folders = folders_of_project()
        self.stderr.write(f"Watching {', '.join(map(str, folders))}; Ctrl-C to stop.")
        # As this program was started: by manage.py, or as `python -m django` with the modules of the folder.
        started_by = get_child_arguments()[: -len(sys.argv[1:]) or None]
        command = [*started_by, "redisched", *words, NO_RELOAD]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        Reloader(folders, command, environment, tell=self.stderr.write).run_until_signalled()


def _without(words: Sequence[str], *left_out: str) -> list[str]:
    return [word for word in words if word not in left_out]


def _of_redisched(words: Sequence[str]) -> list[str]:
    """The words without Django's own options."""
    own, rest = [], iter(words)
    for word in rest:
        name, is_whole, _ = word.partition("=")
        if name not in OF_DJANGO:
            own.append(word)
        elif not is_whole:
            next(rest, None)
    return own


def _reloads(words: list[str]) -> bool:
    if words[:1] != ["worker"] or {"--help", "-h"} & set(words):
        return False
    said = [word for word in words if word in (RELOAD, NO_RELOAD)]
    return said[-1] == RELOAD if said else bool(settings.DEBUG)
