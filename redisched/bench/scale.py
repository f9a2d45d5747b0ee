"""How much work each phase does: enough for a stable figure, but no more than a user will wait for."""

from dataclasses import dataclass

DEFAULT_TASKS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The number of tasks of each phase, unless the name says otherwise.

    `tasks` are drained; `background` are drained while something else is measured; `large_backlog` is also the number
    of tasks of the large run. Delayed tasks are due within `delayed_over_s`; idle workers are observed for `idle_s`.
    `interpreters` is how many Python processes are started. How often each event is measured: `kills` of a worker
    process, losses of a host, stops of a worker, `replacements` of each process, always after `replaced_after` tasks,
    restarts of a server with `restart_backlog` tasks, and `failovers` of each kind. Each queue has `shards` shards. The
    cluster has `nodes` nodes; 1 means a single server.
    """

    tasks: int = DEFAULT_TASKS
    enqueued_one_by_one: int = 5_000
    awaited_one_by_one: int = 1_000
    picked_up: int = 400
    delayed: int = 1_000
    delayed_over_s: float = 10.0
    background: int = 100_000
    delayed_beside_drain: int = 500
    prioritised: int = 2_000
    claims: int = 500
    small_backlog: int = 1_000
    large_backlog: int = 1_000_000
    interpreters: int = 5
    kills: int = 10
    host_losses: int = 6
    stops: int = 20
    replaced_after: int = 1_000
    replacements: int = 8
    restart_backlog: int = 100_000
    restarts: int = 30
    failovers: int = 20
    idle_workers: int = 100
    idle_s: float = 15.0
    enqueued_while_idle: int = 100
    shards: int = 1
    nodes: int = 1

    @property
    def is_full(self) -> bool:
        """Whether it is large enough to compare figures with their targets."""
        return self.tasks >= DEFAULT_TASKS


def scale_of(tasks: int, shards: int = 1, nodes: int = 1) -> Scale:
    """The scale for a number of tasks. Numbers that need not grow for a stable figure are the same at every scale."""
    full = Scale()
    share = min(1.0, tasks / full.tasks)

    def part(whole: int, least: int) -> int:
        return max(least, round(whole * share))

    return Scale(
        tasks=tasks,
        enqueued_one_by_one=min(tasks, max(full.enqueued_one_by_one, tasks // 10)),
        awaited_one_by_one=min(tasks, full.awaited_one_by_one),
        picked_up=min(tasks, full.picked_up),
        delayed=min(tasks, full.delayed),
        delayed_over_s=max(0.1, full.delayed_over_s * share),
        background=part(full.background, least=20_000),
        delayed_beside_drain=min(tasks, full.delayed_beside_drain),
        prioritised=min(tasks, full.prioritised),
        claims=min(tasks, full.claims),
        small_backlog=min(tasks, full.small_backlog),
        large_backlog=part(full.large_backlog, least=2),
        interpreters=part(full.interpreters, least=1),
        kills=part(full.kills, least=1),
        host_losses=part(full.host_losses, least=1),
        stops=part(full.stops, least=1),
        replaced_after=part(full.replaced_after, least=20),
        replacements=part(full.replacements, least=1),
        restart_backlog=part(full.restart_backlog, least=1_000),
        restarts=part(full.restarts, least=1),
        failovers=part(full.failovers, least=1),
        idle_workers=part(full.idle_workers, least=2),
        idle_s=max(0.5, full.idle_s * share),
        enqueued_while_idle=part(full.enqueued_while_idle, least=3),
        shards=shards,
        nodes=nodes,
    )
