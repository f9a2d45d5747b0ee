"""`redisched workers`, also called `redisched worker`: lists worker processes, and tells one what to do."""

from collections.abc import Callable, Sequence

import click

from redisched.cli.consent import refuse_without_yes
from redisched.cli.machine import print_json
from redisched.cli.naming import Naming, naming_of, naming_options
from redisched.cli.parameters import json_option, url_option
from redisched.cli.refreshing import print_reading, show_reading, watch_option
from redisched.cli.session import session
from redisched.cli.tables import print_facts, print_table
from redisched.client.worker_calls import WorkerCalls, WorkerView
from redisched.counted import counted
from redisched.errors import UnknownWorker
from redisched.orders import WorkerOrder
from redisched.printable import printable, shell_argument
from redisched.records.worker import worker_record
from redisched.store.presence import ToldTask
from redisched.times import duration, relative, relative_and_exact

_HEADINGS = ("WORKER", "STATE", "BUSY", "SLOTS", "DUE", "AHEAD", "UP", "MEMORY", "QUEUES")
_QUEUES = "QUEUES"
_NONE = "No such worker lives. See all: redisched workers ls"
_TELLING = (
    "NAME may be a pattern, in which * stands for any characters. With a pattern or --all, no worker is told without "
    "--yes. It is heard within five seconds.\n\nJSON: a list of name, order and told (false without --yes where it is "
    "needed, with --dry-run, and for one that has ended meanwhile)."
)
_TELLS: dict[WorkerOrder, Callable[[WorkerCalls, str], None]] = {
    WorkerOrder.QUIET: WorkerCalls.quiet,
    WorkerOrder.RESUME: WorkerCalls.resume,
    WorkerOrder.STOP: WorkerCalls.stop,
    WorkerOrder.RECYCLE: WorkerCalls.recycle,
}


@click.group()
def workers() -> None:
    """List worker processes; quiet, resume, stop and recycle them."""


@workers.command("ls")
@watch_option
@url_option
@json_option
def list_workers(is_watched: bool, url: str | None, as_json: bool) -> None:
    """List the worker processes that live, whichever queues they serve.

    BUSY of SLOTS run a task; DUE tasks wait in the worker for a slot, and AHEAD ones for their time. What it says is at
    most five seconds old; one that was killed is listed for 15 s more.

    JSON: a list of name, host, pid, state (working, quiet, draining or stopping), started_ms, seen_ms, until_ms (until
    when it is listed), slots, busy, due, ahead, rss_bytes, running and window (lists of id, name, queue and at_ms:
    since when it runs, or when it is due), version, app_version, format, codec, queues, handlers, more_queues and
    more_handlers (how many are not named); with --watch, one such list on a line for each reading.
    """

    def show(found: list[WorkerView]) -> None:
        if as_json:
            print_reading([worker_record(worker, worker.deployment) for worker in found], is_watched)
        elif found:
            print_table(_HEADINGS, [_row(worker) for worker in found], cut=_QUEUES)
        else:
            click.echo("No worker lives. Start one: redisched worker MODULE:APP")

    with session(url) as opened:
        show_reading(opened.scheduler.workers.ls, show, is_watched)


@workers.command("show")
@click.argument("name", metavar="NAME")
@url_option
@json_option
def show_worker(name: str, url: str | None, as_json: bool) -> None:
    """Show a worker process: what it runs, and what comes next.

    JSON: as one of the list of `redisched workers ls --json`.
    """
    with session(url) as opened:
        found = [worker for worker in opened.scheduler.workers.ls() if worker.name == name]
    if not found:
        raise UnknownWorker(name)
    (worker,) = found
    if as_json:
        print_json(worker_record(worker, worker.deployment))
        return
    presence, deployment = worker.presence, worker.deployment
    print_facts(
        [
            ("worker", worker.name),
            ("state", worker.presence.state),
            ("host", presence.host),
            ("process", presence.pid),
            ("started", relative_and_exact(worker.started_ms, worker.seen_ms)),
            ("seen", relative_and_exact(worker.seen_ms, worker.seen_ms)),
            ("slots", f"{presence.busy} of {presence.slots} are busy"),
            ("window", f"{presence.due} due, {presence.ahead} ahead of their time"),
            ("memory", _megabytes(presence.rss_bytes)),
            ("queues", ", ".join(deployment.queues)),
            ("handlers", ", ".join(deployment.handlers)),
            ("redisched", deployment.version),
            ("application", deployment.app_version),
        ]
    )
    _print_tasks("RUNNING", "SINCE", presence.running, worker.seen_ms)
    _print_tasks("WINDOW", "DUE", presence.window, worker.seen_ms)


