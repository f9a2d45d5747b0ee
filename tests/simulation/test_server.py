"""The simulated server keeps the order in which requests came, as every server does."""

from redis.exceptions import ResponseError

from tests.simulation.kernel import Kernel
from tests.simulation.network import Network, Pipe
from tests.simulation.server import Server

STALL_S = 1.0
STALL_US = 1_000_000


def test_a_request_at_the_end_of_a_stall_is_carried_out_after_earlier_ones() -> None:
    kernel = Kernel(0)
    server = Server(kernel, keeps_replica=False)
    replies: list[object] = []
    pipe = Pipe(Network(kernel, server), "worker", replies.append)
    server.greet(pipe)
    kernel.at(STALL_US, server.receive, pipe, [b"unheard of"])
    server.miniature.execute([b"RPUSH", b"wake", b"1"])
    server.stall(STALL_S)
    server.receive(pipe, [b"BLPOP", b"wake", b"5"])
    kernel.run(lambda: len(replies) == 2)

    popped, refused = replies
    assert popped == [b"wake", b"1"]
    assert isinstance(refused, ResponseError)


def test_a_wait_does_not_end_while_the_server_stalls() -> None:
    kernel = Kernel(0)
    server = Server(kernel, keeps_replica=False)
    heard_us: list[int] = []
    pipe = Pipe(Network(kernel, server), "worker", lambda _: heard_us.append(kernel.now_us))
    server.greet(pipe)
    server.receive(pipe, [b"BLPOP", b"wake", b"1"])
    server.stall(3 * STALL_S)
    kernel.run(lambda: bool(heard_us))

    assert heard_us[0] >= 3 * STALL_US
