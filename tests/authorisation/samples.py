"""A right request for every operation: for whom it is, it succeeds, or meets a rule of its domain.

An operation without a sample fails the matrix. The address and the method are the route's own; a
sample fills in what is between them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode
from uuid import uuid4

from src.auth.onetime.constants import Purpose
from src.auth.sso.flows import challenge_of
from tests import factories
from tests.applets.importers.sources import activity, folder, radio, zipped
from tests.authorisation.oracle import (
    BAD_CSRF,
    BAD_ORIGIN,
    BY_HEADER,
    FORGED,
    LET_IN,
    NO_KEYS,
    TOO_LOW,
    UNKNOWN,
    Transport,
    Verdict,
)
from tests.authorisation.world import KEYS, NOBODY, UNSIGNED, Caller, Place, Who, World
from tests.fakes import facebook

_number = count(1)


@dataclass(frozen=True, slots=True)
class Scene:
    """Who calls, for what, and how."""

    world: World
    caller: Caller
    place: Place
    transport: Transport


@dataclass(frozen=True, slots=True)
class Finer:
    """A rule that is finer than the operation's: this sample takes a higher role."""

    role: str
    otherwise: Verdict


@dataclass(frozen=True, slots=True)
class Sample:
    answers: frozenset[int]
    """What those are answered with who are let in."""
    body: Callable[[Scene], object] | None = None
    """JSON, or bytes."""
    path: Callable[[Scene], Mapping[str, str]] | None = None
    """What the address names beside its team or applet."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    finer: Finer | None = None
    programs: Verdict | None = None
    """What service accounts are answered with, where it is for people only."""
    is_nested: bool = False
    """Whether `path` names a part of the place: one of another team's does not exist here."""
    verdict: Callable[[Scene], Verdict | None] | None = None
    """For who is known by the payload: what must come, in place of what the table says."""
    cookies: Callable[[Scene], Mapping[str, str]] | None = None
    """Cookies beside the access token's."""
    is_slow: bool = False
    """Whether it hashes a password: not everybody tries then every way to call."""


def ok(
    *answers: int,
    body: Callable[[Scene], object] | None = None,
    path: Callable[[Scene], Mapping[str, str]] | None = None,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    label: str = "",
    finer: Finer | None = None,
    programs: Verdict | None = None,
    is_nested: bool = False,
    verdict: Callable[[Scene], Verdict | None] | None = None,
    cookies: Callable[[Scene], Mapping[str, str]] | None = None,
    is_slow: bool = False,
) -> Sample:
    return Sample(
        frozenset(answers or (200,)),
        body,
        path,
        query,
        headers or {},
        label,
        finer,
        programs,
        is_nested,
        verdict,
        cookies,
        is_slow,
    )


def _login(transport: str) -> Callable[[Scene], object]:
    return lambda scene: {
        "identifier": scene.world.callers[Who.OUTSIDER].email,
        "password": factories.PASSWORD,
        "token_transport": transport,
    }


def _signup(transport: str) -> Callable[[Scene], object]:
    return lambda scene: {
        "email": f"new{next(_number)}@example.net",
        "password": factories.PASSWORD,
        "token_transport": transport,
    }


def _own_email(scene: Scene) -> object:
    return {"email": scene.caller.email}


def _into_cookies(scene: Scene) -> Verdict | None:
    """Who is signed in by cookies comes from an allowed page, which a plain client never says."""
    return FORGED if scene.transport in BAD_ORIGIN | BY_HEADER else LET_IN


def _oneself(scene: Scene) -> Verdict | None:
    """For who is known, and by cookie only from an allowed page."""
    who, transport = scene.caller.who, scene.transport
    has_cookie = transport not in BY_HEADER and who is not Who.ANONYMOUS
    is_forged = transport in BAD_ORIGIN or (transport in BAD_CSRF and who not in UNSIGNED)
    if has_cookie and is_forged:
        return FORGED
    if who in KEYS:
        return UNKNOWN if has_cookie else NO_KEYS
    return UNKNOWN if who in NOBODY else LET_IN


