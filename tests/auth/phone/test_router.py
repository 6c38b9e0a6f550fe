from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from src.config import PhoneSettings
from src.database import Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.phone.verifying import (
    URL,
    age,
    ask,
    asked,
    new_number,
    number_of,
    other,
    say,
    sent_code,
)
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, mistakes, problem


async def test_a_number_is_verified_by_the_code_that_was_sent_there(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, phone = await factories.user(conn), new_number()

    asking = await ask(client, ann, phone)
    before = await number_of(client, ann)
    saying = await say(client, ann, await sent_code(conn, phone))

    assert asking.status_code == 202, asking.text
    times = {name: datetime.fromisoformat(at) for name, at in asking.json().items()}
    assert times["expires_at"] - times["resend_after"] == timedelta(minutes=9)
    assert (saying.status_code, saying.content) == (204, b"")
    assert before is None
    assert await number_of(client, ann) == phone


async def test_saying_the_code_again_changes_nothing(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, phone = await factories.user(conn), new_number()
    await ask(client, ann, phone)
    code = await sent_code(conn, phone)
    await say(client, ann, code)
    before = await execute("SELECT * FROM phone")

    again, wrong = await say(client, ann, code), await say(client, ann, other(code))

    assert again.status_code == 204, again.text
    problem(wrong, 400, "invalid_code")
    assert await execute("SELECT * FROM phone") == before
    assert len(await mail.messages(conn, to=ann.email)) == 1


async def test_a_code_that_was_said_is_worth_nothing_once_the_number_is_gone(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, phone = await factories.user(conn), new_number()
    code = await asked(conn, ann, phone)
    await say(client, ann, code)
    await client.delete(URL, headers=acting_as(ann))

    response = await say(client, ann, code)

    problem(response, 400, "invalid_code")
    assert await number_of(client, ann) is None


async def test_ones_own_number_is_not_verified_again(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, phone = await factories.user(conn), new_number()
    await say(client, ann, await asked(conn, ann, phone))

    response = await ask(client, ann, phone)

    problem(response, 409, "phone_already_verified")
    assert len(await mail.messages(conn, to=phone)) == 1


async def test_another_number_replaces_the_one_before_once_it_is_proved(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, old, new = await factories.user(conn), new_number(), new_number()
    await say(client, ann, await asked(conn, ann, old))

    code = await asked(conn, ann, new)
    between = await number_of(client, ann)
    await say(client, ann, code)

    assert between == old
    assert await number_of(client, ann) == new


async def test_asking_for_another_number_kills_the_code_of_the_one_before(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, one, two = await factories.user(conn), new_number(), new_number()
    first = await asked(conn, ann, one)
    await asked(conn, ann, two)

    problem(await say(client, ann, first), 400, "invalid_code")
    assert await number_of(client, ann) is None


async def test_codes_of_two_users_for_one_number_leave_each_other_alone(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob, phone = await factories.user(conn), await factories.user(conn), new_number()
    anns = await asked(conn, ann, phone)
    bobs = await asked(conn, bob, phone)

    crossed = await say(client, ann, bobs) if anns != bobs else None
    first, second = await say(client, ann, anns), await say(client, bob, bobs)

    assert crossed is None or crossed.status_code == 400
    assert first.status_code == 204, first.text
    problem(second, 409, "phone_taken")
    assert await number_of(client, bob) is None


async def test_a_number_that_was_removed_is_free_for_others(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob, phone = await factories.user(conn), await factories.user(conn), new_number()
    await say(client, ann, await asked(conn, ann, phone))
    code = await asked(conn, bob, phone)
    problem(await say(client, bob, code), 409, "phone_taken")

    removing = await client.delete(URL, headers=acting_as(ann))
    response = await say(client, bob, code)

    assert removing.status_code == 204, removing.text
    assert response.status_code == 204, response.text
    assert await number_of(client, bob) == phone


async def test_asking_tells_nothing_of_who_has_the_number(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob, phone = await factories.user(conn), await factories.user(conn), new_number()
    await say(client, ann, await asked(conn, ann, phone))
    response = await ask(client, bob, phone)

    assert response.status_code == 202, response.text


async def test_changes_are_told_by_mail_and_written_down(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await say(client, ann, await asked(conn, ann, new_number()))
    await client.delete(URL, headers=acting_as(ann))
    await client.delete(URL, headers=acting_as(ann))

    notices = await mail.messages(conn, to=ann.email, template=Template.SECURITY_NOTICE)
    rows = await execute("SELECT action FROM audit_event WHERE actor_id = %(id)s", id=ann.id)

    assert [notice.params["event"] for notice in notices] == ["phone_changed", "phone_removed"]
    assert rows == [("user.phone_verified",), ("user.phone_removed",)]


async def test_a_number_is_changed_and_removed_only_after_a_fresh_sign_in(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await ask(client, ann, new_number()), 403, "fresh_login_required")
    response = await client.delete(URL, headers=acting_as(ann))
    problem(response, 403, "fresh_login_required")


@pytest.mark.parametrize(
    ("body", "phone"),
    [
        ({"phone": "+49 1511 2345678"}, "+4915112345678"),
        ({"country_code": "49", "number": "01511 2345678"}, "+4915112345678"),
        ({"phone": "+4915112345678", "country_code": None, "number": None}, "+4915112345678"),
        ({"country_code": "+1", "number": "(415) 555-0123"}, "+14155550123"),
        ({"country_code": "44", "number": "07911 123456"}, "+447911123456"),
    ],
)
async def test_a_number_may_be_written_in_several_ways(
    client: AsyncClient, conn: Transaction, body: dict[str, str | None], phone: str
) -> None:
    ann = await factories.user(conn)

    response = await client.put(URL, json=body, headers=acting_as(ann))

    assert response.status_code == 202, response.text
    await say(client, ann, await sent_code(conn, phone))
    assert await number_of(client, ann) == phone


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ({}, ("/phone", "required")),
        ({"country_code": "49"}, ("/phone", "required")),
        ({"phone": "+4915112345678", "number": "1"}, ("/phone", "required")),
        ({"phone": "015112345678"}, ("/phone", "invalid_phone")),
        ({"phone": "+49"}, ("/phone", "invalid_phone")),
        ({"phone": "hello"}, ("/phone", "invalid_phone")),
        ({"phone": "+999123456789"}, ("/phone", "invalid_phone")),
        ({"country_code": "49", "number": "+33612345678"}, ("/number", "invalid_phone")),
        ({"country_code": "0", "number": "1"}, ("/country_code", "wrong_format")),
    ],
)
async def test_what_is_no_number_is_refused(
    client: AsyncClient, conn: Transaction, body: dict[str, str], mistake: tuple[str, str]
) -> None:
    ann = await factories.user(conn)

    response = await client.put(URL, json=body, headers=acting_as(ann))

    assert mistakes(response) == {mistake}
    assert await mail.messages(conn) == []


@pytest.mark.parametrize("phone", ["+491805123456", "+49301234567", "+33612345678"])
async def test_no_code_goes_to_a_number_that_costs_or_cannot_read_or_is_not_served(
    make_client: MakeClient, conn: Transaction, phone: str
) -> None:
    client = await make_client(phone=PhoneSettings(countries=("de",)))
    ann = await factories.user(conn)

    problem(await ask(client, ann, phone), 422, "phone_not_allowed")
    assert await mail.messages(conn) == []
    assert (await ask(client, ann, new_number())).status_code == 202


async def test_a_number_gets_one_code_a_minute(client: AsyncClient, conn: Transaction) -> None:
    ann, bob, phone = await factories.user(conn), await factories.user(conn), new_number()
    await ask(client, ann, phone)

    for user in (ann, bob):
        response = await ask(client, user, phone)
        problem(response, 429, "rate_limited")
        assert 0 < int(response.headers["retry-after"]) <= 60
    assert len(await mail.messages(conn, to=phone)) == 1


async def test_a_user_gets_five_codes_a_day(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)

    statuses = [(await ask(client, ann, new_number())).status_code for _ in range(6)]

    assert statuses == [202] * 5 + [429]


async def test_no_code_is_in_a_job_or_an_answer(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, phone = await factories.user(conn), new_number()
    response = await ask(client, ann, phone)
    code = await sent_code(conn, phone)

    jobs = await execute("SELECT args FROM procrastinate_jobs")

    assert jobs
    assert code not in response.text
    assert all(set(args) <= {"message_id", "attempt"} for (args,) in jobs)


async def test_a_code_lives_ten_minutes(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, phone = await factories.user(conn), new_number()
    code = await asked(conn, ann, phone)
    await age(execute, 590)

    assert (await say(client, ann, code)).status_code == 204
