"""Phone numbers, as clients verify them."""

from itertools import count

from httpx2 import AsyncClient, Response

from src.auth.phone import service
from src.auth.phone.schemas import Number
from src.database import Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as

URL = "/v1/users/me/phone"
_number = count(15_112_000_000)


def new_number() -> str:
    """A mobile number that no test has used."""
    return f"+49{next(_number)}"


async def ask(client: AsyncClient, user: factories.User, phone: str) -> Response:
    return await client.put(URL, json={"phone": phone}, headers=acting_as(user))


async def say(client: AsyncClient, user: factories.User, code: str) -> Response:
    return await client.post(f"{URL}/verify", json={"code": code}, headers=acting_as(user))


async def number_of(client: AsyncClient, user: factories.User) -> str | None:
    response = await client.get(URL, headers=acting_as(user))
    return str(response.json()["phone"]) if response.status_code == 200 else None


async def sent_code(conn: Transaction, phone: str) -> str:
    """The code of the last message to a number."""
    message = await mail.last(conn, to=phone, template=Template.PHONE_CODE)
    return message.params["code"]


async def asked(conn: Transaction, user: factories.User, phone: str) -> str:
    """A code for this user to this number, whatever the limits say."""
    await service.send_code(
        conn,
        factories.SEALER,
        factories.SECRET_KEY.encode(),
        user_id=user.id,
        number=Number(phone, "DE"),
    )
    return await sent_code(conn, phone)


async def age(execute: Execute, seconds: int) -> None:
    """Let this many seconds pass for every code."""
    await execute(
        "UPDATE one_time_token SET created_at = created_at - %(seconds)s * interval '1 second',"
        " expires_at = expires_at - %(seconds)s * interval '1 second',"
        " code_expires_at = code_expires_at - %(seconds)s * interval '1 second'",
        seconds=seconds,
    )


def other(code: str) -> str:
    """A code that this is not."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