def _mailed(purpose: Purpose) -> Callable[[Scene], dict[str, str]]:
    """What a link holds that was mailed to the caller, or to a stranger: programs have no mail."""

    def body(scene: Scene) -> dict[str, str]:
        is_program = scene.caller.who is Who.SERVICE_KEY
        whose = Who.OUTSIDER if is_program else scene.caller.who
        return {"token": scene.world.links[purpose, whose]}

    return body


def _opened(purpose: Purpose) -> Sample:
    """Opening a link as a browser does; any token will do, since nothing is looked up."""
    return ok(query="token=core_once_x", label=purpose)


def _completion(transport: str) -> Callable[[Scene], object]:
    mailed = _mailed(Purpose.SIGNUP)
    more = {"password": factories.PASSWORD, "token_transport": transport}
    return lambda scene: {**mailed(scene), **more}


def _facebook(_: Scene) -> Mapping[str, str]:
    return {"provider": "facebook"}


def _facebook_token(transport: str) -> Callable[[Scene], object]:
    return lambda _: {
        "access_token": facebook.token(
            f"{next(_number)}", email=f"facebook{next(_number)}@example.net"
        ),
        "token_transport": transport,
    }


def _facebook_code(scene: Scene) -> object:
    verifier = "v" * 43
    asked = {"redirect_uri": facebook.PAGE, "code_challenge": challenge_of(verifier)}
    email = f"facebook{next(_number)}@example.net"
    return {
        "code": facebook.code(
            f"?{urlencode(asked)}", facebook.token(f"{next(_number)}", email=email)
        ),
        "code_verifier": verifier,
        "redirect_uri": facebook.PAGE,
        "nonce": f"nonce-of-one-sign-in-{next(_number)}",
    }


_LOGIN_CODE = {"login_code": "core_once_none", "code_verifier": "v" * 43}


def _owners_refresh_token(scene: Scene) -> object:
    return {"refresh_token": scene.world.callers[Who.OWNER].refresh_token}


def _clearing(scene: Scene) -> Verdict | None:
    """Cookies that came are taken back, and only for an allowed page."""
    came = scene.transport not in BY_HEADER and scene.caller.token is not None
    return FORGED if came and scene.transport in BAD_ORIGIN else LET_IN


def _leaving(scene: Scene) -> Verdict | None:
    """Signing out by the access token. Of a session that has ended, only the cookies are left."""
    who, transport = scene.caller.who, scene.transport
    if who in KEYS and transport in BY_HEADER:
        return NO_KEYS
    if transport in BY_HEADER or who is Who.ANONYMOUS:
        return UNKNOWN if who in NOBODY else LET_IN
    if transport in BAD_ORIGIN:
        return FORGED
    return FORGED if transport in BAD_CSRF and who not in UNSIGNED else LET_IN


def _refresh_cookie(scene: Scene) -> Mapping[str, str]:
    return {"core_rt": scene.world.callers[Who.OWNER].refresh_token}


def _phone(scene: Scene) -> object:
    return {"phone": f"+49{15_110_000_000 + next(_number)}"}


def _new_device(scene: Scene) -> Mapping[str, str]:
    return {"device_id": str(uuid4())}


def _fresh_ids(scene: Scene) -> Mapping[str, str]:
    return {"submission_id": str(uuid4()), "answer_id": str(uuid4())}


def _part(scene: Scene) -> object:
    return scene.place.part


def _batch(scene: Scene) -> object:
    return {"parts": [{**_fresh_ids(scene), **scene.place.part}]}


def _own_submission(scene: Scene) -> Mapping[str, str]:
    return {"submission_id": scene.place.submissions.get(scene.caller.who, str(uuid4()))}


def _members_submission(scene: Scene) -> Mapping[str, str]:
    return {"submission_id": scene.place.member_submission}


def _myself(scene: Scene) -> Mapping[str, str]:
    return {"user_id": scene.caller.id}


def _member(scene: Scene) -> Mapping[str, str]:
    return {"user_id": scene.place.member_id}


def _service_account(scene: Scene) -> Mapping[str, str]:
    return {"service_account_id": scene.place.service_account_id}


def _service_key(scene: Scene) -> Mapping[str, str]:
    return {**_service_account(scene), "key_id": scene.place.key_id}


def _invitation(scene: Scene) -> Mapping[str, str]:
    return {"invitation_id": scene.place.invitation_id}


