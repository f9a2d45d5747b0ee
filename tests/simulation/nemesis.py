"""Causes faults, at times and in places drawn from the seed, until it is stopped.

Half of the times are random. The others are ambushes: just after the server has carried out a call
of the victim, which has not got the reply yet.
"""

from collections.abc import Callable

from tests.simulation.kernel import Kernel
from tests.simulation.network import Network, Pipe
from tests.simulation.plan import Fault, Plan
from tests.simulation.process_slot import ProcessSlot
from tests.simulation.server import Call, Server

JUMPS_S = (-60.0, -5.0, 0.3, 2.0, 10.0, 3600.0)
ABOUT_A_LEASE = (0.6, 1.3)
"""Durations in leases, which end neither before a lease ends nor long after."""
WOKEN = "claim behind a wait"
AMBUSHES = ("claim", WOKEN, WOKEN, "renew", "ack", "retry", "release", "reap")


class Nemesis:
    """The nemesis of one world. `note` is called with every fault, `on_clock` with changes of the server's clock."""

    def __init__(
        self,
        plan: Plan,
        server: Server,
        network: Network,
        process_slots: list[ProcessSlot],
        note: Callable[..., None],
        on_clock: Callable[[float], None],
    ) -> None:
        self._plan = plan
        self._server = server
        self._network = network
        self._kernel: Kernel = network.kernel
        self._process_slots = process_slots
        self._note = note
        self._on_clock = on_clock
        self._is_at_work = True
        self._ambush: tuple[str, Fault, ProcessSlot] | None = None
        if plan.faults:
            self._wait()

    def rest(self) -> None:
        """Cause no more faults; begun ones end by themselves."""
        self._is_at_work = False
        self._network.change(self._plan.fair)

    def _wait(self) -> None:
        self._kernel.after(self._kernel.random.expovariate(1e-6 / self._plan.between_faults_s), self._strike)

    def _strike(self) -> None:
        if self._is_at_work:
            fault = self._kernel.random.choice(self._plan.faults)
            working = [
                process_slot
                for process_slot in self._process_slots
                if process_slot.is_on and process_slot.worker.is_alive
            ]
            if working:
                self._choose_moment(fault, self._kernel.random.choice(working))
            self._wait()

    def observe(self, call: Call) -> None:
        """Strike if this is the call that an ambush waits for."""
        if self._ambush is not None:
            moment, fault, process_slot = self._ambush
            if moment_of(call) == moment and call.caller == process_slot.worker.name and process_slot.worker.is_alive:
                self._ambush = None
                # By then the reply has been sent.
                self._kernel.after(0, self._spring, fault, process_slot)

    def undo(self, kept: int) -> None:
        """Calls that were undone cause nothing."""

    def _choose_moment(self, fault: Fault, process_slot: ProcessSlot) -> None:
        if self._kernel.chance(0.5):
            self._ambush = (self._kernel.random.choice(AMBUSHES), fault, process_slot)
        else:
            self._note(fault)
            self._do(fault, process_slot)

    def _spring(self, fault: Fault, process_slot: ProcessSlot) -> None:
        if self._is_at_work and process_slot.is_on and process_slot.worker.is_alive:
            self._note(fault, "in ambush")
            self._do(fault, process_slot)

    def _do(self, fault: Fault, process_slot: ProcessSlot) -> None:
        match fault:
            case Fault.KILL:
                process_slot.worker.kill()
            case Fault.POWER:
                process_slot.lose_power(self._span_s(1.0))
            case Fault.PAUSE:
                process_slot.worker.pause(self._span_s(3.0))
            case Fault.ISOLATE:
                process_slot.worker.isolate(self._span_s(2.0))
            case Fault.STOP:
                process_slot.worker.stop()
            case Fault.FOUL_WEATHER:
                self._spoil_weather()
            case _:
                self._do_to_server(fault)

    def _do_to_server(self, fault: Fault) -> None:
        match fault:
            case Fault.CUT_ALL:
                self._server.cut_all(Pipe.break_)
            case Fault.FLUSH:
                self._server.miniature.scripts.clear()
            case Fault.STALL:
                self._server.stall(self._span_s(2.0))
            case Fault.RESTART:
                self._restart()
            case Fault.FAIL_OVER:
                self._fail_over()
            case Fault.CLOCK:
                self._set_clock()

    def _span_s(self, leases: float) -> float:
        """A random time of up to so many leases, often about one."""
        low, high = ABOUT_A_LEASE if self._kernel.chance(0.3) else (0.0, leases)
        return self._kernel.between(low, high) * self._plan.lease_s

    def _spoil_weather(self) -> None:
        self._network.change(self._plan.foul)
        self._kernel.after(1e6 * self._span_s(3.0), self._network.change, self._plan.fair)

    def _restart(self) -> None:
        if self._server.is_up:
            self._server.go_down(self._kernel.random.choice((Pipe.break_, Pipe.fall_silent)))
            self._kernel.after(1e6 * self._span_s(3.0), self._server.come_up)

    def _fail_over(self) -> None:
        if self._server.is_up:
            down_s = self._span_s(1.0)
            self._server.go_down(self._kernel.random.choice((Pipe.break_, Pipe.fall_silent)))
            self._server.lose(self._kernel.random.randint(0, 30))
            if Fault.CLOCK in self._plan.faults:
                # A replica whose clock is behind by more than the failover takes could give a fence twice.
                self._set_ahead(self._kernel.between(-down_s, 1.0))
            self._kernel.after(1e6 * down_s, self._server.come_up)

    def _set_clock(self) -> None:
        # So could a replica that takes over from a server whose clock was set back.
        forward_only = Fault.FAIL_OVER in self._plan.faults
        self._set_ahead(self._kernel.random.choice([jump_s for jump_s in JUMPS_S if jump_s > 0 or not forward_only]))

    def _set_ahead(self, seconds: float) -> None:
        self._note("server's clock set by", seconds)
        self._server.set_clock(seconds)
        self._on_clock(seconds)


def moment_of(call: Call) -> str:
    """The name of a call for ambushes: its script, with a name of its own for a claim after a wake-up."""
    is_woken = call.script == "claim" and call.arguments[1].startswith(b"wake.") and len(call.reply) > 4
    return WOKEN if is_woken else call.script
