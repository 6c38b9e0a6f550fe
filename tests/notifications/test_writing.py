"""Leaving messages: in the caller's transaction, sealed, with a job that knows no secret."""

import pytest

from src.database import Transaction
from src.jobs import service as jobs_service
from src.notifications import service
from src.notifications.constants import SEND_TASK, Channel, State, Template
from tests import factories, mail
from tests.conftest import Execute

LINK = "https://core.example.org/verify?token=core_once_kept-from-everybody"
CODE = "927461"


async def test_a_mail_is_written_with_a_job_that_sends_it(
    conn: Transaction, execute: Execute
) -> None:
    message_id = await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.VERIFY_EMAIL,
        to="ann@example.org",
        locale="fr-CA",
        params={"link": LINK, "code": CODE},
    )

    written = await mail.last(conn, to="ann@example.org")
    assert (written.id, written.channel, written.template) == (
        message_id,
        Channel.MAIL,
        Template.VERIFY_EMAIL,
    )
    assert (written.state, written.params) == (State.QUEUED, {"link": LINK, "code": CODE})
    jobs = await execute(
        "SELECT args, status::text FROM procrastinate_jobs WHERE task_name = %(name)s",
        name=SEND_TASK,
    )
    assert jobs == [({"message_id": str(message_id), "attempt": 0}, "todo")]


async def test_an_sms_is_written_for_the_account_that_it_goes_with(
    conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)

    await service.send_sms(
        conn,
        factories.SEALER,
        template=Template.PHONE_CODE,
        to="+4915112345678",
        locale="en",
        params={"code": CODE},
        user_id=ann.id,
    )

    written = await mail.last(conn, template=Template.PHONE_CODE)
    assert (written.channel, written.to) == (Channel.SMS, "+4915112345678")
    assert await execute("SELECT account_id FROM message") == [(ann.id,)]


async def test_what_is_at_rest_shows_neither_link_nor_code(
    conn: Transaction, execute: Execute
) -> None:
    await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.VERIFY_EMAIL,
        to="ann@example.org",
        locale="en",
        params={"link": LINK, "code": CODE},
    )

    [(row, raw)] = await execute("SELECT message::text, params FROM message")
    jobs = await execute("SELECT procrastinate_jobs::text FROM procrastinate_jobs")

    assert all(CODE not in text and "core_once_" not in text for text in (row, str(jobs)))
    assert CODE.encode() not in bytes(raw)
    assert b"core_once_" not in bytes(raw)


async def test_what_is_undone_sends_nothing(conn: Transaction, execute: Execute) -> None:
    class UndoneError(Exception):
        pass

    async def write_and_fail() -> None:
        async with conn.transaction():
            await service.send_mail(
                conn,
                factories.SEALER,
                template=Template.LOGIN_CODE,
                to="ann@example.org",
                locale="en",
                params={"code": CODE},
            )
            raise UndoneError

    with pytest.raises(UndoneError):
        await write_and_fail()

    assert await mail.messages(conn) == []
    assert await execute("SELECT id FROM procrastinate_jobs") == []


@pytest.mark.parametrize(
    ("template", "params", "said"),
    [
        (Template.VERIFY_EMAIL, {"link": LINK}, "lacks ['code']"),
        (Template.LOGIN_CODE, {"code": CODE, "name": "Ann"}, "knows no ['name']"),
        (Template.PHONE_CODE, {"code": CODE}, "goes by sms"),
    ],
)
async def test_a_mistake_in_the_params_is_said_at_once(
    conn: Transaction, template: Template, params: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=r"lacks|goes by") as refused:
        await service.send_mail(
            conn,
            factories.SEALER,
            template=template,
            to="ann@example.org",
            locale="en",
            params=params,
        )

    assert said in str(refused.value)
    assert await mail.messages(conn) == []


async def test_a_job_waits_as_long_as_it_was_told(conn: Transaction, execute: Execute) -> None:
    number = await jobs_service.defer(conn, task=SEND_TASK, args={"message_id": "7"}, seconds=90)

    [found] = await execute(
        "SELECT id, args, scheduled_at - now() = interval '90 seconds' FROM procrastinate_jobs"
    )
    assert found == (number, {"message_id": "7"}, True)
