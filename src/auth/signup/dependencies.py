"""What signing up takes before a transaction begins: a password that is good enough, hashed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from src.auth import exceptions
from src.auth.binding import ProcessInvitations
from src.auth.captcha import service as captcha_service
from src.auth.dependencies import (
    NewPasswordSecret,
    ProcessAuthentication,
    RequestCaller,
    may_write_to,
)
from src.auth.signup import schemas, service
from src.dependencies import Pools, ProcessSettings
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.users import service as users_service
from src.users.exceptions import EmailTaken
from src.users.schemas import KnownUser


@dataclass(frozen=True, slots=True)
class SignupSecret:
    """A sign-up that may go on. Without a hash, the password is chosen later, by a mailed link."""

    new: schemas.Signup
    password_hash: str | None
    known: KnownUser | None
    """Who has the address already; not looked for where an account is made at once."""
    may_write: bool
    """Whether a mail may go to the address."""
    invited: dict[str, str] | None = None
    """What they are invited to, by a token that holds for the address."""


async def acceptable_signup(
    new: schemas.Signup,
    caller: RequestCaller,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    invitations: ProcessInvitations,
    pools: Pools,
) -> SignupSecret:
    """A private service hashes whatever comes, so that every answer takes as long.

    Where nobody can sign up, an invitation that names the address is enough, by mail.
    """
    await limits_service.demand(pools, Rule.SIGNUP_IP, caller.ip)
    invited = None
    if new.invitation_token is not None:
        invited = await invitations.invited(
            pools.deciding.single, token=new.invitation_token, email=new.email
        )
    is_invited = invited is not None
    if not settings.takes_signups and not (is_invited and settings.mail_arrives):
        raise exceptions.SignupDisabled()
    if settings.captcha.signup:
        await captcha_service.demand(authentication.captcha, token=new.captcha_token, ip=caller.ip)
    if new.password is not None:
        context = [new.email.partition("@")[0], new.username or "", new.given_name, new.family_name]
        await authentication.demand_good(new.password, context=context)
    if new.password is None and not settings.mail_arrives:
        raise exceptions.SignupDisabled()
    may_write = await may_write_to(
        new.email, user_id=None, caller=caller, settings=settings, pools=pools
    )
    if not settings.signup_is_open:
        await authentication.hasher.hash(new.password or "")
    elif new.password is not None:
        hashed = await authentication.hasher.hash(new.password)
        return SignupSecret(new, hashed, None, may_write, invited)
    known = await users_service.find_by_email(pools.deciding.single, email=new.email)
    if known is not None and settings.signup_is_open:
        raise EmailTaken()
    return SignupSecret(new, None, known, may_write, invited)


AcceptableSignup = Annotated[SignupSecret, Depends(acceptable_signup)]


async def completing_password(
    completion: schemas.SignupCompletion,
    caller: RequestCaller,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    pools: Pools,
) -> NewPasswordSecret:
    """The hash of the password that the owner of the address has chosen."""
    proposed: dict[str, str] = {"email": completion.email or ""}
    if completion.token is None:
        # Nothing is known of who sends a code, and a hash takes time.
        await limits_service.demand(pools, Rule.SIGNUP_IP, caller.ip)
    else:
        found = await service.proposal(pools.deciding.single, token=completion.token)
        if not settings.takes_signups and "invited" not in found.detail:
            raise exceptions.SignupDisabled()
        proposed = found.detail
    context = [
        proposed["email"].partition("@")[0],
        completion.username or proposed.get("username") or "",
        completion.given_name or proposed.get("given_name", ""),
        completion.family_name or proposed.get("family_name", ""),
    ]
    return NewPasswordSecret(await authentication.hash_new(completion.password, context=context))


CompletingPassword = Annotated[NewPasswordSecret, Depends(completing_password)]
