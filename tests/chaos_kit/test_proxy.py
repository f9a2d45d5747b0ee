"""What each fault does to a message, seen by the client and by the server."""

import threading

import pytest

from redisched.chaos.fault import AT_ONCE, Action, Fault, Message, Pace
from redisched.chaos.link import Exchange, NoReply
from redisched.chaos.proxy import Proxy
from redisched.chaos.server import Server
from redisched.errors import BrokerUnavailable
from redisched.store.broker import Broker, connect
from tests.brokers import TIMEOUT_S, BrokerKind, Servers
from tests.chaos_kit.bare_connection import BareConnection
from tests.waiting import wait_until

REQUEST, REPLY = Message.REQUEST, Message.REPLY
FOREVER = Pace(delay_s=3_600.0)


def second_push(message: Message, action: Action, pace: Pace = AT_ONCE) -> Fault:
    return Fault(message=message, action=action, script="RPUSH", occurrence=2, pace=pace)


def pushed(direct: Broker) -> int:
    """How many elements the server has in the list."""
    length = direct.client().perform(("LLEN", "list"))
    assert isinstance(length, int)
    return length


def test_without_faults_the_proxy_passes_every_message(broker: Broker, proxy: Proxy) -> None:
    large = bytes(range(256)) * 4_096

    assert broker.client().perform(("SET", "large", large)) == b"OK"
    assert broker.client().perform(("GET", "large")) == large
    assert broker.client().perform_all([("ECHO", number) for number in range(9)]) == [b"%d" % n for n in range(9)]
    assert proxy.requests["ECHO"] == proxy.replies["ECHO"] == 9
    assert proxy.struck == []


@pytest.mark.parametrize(
    ("message", "action", "done"),
    [
        (REQUEST, Action.CUT, 1),
        (REQUEST, Action.CUT_HALFWAY, 1),
        (REPLY, Action.CUT, 2),
        (REPLY, Action.CUT_HALFWAY, 2),
    ],
)
def test_the_server_executes_a_command_whose_reply_is_cut_but_no_cut_request(
    broker: Broker, direct: Broker, proxy: Proxy, message: Message, action: Action, done: int
) -> None:
    fault = second_push(message, action)
    proxy.set(fault)
    client = broker.client()

    assert client.perform(("RPUSH", "list", "a")) == 1
    with pytest.raises(BrokerUnavailable):
        client.perform(("RPUSH", "list", "b"))

    assert pushed(direct) == done
    assert proxy.struck == [fault]
    assert client.perform(("RPUSH", "list", "c")) == done + 1


def test_cut_halfway_sends_half_of_the_reply_and_closes_the_connection(bare: BareConnection, proxy: Proxy) -> None:
    proxy.set(Fault(message=REPLY, action=Action.CUT_HALFWAY))
    bare.say(b"ECHO 1234567")

    assert bare.hear(b"$7\r\n12") == b"$7\r\n12"
    assert bare.has_ended()


@pytest.mark.parametrize(("message", "done"), [(REQUEST, 2), (REPLY, 3)])
def test_a_dropped_message_is_lost_and_later_messages_pass(
    bare: BareConnection, direct: Broker, proxy: Proxy, message: Message, done: int
) -> None:
    proxy.set(second_push(message, Action.DROP))
    bare.say(b"RPUSH list a", b"RPUSH list b", b"RPUSH list c")
    last = b":%d\r\n" % done

    assert bare.hear(b":1\r\n" + last) == b":1\r\n" + last
    assert pushed(direct) == done


def test_a_duplicated_request_is_executed_twice_and_answered_once(
    bare: BareConnection, direct: Broker, proxy: Proxy
) -> None:
    proxy.set(second_push(REQUEST, Action.DUPLICATE))
    bare.say(b"RPUSH list a", b"RPUSH list b", b"ECHO c")

    assert bare.hear(b":1\r\n:2\r\n$1\r\nc\r\n") == b":1\r\n:2\r\n$1\r\nc\r\n"
    assert pushed(direct) == 3


def test_a_duplicated_reply_arrives_twice(bare: BareConnection, proxy: Proxy) -> None:
    proxy.set(second_push(REPLY, Action.DUPLICATE))
    bare.say(b"RPUSH list a", b"RPUSH list b", b"ECHO c")

    assert bare.hear(b":1\r\n:2\r\n:2\r\n$1\r\nc\r\n") == b":1\r\n:2\r\n:2\r\n$1\r\nc\r\n"


@pytest.mark.parametrize(("message", "done"), [(REQUEST, 1), (REPLY, 2)])
def test_a_black_hole_drops_all_messages_from_then_on_and_keeps_the_connection_open(
    bare: BareConnection, broker: Broker, direct: Broker, proxy: Proxy, message: Message, done: int
) -> None:
    proxy.set(second_push(message, Action.BLACK_HOLE))
    bare.say(b"RPUSH list a")
    assert bare.hear(b":1\r\n") == b":1\r\n"
    bare.say(b"RPUSH list b")
    wait_until(lambda: proxy.struck, "the proxy has applied the fault")
    bare.say(b"RPUSH list c")
    wait_until(lambda: proxy.requests["RPUSH"] == 3, "the proxy has received the third push")

    assert bare.is_silent()
    assert pushed(direct) == done
    assert broker.client().perform(("ECHO", "others")) == b"others"


