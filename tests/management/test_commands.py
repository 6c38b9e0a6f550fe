"""`just create-admin` and `just rotate-keys`, as operators type them."""

from collections.abc import Callable

import psycopg
import pytest
from typer.testing import CliRunner, Result

from src.__main__ import cli
from tests import factories

Run = Callable[..., Result]


@pytest.fixture
def run(own_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("DATABASE__URL", own_database_url)
    monkeypatch.setenv("SECRETS__SECRET_KEY", factories.SECRET_KEY)

    def ran(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, arguments, input=typed)

    return ran


def rows(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(text.encode()).fetchall()


def test_an_admin_is_made_and_made_once(run: Run, own_database_url: str) -> None:
    typed = f"{factories.PASSWORD}\n{factories.PASSWORD}\n"

    first = run("create-admin", "ann@example.org", typed=typed)
    again = run("create-admin", "ANN@example.org")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert factories.PASSWORD not in first.output
    assert "is an admin of the platform" in again.output
    assert "Password" not in again.output
    assert "There is no account ann@example.org: a new one is made." in first.output
    assert "was made" in first.output
    assert "made" not in again.output
    admins = rows(
        own_database_url,
        "SELECT account.email, account.status, platform_role.role, password.hash"
        "  FROM platform_role JOIN account ON account.id = platform_role.account_id"
        "  JOIN password ON password.account_id = account.id",
    )
    assert [row[:3] for row in admins] == [("ann@example.org", "active", "admin")]
    assert str(admins[0][3]).startswith("$argon2id$")


def test_a_weak_password_makes_nobody(run: Run, own_database_url: str) -> None:
    done = run("create-admin", "ann@example.org", typed="short\nshort\n")

    assert done.exit_code == 2
    assert "at least 15 characters" in done.output
    assert rows(own_database_url, "SELECT FROM account") == []


def test_a_weak_password_need_not_be_typed_again(run: Run) -> None:
    done = run("create-admin", "ann@example.org", typed="short\n")

    assert done.exit_code == 2
    assert "at least 15 characters" in done.output
    assert "Repeat" not in done.output


@pytest.mark.parametrize("given", ["not-an-email", "Bob <bob@example.org>", "", " ", "a@b@c"])
def test_what_is_no_email_makes_nobody(run: Run, own_database_url: str, given: str) -> None:
    done = run("create-admin", given, typed=f"{factories.PASSWORD}\n{factories.PASSWORD}\n")

    assert done.exit_code == 2
    (line,) = done.output.strip().splitlines()
    assert line.startswith(f"{given!r} is no email: ")
    assert rows(own_database_url, "SELECT FROM account") == []


def test_blanks_around_an_email_are_none_of_it(run: Run, own_database_url: str) -> None:
    typed = f"{factories.PASSWORD}\n{factories.PASSWORD}\n"

    assert run("create-admin", "  ann@example.org ", typed=typed).exit_code == 0
    assert rows(own_database_url, "SELECT email FROM account") == [("ann@example.org",)]


def test_keys_are_rotated_and_dropped(run: Run, own_database_url: str) -> None:
    assert "No key yet" in run("rotate-keys", "--overlap", "0").output

    dropped = run("rotate-keys", "--emergency")
    rotated = run("rotate-keys", "--overlap", "0")

    assert (dropped.exit_code, rotated.exit_code) == (0, 0), dropped.output + rotated.output
    assert "All signing keys were dropped" in dropped.output
    states = rows(own_database_url, "SELECT state FROM signing_key ORDER BY created_at")
    assert states == [("retired",), ("active",)]
    assert "session.refresh_key: 0 sealed anew" in rotated.output


def test_values_that_no_key_opens_are_named(
    run: Run, own_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("rotate-keys", "--emergency").exit_code == 0
    monkeypatch.setenv("SECRETS__SECRET_KEY", "some-other-key-0123456789-0123456789-012")

    done = run("rotate-keys", "--overlap", "0")

    assert done.exit_code == 2
    assert "signing_key.private_key: 1 were sealed by a key that is neither" in done.output
