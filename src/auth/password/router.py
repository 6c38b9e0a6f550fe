"""`/v1/users/me/password`, and showing the password again: `/v1/auth/reauthenticate`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import HTMLResponse

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions, pages, sessions, signing_in
from src.auth import service as auth_service
from src.auth.constants import LogoutScope, MfaMethod, Transport
from src.auth.dependencies import (
    Authentication,
    CurrentLinks,
    CurrentUser,
    ProcessAuthentication,
)
from src.auth.lockout import service as lockout_service
from src.auth.mailing import MaySendMail
from src.auth.mfa import constants as mfa_constants
from src.auth.mfa import service as mfa_service
from src.auth.mfa.exceptions import InvalidMfaCode, LongerPasswordRequired
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidCode, InvalidOneTimeToken
from src.auth.onetime.schemas import MailRequest, SentToken
from src.auth.passkeys import service as passkeys_service
from src.auth.passkeys.ceremonies import RelyingParty
from src.auth.passkeys.dependencies import PossibleRelyingParty
from src.auth.password import service
from src.auth.password.constants import RESET_TASK
from src.auth.password.dependencies import CheckedReset, ConfirmedBy, OwnNewPassword
from src.auth.password.exceptions import SamePassword
from src.auth.password.schemas import Reauthentication
from src.auth.schemas import CheckEmail, Refreshed
from src.constants import API_PREFIX
from src.dependencies import Deciding, Pools, ProcessSettings, Transaction
from src.exceptions import Busy, Invalid, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import payload_problems, private_problems, problems
from src.routing import Route
from src.users.schemas import UserId

router = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
my_router = APIRouter(prefix="/users/me/password", tags=["auth"], route_class=Route)


@my_router.put(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Set my password",
    responses=payload_problems(
        exceptions.InvalidToken,
        exceptions.InvalidCredentials,
        exceptions.FreshLoginRequired,
        SamePassword,
        LongerPasswordRequired,
        Busy,
    ),
)
async def set_my_password(
    request: Request,
    response: Response,
    new: OwnNewPassword,
    user: CurrentUser,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    conn: Transaction,
) -> None:
    """Change the password, which ends the other sessions unless `revoke_others` is false.

    An account without one gets its first; that takes a sign-in of the last 15 minutes. The caller
    stays signed in: in cookie transport with new tokens.
    """
    await service.set_own(
        conn,
        authentication.issuer.sealer,
        user_id=user.id,
        hash=new.hash,
        is_short=new.is_short,
        replaces=new.replaces,
    )
    if new.revoke_others:
        await auth_service.revoke_sessions(
            conn,
            user_id=user.id,
            session_id=user.session_id,
            scope=LogoutScope.OTHERS,
            reason="password_changed",
        )
    session = await auth_service.get_session(conn, session_id=user.session_id)
    if session.transport is Transport.COOKIE:
        issued = await sessions.confirm(
            conn, authentication.issuer, session_id=user.session_id, auth_methods=["pwd"]
        )
        signing_in.send(request, response, settings, issued)


@my_router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove my password",
    responses=private_problems(
        exceptions.InvalidToken, exceptions.FreshLoginRequired, exceptions.LastLoginMethod
    ),
)
async def remove_my_password(
    user: CurrentUser, authentication: ProcessAuthentication, conn: Transaction
) -> None:
    """Sign in without a password from now on, by whatever else the account has.

    The other sessions end.
    """
    await service.remove(conn, authentication.issuer.sealer, user_id=user.id)
    await auth_service.revoke_other_sessions(conn, caller=user, reason="password_removed")


@router.post(
    "/password/recovery",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for a new password",
    responses=problems(Invalid, Unavailable),
)
async def recover_password(
    asked: MailRequest,
    may_send: MaySendMail,
    links: CurrentLinks,
    settings: ProcessSettings,
    conn: Transaction,
) -> CheckEmail:
    """Mail a link and a code to the address, if an account has it. The answer is always the same.

    The link works for 30 minutes, the code for ten. Of several mails the last one counts, and
    there is one a minute at the most.
    """
    if may_send:
        await onetime_service.ask(
            conn,
            settings.secret_key,
            purpose=Purpose.RESET_PASSWORD,
            email=asked.email,
            detail={"page": links.reset_password(), "home": links.sign_in()},
            task=RESET_TASK,
        )
    return CheckEmail()


@router.get(
    "/password/reset",
    summary="The page of a recovery mail",
    response_class=HTMLResponse,
    responses=problems(Invalid, Unavailable),
)
async def show_reset_page(
    conn: Deciding, token: Annotated[SentToken | None, Query()] = None
) -> Response:
    """A page that asks for the new password, for installations without a front end.

    The link of the mail leads here, and changes nothing: the page's button does. How many
    characters the page asks for depends on the account, once the token is one that can be used.
    """
    minimum = await service.reset_min(conn, await service.find_reset(conn, token=token))
    return pages.page(
        title="Choose a new password",
        text=f"It has {minimum} characters or more: a sentence is easy to keep in mind.",
        button="Set the password",
        action=f"{API_PREFIX}/auth/password/reset",
        done="The password is set, and you are signed out everywhere. Sign in with it now.",
        fields=(
            '<label>New password<input type="password" name="password" required'
            f' minlength="{minimum}" maxlength="256" autocomplete="new-password"></label>'
        ),
    )


@router.post(
    "/password/reset",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Set a new password by mail",
    responses=problems(
        InvalidOneTimeToken, ExpiredToken, InvalidCode, RateLimited, Invalid, Busy, Unavailable
    ),
)
async def reset_password(
    reset: CheckedReset,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    conn: Transaction,
    pools: Pools,
) -> None:
    """Set the password by the token of the mail's link, or by its code and the address.

    All sessions end. Sign in with the new password then: a second factor is asked for as ever.
    """
    if reset.token is not None:
        spent = await onetime_service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=reset.token)
    else:
        spent = await onetime_service.spend_code(
            conn,
            settings.secret_keys,
            purpose=Purpose.RESET_PASSWORD,
            target=reset.email,
            code=reset.code,
        )
    await service.reset(
        conn,
        authentication.issuer.sealer,
        spent,
        password=reset.password,
        hash=reset.hash,
    )
    if spent.user_id is not None:
        await lockout_service.forget(pools, user_id=spent.user_id)


@router.post(
    "/reauthenticate",
    summary="Prove again who I am",
    responses=payload_problems(
        exceptions.InvalidToken, exceptions.InvalidCredentials, InvalidMfaCode, Busy
    ),
)
async def reauthenticate(
    request: Request,
    response: Response,
    proof: Reauthentication,
    confirmed_by: ConfirmedBy,
    party: PossibleRelyingParty,
    user: CurrentUser,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    conn: Transaction,
    pools: Pools,
) -> Refreshed:
    """Make this a fresh sign-in, with new tokens: what asks for one takes the new access token.

    A second factor makes it a sign-in by two (`aal2`). Its codes count as in `login/mfa`.
    """
    proved = confirmed_by or await _proved_by_factor(
        conn, pools, authentication, party, proof, user_id=user.id
    )
    issued = await sessions.confirm(
        conn, authentication.issuer, session_id=user.session_id, auth_methods=proved
    )
    await audit_service.record(
        conn,
        action=Action.SESSION_CONFIRMED,
        actor_id=user.id,
        object_id=user.session_id,
        detail={"methods": proved},
    )
    sent, csrf_token = signing_in.send(request, response, settings, issued)
    return Refreshed(tokens=sent, csrf_token=csrf_token)


async def _proved_by_factor(
    conn: Transaction,
    pools: Pools,
    authentication: Authentication,
    party: RelyingParty | None,
    proof: Reauthentication,
    *,
    user_id: UserId,
) -> list[str]:
    """What a code or a passkey proves. Raises InvalidMfaCode, which speaks of that alone."""
    if proof.totp is None:
        try:
            return await passkeys_service.verify_factor(
                conn, party, assertion=proof.assertion, user_id=user_id
            )
        except InvalidMfaCode as exc:
            raise InvalidMfaCode(
                "The passkey proves nothing: it is not yours, or its answer is used or too old."
            ) from exc
    try:
        await mfa_service.verify_code(
            conn,
            pools,
            authentication.issuer.sealer,
            user_id=user_id,
            method=MfaMethod.TOTP,
            code=proof.totp,
        )
    except InvalidMfaCode as exc:
        raise InvalidMfaCode(
            "The code is not right: mistyped, used before, or too late. After five wrong ones wait"
            " a quarter of an hour."
        ) from exc
    return mfa_constants.AUTH_METHODS