@pytest.mark.parametrize(("message", "done"), [(REQUEST, 1), (REPLY, 2)])
def test_a_delayed_message_holds_up_later_ones_until_the_connection_is_cut(
    bare: BareConnection, direct: Broker, proxy: Proxy, message: Message, done: int
) -> None:
    proxy.set(second_push(message, Action.PASS, FOREVER))
    bare.say(b"RPUSH list a", b"RPUSH list b")
    assert bare.hear(b":1\r\n") == b":1\r\n"
    wait_until(lambda: proxy.struck, "the proxy holds back the message")

    assert bare.is_silent()
    assert pushed(direct) == done
    proxy.cut_all()
    assert bare.has_ended()


def test_messages_sent_in_pieces_arrive_complete(broker: Broker, proxy: Proxy) -> None:
    every = Pace(delay_s=0.0001, jitter_s=0.0001, piece_bytes=1)
    proxy.set(*(Fault(message=message, action=Action.PASS, pace=every) for message in Message))

    assert broker.client().perform(("ECHO", b"a\r\nb" * 50)) == b"a\r\nb" * 50


def test_a_throttled_reply_arrives_slowly(bare: BareConnection, proxy: Proxy) -> None:
    proxy.set(Fault(message=REPLY, action=Action.PASS, pace=Pace(bytes_per_s=0.001)))
    bare.say(b"ECHO a")

    assert bare.hear(b"$") == b"$"
    assert bare.is_silent()


def test_the_proxy_connects_again_to_a_restarted_server() -> None:
    with Server() as server, Proxy(server.url) as proxy:
        broker = connect(proxy.url, TIMEOUT_S)
        assert broker.client().perform(("ECHO", "a")) == b"a"
        server.kill()
        with pytest.raises(BrokerUnavailable):
            broker.client().perform(("ECHO", "b"))
        server.start()

        assert broker.client().perform(("ECHO", "c")) == b"c"
        broker.close()


def test_an_invalid_request_ends_only_its_own_connection(bare: BareConnection, broker: Broker) -> None:
    bare.say(b"*many")

    assert bare.has_ended()
    assert broker.client().perform(("ECHO", "others")) == b"others"


def test_an_observer_sees_every_exchange_even_if_its_reply_is_cut(servers: Servers, direct: Broker) -> None:
    seen: list[Exchange] = []
    with Proxy(servers.url(BrokerKind.VALKEY), observe=seen.append) as proxy:
        proxy.set(second_push(REPLY, Action.CUT))
        broker = connect(proxy.url, TIMEOUT_S)
        broker.client().perform(("RPUSH", "list", "a"))
        with pytest.raises(BrokerUnavailable):
            broker.client().perform(("RPUSH", "list", "b"))

    assert [(exchange.words, exchange.reply) for exchange in seen if exchange.name == "RPUSH"] == [
        ((b"RPUSH", b"list", b"a"), 1),
        ((b"RPUSH", b"list", b"b"), 2),
    ]


def test_a_command_without_a_reply_is_observed_when_its_connection_ends() -> None:
    seen: list[Exchange] = []
    with Server() as server, Proxy(server.url, observe=seen.append) as proxy, BareConnection(proxy.url) as bare:
        server.pause()
        bare.say(b"RPUSH list a")
        wait_until(lambda: proxy.requests["RPUSH"], "the proxy has received the push")
        proxy.cut_all()
        wait_until(lambda: seen, "the observer has seen the exchange")

    assert seen == [Exchange("RPUSH", (b"RPUSH", b"list", b"a"), NoReply.NO_REPLY)]


def test_an_error_of_an_observer_reaches_the_excepthook_and_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: heard.append(failure.exc_value))

    def observe(exchange: Exchange) -> None:
        raise ValueError(exchange.name)

    with Server() as server, Proxy(server.url, observe=observe) as proxy, BareConnection(proxy.url) as bare:
        bare.say(b"ECHO a")
        assert bare.has_ended()
        wait_until(lambda: heard, "the excepthook has the error")

    assert str(heard[0]) == "ECHO"


def test_the_url_of_a_proxy_keeps_user_password_and_database() -> None:
    with Proxy("redis://user:pass@example.org:6379/3?timeout=1") as proxy:
        assert proxy.url.startswith("redis://user:pass@127.0.0.1:")
        assert proxy.url.endswith("/3?timeout=1")


def test_a_closed_proxy_leaves_no_thread(servers: Servers) -> None:
    with Proxy(servers.url(BrokerKind.VALKEY)) as proxy, BareConnection(proxy.url) as bare:
        proxy.set(Fault(message=REPLY, action=Action.PASS, pace=FOREVER))
        bare.say(b"ECHO a")
        wait_until(lambda: proxy.struck, "the proxy holds back the reply")
        proxy.close()

        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("redisched-proxy")] == []
