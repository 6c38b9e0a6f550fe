"""A server that does not answer is left alone for a while, so that others get on."""

from src.database import Transaction
from src.notifications.client import Breaker, Clients
from src.notifications.exceptions import Unreachable
from src.notifications.schemas import Envelope
from tests.conftest import Execute
from tests.notifications.sending import attempt, clients_of, mailing, write


class Flaky:
    """A way out that answers when it is told to."""

    def __init__(self) -> None:
        self.is_up = True
        self.tries = 0

    async def send(self, envelope: Envelope) -> None:
        self.tries += 1
        if not self.is_up:
            raise Unreachable("down")


async def test_a_server_that_never_answers_is_left_alone_for_a_while(conn: Transaction) -> None:
    now, flaky = [0.0], Flaky()
    breaker = Breaker(flaky, clock=lambda: now[0])
    clients = Clients(service="Birds", mail=breaker, sms=None, has_outbox=False)

    async def send_some(number: int) -> int:
        before = flaky.tries
        for _ in range(number):
            await attempt(conn, clients, await write(conn), 0)
        return flaky.tries - before

    flaky.is_up = False
    assert await send_some(4) == 4
    flaky.is_up = True
    assert await send_some(1) == 1
    flaky.is_up = False
    assert await send_some(9) == 5
    now[0] += 29
    assert await send_some(3) == 0
    now[0] += 2
    assert await send_some(3) == 1
    flaky.is_up = True
    now[0] += 31
    assert await send_some(3) == 3


async def test_a_dead_port_is_left_alone_too(conn: Transaction, execute: Execute, url: str) -> None:
    async with clients_of(url, mailing=mailing(1)) as clients:
        for _ in range(6):
            await attempt(conn, clients, await write(conn), 0)

    assert await execute("SELECT count(*) FROM message WHERE last_error = 'no answer lately'") == [
        (1,)
    ]