def _link(scene: Scene) -> Mapping[str, str]:
    return {"token": scene.place.invitation_token}


def _draft(scene: Scene) -> object:
    return {**factories.DIARY, "name": f"Diary {next(_number)}"}


def _somebody(scene: Scene) -> Mapping[str, str]:
    return {"user_id": scene.place.member_id}


def _why(_: Scene) -> object:
    return {"reason": "asked for it"}


_IMPORTED = zipped(folder(activity(["owl"]), owl=radio(0, 1)))
_EVERYBODYS = Finer("admin", Verdict(404, "submission_not_found"))
_NOT_OTHERS = Finer("admin", TOO_LOW)

SAMPLES: Mapping[str, Sequence[Sample]] = {
    "ping": [ok()],
    "get_liveness": [ok()],
    "get_readiness": [ok()],
    "get_metrics": [ok()],
    "list_outbox": [ok()],
    "get_jwks": [ok()],
    "sign_up": [
        ok(201, body=_signup("bearer"), is_slow=True),
        ok(201, body=_signup("cookie"), verdict=_into_cookies, label="into cookies", is_slow=True),
        ok(202, body=lambda _: {"email": "new@example.net"}, label="by mail"),
    ],
    "check_signup": [ok(body=_mailed(Purpose.SIGNUP))],
    "show_signup": [_opened(Purpose.SIGNUP)],
    "complete_signup": [
        ok(201, body=_completion("bearer"), is_slow=True),
        ok(
            201,
            body=_completion("cookie"),
            verdict=_into_cookies,
            label="into cookies",
            is_slow=True,
        ),
    ],
    "request_email_verification": [
        ok(202, body=lambda scene: {"email": scene.caller.email}, label="by address"),
        ok(202, verdict=_oneself, label="for oneself"),
    ],
    "show_email_verification": [_opened(Purpose.VERIFY_EMAIL)],
    "verify_email": [ok(204, body=_mailed(Purpose.VERIFY_EMAIL))],
    "change_my_email": [ok(202, body=lambda _: {"email": "other@example.net"})],
    "show_email_change": [_opened(Purpose.CHANGE_EMAIL)],
    "confirm_my_email": [ok(204, body=_mailed(Purpose.CHANGE_EMAIL))],
    "show_email_undo": [_opened(Purpose.UNDO_EMAIL)],
    "undo_email_change": [ok(204, body=_mailed(Purpose.UNDO_EMAIL))],
    "create_export": [ok(202, 409)],
    "get_export": [ok(404)],
    "get_export_file": [ok(400, query="token=core_once_x")],
    "delete_me": [ok(202, 409, body=lambda scene: {"confirm": scene.caller.email})],
    "show_deletion_undo": [_opened(Purpose.RESTORE_ACCOUNT)],
    # Nobody here is being deleted.
    "undo_deletion": [ok(400, body=_mailed(Purpose.RESTORE_ACCOUNT))],
    "log_in": [
        ok(body=_login("bearer"), is_slow=True),
        ok(body=_login("cookie"), verdict=_into_cookies, label="into cookies", is_slow=True),
    ],
    "log_in_with_factor": [
        ok(401, body=lambda _: {"ticket": "core_once_x", "method": "totp", "code": "123456"})
    ],
    "create_passkey_login_options": [ok()],
    "log_in_by_passkey": [
        ok(400, body=lambda _: {"flow_id": str(uuid4()), "assertion": {"id": "x"}})
    ],
    "create_passkey_options": [ok()],
    "create_passkey": [
        ok(400, body=lambda _: {"flow_id": str(uuid4()), "credential": {"id": "x"}})
    ],
    "list_passkeys": [ok()],
    "update_passkey": [
        ok(404, path=lambda _: {"passkey_id": str(uuid4())}, body=lambda _: {"name": "Phone"})
    ],
    "delete_passkey": [ok(404, path=lambda _: {"passkey_id": str(uuid4())})],
    "create_totp": [ok(201)],
    "confirm_totp": [ok(404, body=lambda _: {"code": "123456"})],
    "delete_totp": [ok(404)],
    "create_recovery_codes": [ok(409)],
    "refresh_tokens": [
        ok(body=_owners_refresh_token),
        ok(cookies=_refresh_cookie, verdict=_into_cookies, label="by cookie"),
    ],
    "log_out": [
        ok(204, body=_owners_refresh_token, verdict=_clearing),
        ok(204, verdict=_leaving, label="by access token"),
    ],
    "get_session": [ok()],
    "reauthenticate": [
        ok(body=lambda _: {"password": factories.PASSWORD}, is_slow=True),
    ],
    "set_my_password": [
        ok(
            204,
            body=lambda _: {
                "current_password": factories.PASSWORD,
                "new_password": "eleven owls upon a mossy roof",
            },
            is_slow=True,
        ),
    ],
    "remove_my_password": [ok(409, label="the only way to sign in")],
    "recover_password": [ok(202, body=_own_email)],
    "show_reset_page": [ok()],
    "reset_password": [
        ok(400, body=lambda _: {"token": "core_once_x", "password": factories.PASSWORD}),
    ],
    "ask_for_login_link": [ok(202, body=_own_email)],
    "ask_for_login_code": [ok(202, body=_own_email)],
    "show_login_page": [ok()],
    "redeem_login": [ok(400, body=lambda _: {"token": "core_once_x"})],
    "list_sso_providers": [ok()],
    "begin_sso": [
        ok(
            303,
            path=_facebook,
            query=urlencode({"redirect_to": facebook.PAGE, "code_challenge": "c" * 43}),
        )
    ],
    "finish_sso": [ok(400, path=_facebook, label="without a flow")],
    "finish_sso_by_form": [ok(400, path=_facebook, label="without a flow")],
    "exchange_sso": [ok(400, body=lambda _: _LOGIN_CODE, label="no such code")],
    "sign_in_by_sso_code": [ok(201, path=_facebook, body=_facebook_code)],
    "sign_in_by_sso_token": [
        ok(201, path=_facebook, body=_facebook_token("bearer")),
        ok(
            201,
            path=_facebook,
            body=_facebook_token("cookie"),
            verdict=_into_cookies,
            label="into cookies",
        ),
    ],
    "list_identities": [ok()],
    "link_identity": [ok(400, body=lambda _: _LOGIN_CODE, label="no such code")],
    "unlink_identity": [ok(404, path=lambda _: {"identity_id": str(uuid4())}, label="no such")],
    "get_me": [ok()],
    "list_api_keys": [ok()],
    "create_api_key": [ok(201, body=lambda _: {"name": "export", "scopes": ["exports:read"]})],
    "delete_api_key": [ok(404, path=lambda _: {"key_id": str(uuid4())})],
    "get_phone": [ok(404)],
    "put_phone": [ok(202, 429, body=_phone)],
    "verify_phone": [ok(400, body=lambda _: {"code": "000000"})],
    "remove_phone": [ok(204)],
    "register_device": [ok(201, path=_new_device, body=lambda _: {"type": "ios"})],
    "list_my_devices": [ok()],
    "bind_device": [ok(201, path=_new_device, body=lambda _: {"type": "ios"})],
    "remove_device": [ok(404, path=_new_device)],
    "send_test_notification": [ok(202, 429)],
    "update_me": [ok(body=lambda _: {"display_name": "Ann", "time_zone": "Europe/Athens"})],
    "get_preferences": [ok()],
    "update_preferences": [ok(body=lambda _: {"theme": {"mode": "dark"}})],
    "get_person": [
        ok(path=_myself, label="oneself"),
        ok(200, 404, path=_member, label="a member of the team"),
    ],
    "list_sessions": [ok()],
    "end_sessions": [ok(204)],
    "end_session": [ok(404, path=lambda _: {"session_id": str(uuid4())})],
    "create_team": [ok(201, body=lambda _: {"name": "Birds"})],
    "list_teams": [ok()],
    "get_team": [ok()],
    "update_team": [ok(body=lambda _: {"name": "Owls"}, headers={"if-match": "*"})],
    "update_team_settings": [ok(body=lambda _: {"locale": "de"}, headers={"if-match": "*"})],
    "delete_team": [ok(202, body=lambda scene: {"confirm": scene.place.team_name})],
    "restore_team": [ok()],
    "list_members": [ok()],
    "update_member": [ok(path=_member, body=lambda _: {"role": "editor"}, is_nested=True)],
    "remove_member": [
        ok(
            204,
            409,
            path=_myself,
            programs=Verdict(404, "member_not_found"),
            label="oneself",
        ),
        ok(204, path=_member, finer=_NOT_OTHERS, is_nested=True, label="another"),
    ],
    "transfer_ownership": [ok(body=lambda scene: {"user_id": scene.place.member_id})],
    "list_team_events": [ok()],
    "create_service_account": [ok(201, body=lambda _: {"name": "import", "role": "admin"})],
    "list_service_accounts": [ok()],
    "get_service_account": [ok(path=_service_account, is_nested=True)],
    "update_service_account": [
        ok(path=_service_account, body=lambda _: {"role": "editor"}, is_nested=True)
    ],
    "delete_service_account": [ok(204, path=_service_account, is_nested=True)],
    "create_service_account_key": [
        ok(
            201,
            path=_service_account,
            body=lambda _: {"name": "import", "scopes": ["answers:write"]},
            is_nested=True,
        )
    ],
    "list_service_account_keys": [ok(path=_service_account, is_nested=True)],
    "delete_service_account_key": [ok(204, path=_service_key, is_nested=True)],
    "create_invitation": [
        ok(201, body=lambda _: {"kind": "link", "role": "viewer", "max_uses": 2})
    ],
    "list_invitations": [ok()],
    "update_invitation": [ok(path=_invitation, body=lambda _: {"role": "viewer"}, is_nested=True)],
    "toggle_invitation": [ok(path=_invitation, is_nested=True)],
    "resend_invitation": [ok(202, 429, path=_invitation, is_nested=True)],
    "revoke_invitation": [ok(204, path=_invitation, is_nested=True)],
    "preview_invitation": [ok(path=_link)],
    "accept_invitation": [ok(path=_link)],
    "decline_invitation": [ok(204, path=_link)],
    "list_my_invitations": [ok()],
    "accept_my_invitation": [ok(404, path=_invitation)],
    "decline_my_invitation": [ok(404, path=_invitation)],
    "create_applet": [ok(201, body=lambda _: {"name": f"Owls {next(_number)}"})],
    "list_applets": [ok()],
    "get_applet": [ok()],
    "get_draft": [ok()],
    "put_draft": [ok(body=_draft, headers={"if-match": "*"})],
    "import_draft": [
        ok(
            body=lambda _: _IMPORTED,
            query="format=reproschema",
            headers={"content-type": "application/zip"},
        )
    ],
    "publish_version": [ok(409, label="nothing new")],
    "list_versions": [ok()],
    "get_content": [ok()],
    "put_answer": [ok(201, path=_fresh_ids, body=_part)],
    "put_answers": [ok(207, body=_batch)],
    "list_submissions": [ok()],
    "get_submission": [
        ok(path=_own_submission, label="one's own"),
        ok(
            path=_members_submission,
            finer=_EVERYBODYS,
            is_nested=True,
            label="somebody else's",
        ),
    ],
    "get_csv": [ok()],
    "get_ndjson": [ok()],
    "get_statistics": [ok()],
    "get_operator": [ok()],
    "list_users": [ok(query="q=user&status=active")],
    "create_user": [
        ok(
            201,
            body=lambda _: {"email": f"made{next(_number)}@example.net", "reason": "asked for"},
        )
    ],
    "get_user": [ok(path=_somebody)],
    "update_user": [ok(path=_somebody, body=lambda _: {"disabled": True, "reason": "spam"})],
    "delete_user": [ok(202, path=_somebody, body=_why)],
    "put_user_roles": [
        ok(path=_somebody, body=lambda _: {"roles": ["support"], "reason": "new here"})
    ],
    "revoke_user_sessions": [ok(204, path=_somebody, body=_why)],
    "reset_user_mfa": [ok(204, path=_somebody, body=_why)],
    "reset_user_password": [ok(202, path=_somebody, body=_why)],
    "unlock_user": [ok(204, path=_somebody, body=_why)],
    "list_audit_events": [ok(query="limit=3")],
    "list_signing_keys": [ok()],
}
