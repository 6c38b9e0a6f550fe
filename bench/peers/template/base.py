"""The application: an engine, a session a request, and who calls."""

from collections.abc import Generator
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session, create_engine, select

from bench.peers import shared
from bench.peers.template.answer_models import Applet
from bench.peers.template.models import Account, Login, TeamMember

# The engine as the template makes it: the pool and its limits are the defaults.
engine = create_engine(urlsplit(shared.DATABASE_URL)._replace(scheme="postgresql+psycopg").geturl())
bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/login")
app = FastAPI()


def get_db() -> Generator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


def get_current_user(session: SessionDep, token: Annotated[str, Depends(bearer)]) -> Account:
    try:
        session_id = shared.session_of(token)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid token") from exc
    query = select(Account).join(Login).where(Login.id == session_id, *Login.is_alive())
    user = session.exec(query).first()
    if user is None:
        raise HTTPException(401, "invalid token")
    return user


CurrentUser = Annotated[Account, Depends(get_current_user)]


def get_role(applet_id: UUID, session: SessionDep, user: CurrentUser) -> str:
    query = select(TeamMember.role).join(Applet, Applet.team_id == TeamMember.team_id)
    role = session.exec(
        query.where(Applet.id == applet_id, TeamMember.account_id == user.id)
    ).first()
    if role is None:
        raise HTTPException(404, "no such applet")
    return role


Role = Annotated[str, Depends(get_role)]
