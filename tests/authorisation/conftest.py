import pytest
from fastapi import FastAPI

from src.config import AuthenticationSettings, Settings
from src.database import Connection, Pools, Transaction
from tests import factories
from tests.authorisation import world as worlds
from tests.authorisation.world import World
from tests.conftest import Execute, settings_for


@pytest.fixture
async def pools(conn: Connection) -> Pools:
    """The test's connection as it is: whoever sends many requests undoes each."""
    return factories.lending(conn)


@pytest.fixture
def settings(url: str) -> Settings:
    """As in production: a platform role counts only beside a second factor, and who has not
    verified their email may do little."""
    strict = AuthenticationSettings(admins_need_mfa=True, require_verified_email=True)
    return settings_for(url, authentication=strict)


@pytest.fixture
async def world(app: FastAPI, conn: Transaction, execute: Execute, settings: Settings) -> World:
    """Everybody who may call, and what for."""
    return await worlds.make(app, conn, execute, settings)