def _telling(order: WorkerOrder, summary: str, said: str) -> click.Command:
    """The command that gives an order."""

    @click.command(order.value, help=f"{summary}\n\n{_TELLING}")
    @naming_options
    @url_option
    @json_option
    def tell(names: Sequence[str], every: bool, dry_run: bool, yes: bool, url: str | None, as_json: bool) -> None:
        naming = naming_of(names, every, dry_run, yes)
        with session(url) as opened:
            chosen = _chosen(naming, opened.scheduler.workers)
            told = [name for name in chosen if naming.may_act and _is_told(opened.scheduler.workers, name, order)]
        if as_json:
            print_json([{"name": name, "order": order.value, "told": name in told} for name in chosen])
        else:
            _print_told(naming, chosen, told, order, said)
        if chosen and not naming.may_act and not naming.dry_run:
            refuse_without_yes()
        if naming.may_act and len(told) < len(chosen):
            raise click.exceptions.Exit(1)

    return tell


def _chosen(naming: Naming, calls: WorkerCalls) -> list[str]:
    """The workers that a command is about. Raises UnknownWorker before any is told."""
    known = [worker.name for worker in calls.ls()]
    if unknown := [name for name in naming.names if name not in known]:
        raise UnknownWorker(unknown[0])
    return list(dict.fromkeys([*naming.names, *naming.among(known)]))


def _is_told(calls: WorkerCalls, name: str, order: WorkerOrder) -> bool:
    """Give an order; False if the worker has ended meanwhile."""
    try:
        _TELLS[order](calls, name)
    except UnknownWorker:
        return False
    return True


def _print_told(naming: Naming, chosen: Sequence[str], told: Sequence[str], order: WorkerOrder, said: str) -> None:
    if not naming.may_act:
        number = counted(len(chosen), "worker")
        click.echo(f"{number} to {order.value}: {', '.join(map(printable, chosen))}" if chosen else _NONE)
        return
    for name in chosen:
        click.echo(
            f"{printable(name)}: {said.format(name=shell_argument(name)) if name in told else 'has ended meanwhile'}"
        )
    if not chosen:
        click.echo(_NONE)


for _command in (
    _telling(
        WorkerOrder.QUIET,
        "Let workers claim nothing more. What they run goes on, and the processes stay.",
        "claims nothing more within five seconds; let it work again: redisched workers resume {name}",
    ),
    _telling(WorkerOrder.RESUME, "Let quiet workers claim again.", "claims again within five seconds"),
    _telling(
        WorkerOrder.STOP,
        "Let worker processes end in good order. Their supervisors start no others in their place; one that has no"
        " process left ends, too.",
        "begins to stop within five seconds",
    ),
    _telling(
        WorkerOrder.RECYCLE,
        "Replace worker processes. Each drains when another has taken its place.",
        "is replaced; that begins within five seconds",
    ),
):
    workers.add_command(_command)


def _row(worker: WorkerView) -> tuple[object, ...]:
    presence, queues = worker.presence, worker.deployment.queues
    up, memory = duration(presence.up_ms), _megabytes(presence.rss_bytes)
    numbers = (presence.busy, presence.slots, presence.due, presence.ahead)
    return worker.name, worker.presence.state, *numbers, up, memory, ", ".join(queues)


def _megabytes(rss_bytes: int) -> str:
    return f"{rss_bytes / 1e6:,.0f} MB" if rss_bytes else ""


def _print_tasks(title: str, moment: str, tasks: Sequence[ToldTask], now_ms: int) -> None:
    if tasks:
        click.echo(f"\n{title} ({counted(len(tasks), 'task')})")
        print_table(("ID", "NAME", "QUEUE", moment), [(*task[:3], relative(task.at_ms, now_ms)) for task in tasks])
