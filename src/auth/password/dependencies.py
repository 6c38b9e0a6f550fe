"""What passwords take before a transaction begins: reading, checking, hashing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from src.auth import exceptions, passwords
from src.auth.constants import PASSWORD_MIN_BESIDE
from src.auth.dependencies import CurrentUser, ProcessAuthentication, RequestCaller
from src.auth.lockout import service as lockout_service
from src.auth.lockout.service import Place
from src.auth.mfa import service as mfa_service
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.password import schemas, service
from src.auth.password.exceptions import SamePassword
from src.dependencies import Deciding, Pools
from src.exceptions import FieldError, Invalid
from src.limits import service as limits_service
from src.limits.constants import Rule

_POINTER = "/new_password"


@dataclass(frozen=True, slots=True)
class NewPasswordSecret:
    """A password that may be set, hashed. `replaces` says when the one it replaces was set."""

    hash: str
    is_short: bool
    replaces: datetime | None
    revoke_others: bool


async def own_new_password(
    change: schemas.PasswordChange,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Deciding,
    pools: Pools,
) -> NewPasswordSecret:
    """The caller's new password, once the old one has been shown; without one, a fresh sign-in."""
    own, hasher = await service.get_own(conn, user_id=user.id), authentication.hasher
    if own.hash is not None:
        current = change.current_password or ""
        if not await lockout_service.is_right(
            pools,
            hasher,
            user_id=user.id,
            identifier="",
            hashed=own.hash,
            password=current,
            place=Place("session", user.session_id),
        ):
            raise exceptions.InvalidCredentials("The current password is another one.")
        if passwords.normalise(current) == passwords.normalise(change.new_password):
            raise SamePassword()
    elif not user.is_fresh:
        raise exceptions.FreshLoginRequired()
    await authentication.issuer.keys.ensure(pools)
    return NewPasswordSecret(
        hash=await authentication.hash_new(
            change.new_password,
            context=own.context,
            pointer=_POINTER,
            minimum=await mfa_service.password_min(conn, user_id=user.id),
        ),
        is_short=passwords.is_short(change.new_password),
        replaces=own.changed_at,
        revoke_others=change.revoke_others,
    )


async def confirmed_user(
    proof: schemas.Reauthentication,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Deciding,
    pools: Pools,
) -> list[str] | None:
    """How the caller has proved by password who they are, in names of RFC 8176.

    None of one who has sent another proof, which takes a transaction to look at.
    """
    if len(proof.model_fields_set) != 1:
        one = "Send one proof: `password`, `totp` or `assertion`."
        raise Invalid(errors=[FieldError("", "one_proof", one)])
    await authentication.issuer.keys.ensure(pools)
    if proof.password is None:
        return None
    own = await service.get_own(conn, user_id=user.id)
    if not await lockout_service.is_right(
        pools,
        authentication.hasher,
        user_id=user.id,
        identifier="",
        hashed=own.hash,
        password=proof.password,
        place=Place("session", user.session_id),
    ):
        raise exceptions.InvalidCredentials("The password is another one.")
    return ["pwd"]


@dataclass(frozen=True, slots=True)
class ResetSecret:
    """What is to be spent for the password, which has been hashed."""

    token: str | None
    email: str
    code: str
    password: str
    hash: str


async def checked_reset(
    reset: schemas.PasswordReset,
    authentication: ProcessAuthentication,
    caller: RequestCaller,
    pools: Pools,
) -> ResetSecret:
    """A password that may be set, hashed, once its token has been looked at.

    A code cannot be looked at without a try: until it is tried, nothing tells whose it is.
    """
    await limits_service.demand(pools, Rule.LOGIN_IP, caller.ip)
    # By a code, whoever has a second factor may have less; who that is will be seen.
    minimum = PASSWORD_MIN_BESIDE
    if reset.token is not None:
        conn = pools.deciding.single
        found = await onetime_service.look_at(
            conn, purpose=Purpose.RESET_PASSWORD, token=reset.token
        )
        minimum = await service.reset_min(conn, found)
    elif passwords.has_fewer(reset.password, minimum):
        raise Invalid(errors=[passwords.too_short_for_all("/password")])
    email = reset.email or ""
    return ResetSecret(
        token=reset.token,
        email=email,
        code=reset.code or "",
        password=reset.password,
        hash=await authentication.hash_new(
            reset.password,
            context=[email.partition("@")[0]],
            minimum=minimum,
        ),
    )


CheckedReset = Annotated[ResetSecret, Depends(checked_reset)]
OwnNewPassword = Annotated[NewPasswordSecret, Depends(own_new_password)]
ConfirmedBy = Annotated[list[str] | None, Depends(confirmed_user)]
