"""The application: an engine, a session and a transaction a request, and who calls."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers import shared
from bench.peers.orm.answer_models import Applet
from bench.peers.orm.models import Account, Login, TeamMember

URL = urlsplit(shared.DATABASE_URL)._replace(scheme="postgresql+asyncpg").geturl()
engine = create_async_engine(URL, pool_size=shared.POOL_SIZE, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        yield session


# Committed before the answer is sent, as with the other contenders.
Db = Annotated[AsyncSession, Depends(database, scope="function")]


async def current_user(
    db: Db, sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> Account:
    try:
        session_id = shared.session_of(sent.credentials)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid token") from exc
    user = await db.scalar(
        select(Account).join(Login).where(Login.id == session_id, *Login.is_alive())
    )
    if user is None:
        raise HTTPException(401, "invalid token")
    return user


User = Annotated[Account, Depends(current_user)]


async def applet_role(applet_id: UUID, user: User, db: Db) -> str:
    role = await db.scalar(
        select(TeamMember.role)
        .join(Applet, Applet.team_id == TeamMember.team_id)
        .where(Applet.id == applet_id, TeamMember.account_id == user.id)
    )
    if role is None:
        raise HTTPException(404, "no such applet")
    return role


Role = Annotated[str, Depends(applet_role)]
