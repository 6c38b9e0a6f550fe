"""Every route of the product answers alike, compiled or served by FastAPI."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from httpx2 import AsyncClient, Response

from src.auth import cookies
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import ApiKeyCreate
from src.auth.constants import Transport
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.sso import service as sso_service
from src.auth.sso.constants import Mode
from src.auth.sso.flows import challenge_of
from src.auth.sso.schemas import Asserted, Pending
from src.config import Settings
from src.database import Transaction
from src.permissions import Scope
from src.privacy import service as privacy_service
from src.routing.middleware import BODY_MAX, left_out
from src.teams.schemas import MyTeam
from tests import documented, factories
from tests.answers.sending import Sheet, put, sheet
from tests.auth.mfa.securing import Secured, secure, ticket
from tests.auth.passkeys.authenticator import Authenticator
from tests.auth.passkeys.registering import ask, options, register
from tests.auth.phone import verifying as phones
from tests.conftest import AppBy, Execute, RawConnection
from tests.devices.registering import bind
from tests.fakes import facebook
from tests.http import BASE_URL, acting_as, bearer, client_of
from tests.routing.pairs import FRESH, Recorded

NAMESPACE = UUID(int=7)
JSON = "application/json"


@dataclass(frozen=True)
class Sent:
    """A request. `json` is its body unless `content` is given."""

    method: str
    url: str
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return b"" if self.json is None else json.dumps(self.json).encode()

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        media = {"Content-Type": JSON} if self.json is not None else {}
        given = {**media, **self.headers}
        return [(name.encode(), value.encode("latin-1")) for name, value in given.items()]

    def but(self, **changes: Any) -> "Sent":
        return replace(self, **changes)

    def headed(self, **headers: str) -> "Sent":
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


@dataclass(frozen=True)
class World:
    """What there is: an applet with an answer, its owner, another member of its team, a team that
    was deleted, somebody with cookies, an operator of the platform, a guest with a passkey, and
    somebody with a second factor."""

    sheet: Sheet
    submission_id: str
    answer_id: str
    browser: factories.User
    csrf_token: str
    guest: factories.User
    member: factories.User
    deleted: MyTeam
    operator: factories.User
    invitation: dict[str, Any]
    secured: Secured
    ticket: str
    passkey_id: str
    assertion: dict[str, Any]
    credential: dict[str, Any]
    device_id: str
    phone_code: str
    links: dict[Purpose, str]
    login_code: str
    link_code: str
    identity_id: str
    key: str
    key_id: str
    program_id: str
    program_key_id: str

    @property
    def owner(self) -> factories.User:
        return self.sheet.owner

    @property
    def team_url(self) -> str:
        return f"/v1/teams/{self.sheet.published.team.id}"


def valid(world: World) -> dict[str, Sent]:
    """For each operation a request that is right."""
    owner, on, team = world.owner, world.sheet, world.team_url
    me = acting_as(owner)
    login = {"identifier": owner.email, "password": owner.password}
    signup = {"email": "new@example.org", "password": "a long sentence about three otters"}
    new_id = uuid5(NAMESPACE, "answer")
    draft = {**factories.DIARY, "name": "Other"}
    guest, secured = acting_as(world.guest), acting_as(world.secured.user)
    member = f"{team}/members/{world.member.id}"
    invitation = f"{team}/invitations/{world.invitation['id']}"
    mine = f"/v1/users/me/invitations/{world.invitation['id']}"
    program = f"{team}/service-accounts/{world.program_id}"
    passkey = f"/v1/users/me/passkeys/{world.passkey_id}"
    link = f"/v1/invitations/{world.invitation['token']}"
    links = world.links
    verifier = "v" * 43
    begun = urlencode({"redirect_to": facebook.PAGE, "code_challenge": "c" * 43})
    page = urlencode({"redirect_uri": facebook.PAGE, "code_challenge": challenge_of(verifier)})
    token = facebook.token("42", email="new@example.net")
    login_code = {"login_code": world.login_code, "code_verifier": verifier}
    sso = "/v1/auth/sso"
    return {
        "list_sso_providers": Sent("GET", f"{sso}/providers"),
        "begin_sso": Sent("GET", f"{sso}/facebook/authorize?{begun}"),
        "finish_sso": Sent("GET", f"{sso}/facebook/callback?state=x&code=y"),
        "finish_sso_by_form": Sent("POST", f"{sso}/facebook/callback"),
        "exchange_sso": Sent("POST", f"{sso}/exchange", login_code),
        "sign_in_by_sso_code": Sent(
            "POST",
            f"{sso}/facebook/code",
            {
                "code": facebook.code(f"?{page}", token),
                "code_verifier": verifier,
                "redirect_uri": facebook.PAGE,
                "nonce": "nonce-of-one-sign-in",
            },
        ),
        "sign_in_by_sso_token": Sent("POST", f"{sso}/facebook/token", {"access_token": token}),
        "list_identities": Sent("GET", "/v1/users/me/identities", headers=me),
        "link_identity": Sent(
            "POST",
            "/v1/users/me/identities",
            {"login_code": world.link_code, "code_verifier": verifier},
            headers=me,
        ),
        "unlink_identity": Sent(
            "DELETE", f"/v1/users/me/identities/{world.identity_id}", headers=me
        ),
        "get_liveness": Sent("GET", "/health/live"),
        "get_readiness": Sent("GET", "/health/ready"),
        "get_metrics": Sent("GET", "/metrics"),
        "get_jwks": Sent("GET", "/.well-known/jwks.json"),
        "ping": Sent("GET", "/v1/ping"),
        "list_outbox": Sent("GET", "/v1/local/outbox?limit=5"),
        "sign_up": Sent("POST", "/v1/auth/signup", signup),
        "check_signup": Sent("POST", "/v1/auth/signup/check", {"token": links[Purpose.SIGNUP]}),
        "show_signup": Sent("GET", f"/v1/auth/signup/complete?token={links[Purpose.SIGNUP]}"),
        "complete_signup": Sent(
            "POST",
            "/v1/auth/signup/complete",
            {"token": links[Purpose.SIGNUP], "password": signup["password"]},
        ),
        "request_email_verification": Sent("POST", "/v1/auth/email/verification", headers=me),
        "show_email_verification": Sent(
            "GET",
            f"/v1/auth/email/verify?token={links[Purpose.VERIFY_EMAIL]}",
            headers={"Accept": JSON},
        ),
        "verify_email": Sent(
            "POST", "/v1/auth/email/verify", {"token": links[Purpose.VERIFY_EMAIL]}
        ),
        "change_my_email": Sent(
            "PUT", "/v1/users/me/email", {"email": "other@example.org"}, headers=me
        ),
        "show_email_change": Sent(
            "GET", f"/v1/users/me/email/confirm?token={links[Purpose.CHANGE_EMAIL]}"
        ),
        "confirm_my_email": Sent(
            "POST",
            "/v1/users/me/email/confirm",
            {"token": links[Purpose.CHANGE_EMAIL]},
            headers=me,
        ),
        "show_email_undo": Sent("GET", f"/v1/auth/email/undo?token={links[Purpose.UNDO_EMAIL]}"),
        "undo_email_change": Sent(
            "POST", "/v1/auth/email/undo", {"token": links[Purpose.UNDO_EMAIL]}
        ),
        "create_export": Sent("POST", "/v1/users/me/export", headers=guest),
        "get_export": Sent("GET", "/v1/users/me/export", headers=secured),
        "get_export_file": Sent(
            "GET", f"/v1/users/me/export/file?token={links[Purpose.ACCOUNT_EXPORT]}"
        ),
        "delete_me": Sent("DELETE", "/v1/users/me", {"confirm": world.guest.email}, headers=guest),
        "show_deletion_undo": Sent(
            "GET", f"/v1/auth/deletion/undo?token={links[Purpose.RESTORE_ACCOUNT]}"
        ),
        "undo_deletion": Sent(
            "POST", "/v1/auth/deletion/undo", {"token": links[Purpose.RESTORE_ACCOUNT]}
        ),
        "log_in": Sent("POST", "/v1/auth/login", login),
        "refresh_tokens": Sent(
            "POST", "/v1/auth/token/refresh", {"refresh_token": owner.refresh_token}
        ),
        "log_out": Sent("POST", "/v1/auth/logout", {"scope": "all"}, headers=me),
        "log_in_with_factor": Sent(
            "POST",
            "/v1/auth/login/mfa",
            {
                "ticket": world.ticket,
                "method": "recovery_code",
                "code": world.secured.recovery_codes[0],
            },
        ),
        "create_passkey_login_options": Sent("POST", "/v1/auth/passkeys/options"),
        "log_in_by_passkey": Sent("POST", "/v1/auth/passkeys/verify", world.assertion),
        "create_passkey_options": Sent("POST", "/v1/users/me/passkeys/options", headers=me),
        "create_passkey": Sent(
            "POST", "/v1/users/me/passkeys", world.credential, headers=acting_as(world.member)
        ),
        "list_passkeys": Sent("GET", "/v1/users/me/passkeys", headers=guest),
        "update_passkey": Sent("PATCH", passkey, {"name": " Phone é"}, headers=guest),
        "delete_passkey": Sent("DELETE", passkey, headers=guest),
        "create_totp": Sent("POST", "/v1/users/me/mfa/totp", headers=me),
        "confirm_totp": Sent(
            "POST", "/v1/users/me/mfa/totp/confirm", {"code": "123 456"}, headers=secured
        ),
        "delete_totp": Sent("DELETE", "/v1/users/me/mfa/totp", headers=secured),
        "create_recovery_codes": Sent("POST", "/v1/users/me/mfa/recovery-codes", headers=secured),
        "get_session": Sent("GET", "/v1/auth/session", headers=me),
        "reauthenticate": Sent(
            "POST", "/v1/auth/reauthenticate", {"password": owner.password}, headers=me
        ),
        "set_my_password": Sent(
            "PUT",
            "/v1/users/me/password",
            {"current_password": owner.password, "new_password": "eleven owls upon a mossy roof"},
            headers=me,
        ),
        "remove_my_password": Sent("DELETE", "/v1/users/me/password", headers=me),
        "recover_password": Sent("POST", "/v1/auth/password/recovery", {"email": owner.email}),
        "show_reset_page": Sent("GET", "/v1/auth/password/reset?token=x"),
        "reset_password": Sent(
            "POST", "/v1/auth/password/reset", {"token": "x", "password": "eleven owls upon a roof"}
        ),
        "ask_for_login_link": Sent("POST", "/v1/auth/login/link", {"email": owner.email}),
        "ask_for_login_code": Sent("POST", "/v1/auth/login/code", {"email": owner.email}),
        "show_login_page": Sent("GET", "/v1/auth/login/link/redeem?token=x"),
        "redeem_login": Sent("POST", "/v1/auth/login/link/redeem", {"token": "x"}),
        "get_me": Sent("GET", "/v1/users/me", headers=me),
        "list_api_keys": Sent("GET", "/v1/users/me/api-keys", headers=me),
        "create_api_key": Sent(
            "POST",
            "/v1/users/me/api-keys",
            {"name": " export é", "scopes": ["exports:read"], "expires_at": None},
            headers=me,
        ),
        "delete_api_key": Sent("DELETE", f"/v1/users/me/api-keys/{world.key_id}", headers=me),
        "get_phone": Sent("GET", "/v1/users/me/phone", headers=me),
        "put_phone": Sent("PUT", "/v1/users/me/phone", {"phone": "+4915112345678"}, headers=me),
        "verify_phone": Sent(
            "POST", "/v1/users/me/phone/verify", {"code": world.phone_code}, headers=me
        ),
        "remove_phone": Sent("DELETE", "/v1/users/me/phone", headers=me),
        "send_test_notification": Sent("POST", "/v1/users/me/notifications/test", headers=me),
        "register_device": Sent(
            "PUT", f"/v1/devices/{new_id}", {"type": "web", "app_version": "1 é"}
        ),
        "list_my_devices": Sent("GET", "/v1/users/me/devices?limit=1", headers=me),
        "bind_device": Sent(
            "PUT", f"/v1/users/me/devices/{new_id}", {"type": "ios", "name": "é"}, headers=me
        ),
        "remove_device": Sent("DELETE", f"/v1/users/me/devices/{world.device_id}", headers=me),
        "update_me": Sent("PATCH", "/v1/users/me", {"display_name": " Ann é"}, headers=me),
        "get_preferences": Sent("GET", "/v1/users/me/preferences", headers=me),
        "update_preferences": Sent(
            "PATCH", "/v1/users/me/preferences", {"theme": {"accent": "#2A6F97"}}, headers=me
        ),
        "get_person": Sent("GET", f"/v1/users/{world.member.id}", headers=me),
        "list_sessions": Sent("GET", "/v1/users/me/sessions?limit=1", headers=me),
        "end_sessions": Sent("DELETE", "/v1/users/me/sessions", headers=me),
        "end_session": Sent("DELETE", f"/v1/users/me/sessions/{owner.session_id}", headers=me),
        "create_team": Sent("POST", "/v1/teams", {"name": " Birds é"}, headers=me),
        "list_teams": Sent("GET", "/v1/teams?limit=1", headers=me),
        "get_team": Sent("GET", team, headers=me),
        "update_team": Sent("PATCH", team, {"name": "Other é"}, headers=me),
        "update_team_settings": Sent("PATCH", f"{team}/settings", {"locale": "fr"}, headers=me),
        "delete_team": Sent("DELETE", team, {"confirm": on.published.team.name}, headers=me),
        "restore_team": Sent("POST", f"/v1/teams/{world.deleted.id}/restore", headers=me),
        "list_members": Sent("GET", f"{team}/members?limit=1", headers=me),
        "update_member": Sent("PATCH", member, {"role": "editor"}, headers=me),
        "remove_member": Sent("DELETE", member, headers=me),
        "transfer_ownership": Sent(
            "POST",
            f"{team}/transfer-ownership",
            {"user_id": str(world.member.id), "demote_self_to": "editor"},
            headers=me,
        ),
        "list_team_events": Sent("GET", f"{team}/audit-log?action=team.created", headers=me),
        "create_service_account": Sent(
            "POST", f"{team}/service-accounts", {"name": " import é", "role": "editor"}, headers=me
        ),
        "list_service_accounts": Sent("GET", f"{team}/service-accounts", headers=me),
        "get_service_account": Sent("GET", program, headers=me),
        "update_service_account": Sent("PATCH", program, {"name": " é"}, headers=me),
        "delete_service_account": Sent("DELETE", program, headers=me),
        "create_service_account_key": Sent(
            "POST", f"{program}/keys", {"name": "key", "scopes": ["teams:read"]}, headers=me
        ),
        "list_service_account_keys": Sent("GET", f"{program}/keys", headers=me),
        "delete_service_account_key": Sent(
            "DELETE", f"{program}/keys/{world.program_key_id}", headers=me
        ),
        "create_invitation": Sent("POST", f"{team}/invitations", {"kind": "link"}, headers=me),
        "list_invitations": Sent("GET", f"{team}/invitations?state=active", headers=me),
        "update_invitation": Sent("PATCH", invitation, {"active": False}, headers=me),
        "toggle_invitation": Sent("POST", f"{invitation}/toggle", headers=me),
        "resend_invitation": Sent("POST", f"{invitation}/resend", headers=me),
        "revoke_invitation": Sent("DELETE", invitation, headers=me),
        "list_my_invitations": Sent("GET", "/v1/users/me/invitations?limit=5", headers=guest),
        "accept_my_invitation": Sent("POST", f"{mine}/accept", headers=guest),
        "decline_my_invitation": Sent("POST", f"{mine}/decline", headers=guest),
        "preview_invitation": Sent("GET", link),
        "accept_invitation": Sent("POST", f"{link}/accept", headers=guest),
        "decline_invitation": Sent("POST", f"{link}/decline", headers=guest),
        "create_applet": Sent("POST", f"{team}/applets", {"name": "Birds"}, headers=me),
        "list_applets": Sent("GET", f"{team}/applets", headers=me),
        "get_applet": Sent("GET", on.url, headers=me),
        "get_draft": Sent("GET", f"{on.url}/draft", headers=me),
        "put_draft": Sent("PUT", f"{on.url}/draft", draft, headers={**me, "If-Match": "*"}),
        "publish_version": Sent("POST", f"{on.url}/versions", {"note": "again"}, headers=me),
        "list_versions": Sent("GET", f"{on.url}/versions", headers=me),
        "get_content": Sent("GET", f"{on.url}/content?version={on.version_id}", headers=me),
        "import_draft": Sent(
            "POST", f"{on.url}/import?format=reproschema", {"@type": "Activity"}, headers=me
        ),
        "put_answer": Sent(
            "PUT", f"{on.url}/submissions/{new_id}/answers/{new_id}", on.part(), headers=me
        ),
        "put_answers": Sent(
            "POST",
            f"{on.url}/submissions/batch",
            {"parts": [on.batch_part(), {"submission_id": str(new_id)}]},
            headers=me,
        ),
        "list_submissions": Sent("GET", f"{on.url}/submissions?limit=5", headers=me),
        "get_submission": Sent("GET", f"{on.url}/submissions/{world.submission_id}", headers=me),
        "get_csv": Sent("GET", f"{on.url}/data.csv", headers=me),
        "get_ndjson": Sent("GET", f"{on.url}/data.ndjson", headers=me),
        "get_statistics": Sent("GET", f"{on.url}/statistics", headers=me),
        **_managing(world),
    }


def _managing(world: World) -> dict[str, Sent]:
    """What operators of the platform send."""
    operator = acting_as(world.operator)
    user = f"/v1/admin/users/{world.member.id}"
    why = {"reason": "asked for é"}
    return {
        "get_operator": Sent("GET", "/v1/admin/whoami", headers=operator),
        "create_user": Sent(
            "POST",
            "/v1/admin/users",
            {"email": "é@example.org", "given_name": "é", "reason": "asked for"},
            headers=operator,
        ),
        "list_users": Sent("GET", "/v1/admin/users?q=user&limit=2", headers=operator),
        "get_user": Sent("GET", user, headers=operator),
        "update_user": Sent("PATCH", user, {"disabled": True, **why}, headers=operator),
        "delete_user": Sent("DELETE", user, why, headers=operator),
        "put_user_roles": Sent(
            "PUT", f"{user}/roles", {"roles": ["support"], **why}, headers=operator
        ),
        "revoke_user_sessions": Sent("POST", f"{user}/revoke-sessions", why, headers=operator),
        "reset_user_mfa": Sent("POST", f"{user}/mfa-reset", why, headers=operator),
        "reset_user_password": Sent("POST", f"{user}/password-reset", why, headers=operator),
        "unlock_user": Sent("POST", f"{user}/unlock", why, headers=operator),
        "list_audit_events": Sent(
            "GET", "/v1/admin/audit-log?action=team.created&limit=1", headers=operator
        ),
        "list_signing_keys": Sent("GET", "/v1/admin/signing-keys", headers=operator),
    }


REFUSED = {
    *("import_draft", "publish_version", "confirm_totp", "remove_my_password"),
    *("reset_password", "redeem_login", "finish_sso", "finish_sso_by_form"),
}
"""Right for the route, and refused by the service: no such document, nothing to publish, set up
already, no flow that was begun."""

SLOW = {"sign_up", "complete_signup", "log_in", "reauthenticate", "set_my_password"}
"""Operations that hash a password whenever their request is right."""


def paths(sent: Sent) -> Iterator[Sent]:
    """The address in other words."""
    path, _, query = sent.url.partition("?")
    for other in (
        f"{path}/",
        f"/{path}",
        path.replace("/v1/", "/v1//"),
        path.replace("/v1/", "/v1/%2F"),
        path.replace("/v1/", "/V1/"),
        path.replace("/", "%2F", 2).replace("%2F", "/", 1),
        f"{path}%0A",
        f"{path}%00",
        f"{path}/%C3%A9",
        f"{path};a=b",
        f"/api{path}",
    ):
        yield sent.but(url=f"{other}?{query}" if query else other)
    for given in set(re.findall(r"[0-9a-f-]{36}", path)):
        unknown = uuid5(NAMESPACE, "unknown")
        for other in (
            given.upper(),
            f"%7B{given}%7D",
            f"urn:uuid:{given}",
            given.replace("-", ""),
            str(unknown),
            f"{given}%20",
            given[:-1],
            "null",
            "%00",
            "%ED%A0%80",
            "9" * 400,
        ):
            yield sent.but(url=sent.url.replace(given, other))


def queries(sent: Sent) -> Iterator[Sent]:
    """Other parameters, right ones and wrong ones."""
    path, _, query = sent.url.partition("?")
    for other in (
        "limit=3",
        "limit=2&limit=1",
        "limit=",
        "limit",
        "limit=0",
        "limit=%2B3",
        "limit=+3",
        "limit=3.0",
        f"limit={'9' * 30}",
        f"limit={'9' * 5000}",
        "limit=1;cursor=x",
        "cursor=",
        "cursor=x",
        "cursor=bm90aGluZw",
        "cursor=%00",
        f"cursor={'a' * 501}",
        "cursor=%ff%fe",
        "version=",
        "version=null",
        "format=zip",
        "unknown=1&&=&%=%",
    ):
        yield sent.but(url=f"{path}?{query}&{other}" if query else f"{path}?{other}")
        yield sent.but(url=f"{path}?{other}")


def callers(sent: Sent, world: World) -> Iterator[Sent]:
    """Somebody else, somebody unknown, or nobody."""
    own = {name: value for name, value in sent.headers.items() if name != "Authorization"}
    nobody = sent.but(headers=own)
    yield nobody
    for token in ("", "x", "a.b.c", world.owner.access_token[:-4] + "AAAA", "é"):
        yield nobody.but(headers={**own, **bearer(token)})
    for key in (world.key, f"{world.key[:-1]}*", "core_key_", f"{world.key}A"):
        yield nobody.but(headers={**own, **bearer(key)})
    yield nobody.headed(Authorization="Basic YTpi")
    yield nobody.headed(Authorization=world.owner.access_token)
    yield nobody.but(headers={**own, **acting_as(world.browser)})
    cookie = f"core_at={world.browser.access_token}; core_rt={world.browser.refresh_token}"
    yield nobody.headed(Cookie=cookie)
    yield nobody.headed(Cookie=cookie, Origin=BASE_URL, X_CSRF_Token=world.csrf_token)
    yield nobody.headed(Cookie=cookie, Origin="https://evil.example", X_CSRF_Token="x")
    yield nobody.headed(Cookie="core_at=; core_at=x; ;=")


def headers(sent: Sent) -> Iterator[Sent]:
    """Other headers."""
    for media in ("text/plain", "application/json; charset=utf-16", "application/x+json", "", "/"):
        yield sent.headed(Content_Type=media)
    yield sent.headed(Content_Encoding="gzip")
    yield sent.headed(Content_Encoding="identity")
    yield sent.headed(Expect="100-continue")
    yield sent.headed(Content_Length="x")
    yield sent.headed(Content_Length=str(2**21))
    for etag in ("", "*", '"1"', 'W/"1"', '"x", *', "é", "9" * 40):
        yield sent.headed(If_Match=etag, If_None_Match=etag)
    yield sent.but(headers={k: v for k, v in sent.headers.items() if k != "If-Match"})


ODD: list[Any] = [
    *(None, True, 1, -0.0, 10**30, float("nan"), float("inf")),
    *("", " ", "\0", "\ud800", "é", "a" * 3000),
    *json.loads('[[], {}, [[]], {"a": null}]'),
]
"""Values that few fields want."""


def bodies(sent: Sent) -> Iterator[Sent]:
    """Other bodies: wrong ones, and right ones that are oddly written."""
    typed = sent.headed(Content_Type=JSON)
    for text in (
        "", " ", "null", "[]", "{}", "0", '"a"', "{", "[1,]", "{'a': 1}", "nothing", "\ufeff{}",
        "NaN", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 20000, "9" * 5000,
    ):  # fmt: skip
        yield typed.but(content=text.encode())
    for raw in (b"\xff", b'{"name": "\xff"}', b"\x00", b'{"name": "\x00"}', b"\xef\xbb\xbf{}"):
        yield typed.but(content=raw)
    if not isinstance(sent.json, dict):
        return
    yield typed.but(content=json.dumps(sent.json, ensure_ascii=False).encode("utf-16"))
    yield typed.but(content=b" " * BODY_MAX + json.dumps(sent.json).encode())
    yield sent.but(json={**sent.json, "unknown": 1})
    for name in sent.json:
        yield sent.but(json={key: value for key, value in sent.json.items() if key != name})
        twice = json.dumps(sent.json)[:-1] + f", {json.dumps(name)}: 1}}"
        yield typed.but(content=twice.encode())
        for value in ODD:
            yield sent.but(json={**sent.json, name: value})


def methods(sent: Sent) -> Iterator[Sent]:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
        yield sent.but(method=method)


KINDS: dict[str, Callable[[Sent, World], Iterator[Sent]]] = {
    "addresses": lambda sent, _: paths(sent),
    "queries": lambda sent, _: queries(sent),
    "callers": callers,
    "headers": lambda sent, _: headers(sent),
    "bodies": lambda sent, _: bodies(sent),
    "methods": lambda sent, _: methods(sent),
}


@dataclass
class Both:
    """The two applications on the test's database; each request leaves it as it was."""

    raw: RawConnection
    sides: list[tuple[Recorded, AsyncClient]]

    async def send(self, sent: Sent) -> tuple[Response, bool]:
        """Send it to both, which must answer alike. Returns the answer, and if it was compiled."""
        responses = []
        for _, client in self.sides:
            async with self.raw.transaction(force_rollback=True):
                responses.append(
                    await client.request(
                        sent.method, sent.url, content=sent.body, headers=sent.raw_headers
                    )
                )
        compiled, plain = responses
        assert alike(compiled) == alike(plain), sent
        return compiled, self.sides[0][0].were_compiled[-1]


@pytest.fixture
async def both(app_by: AppBy, raw: RawConnection, world: World) -> AsyncIterator[Both]:
    async with AsyncExitStack() as stack:
        sides = []
        for is_compiled in (True, False):
            recorded = Recorded(app_by(is_compiled=is_compiled))
            sides.append((recorded, await stack.enter_async_context(client_of(recorded))))
        yield Both(raw, sides)


@pytest.fixture
async def world(app_by: AppBy, conn: Transaction, settings: Settings, execute: Execute) -> World:
    on = await sheet(conn)
    guest = await factories.user(conn)
    member = await factories.member(conn, team=on.published.team)
    deleted = await factories.team(conn, owner=on.owner)
    await execute("UPDATE team SET deleted_at = now() WHERE id = %(id)s", id=deleted.id)
    submission, answer = uuid5(NAMESPACE, "submission"), uuid5(NAMESPACE, "first")
    async with client_of(app_by(is_compiled=False)) as client:
        sent = await put(client, on.owner, on, on.part(), submission=submission, answer=answer)
        assert sent.status_code == 201, sent.text
        invited = await client.post(
            f"/v1/teams/{on.published.team.id}/invitations",
            json={"kind": "email", "email": guest.email},
            headers=acting_as(on.owner),
        )
        assert invited.status_code == 201, invited.text
        programs = f"/v1/teams/{on.published.team.id}/service-accounts"
        program = await client.post(programs, json={"name": "x"}, headers=acting_as(on.owner))
        program_key = await client.post(
            f"{programs}/{program.json()['id']}/keys",
            json={"name": "x", "scopes": ["teams:read"]},
            headers=acting_as(on.owner),
        )
        kept = await register(client, guest)
        asked, wanted = await ask(client), await options(client, member)
        device_id = str(uuid5(NAMESPACE, "device"))
        told = await phones.asked(conn, on.owner, "+4915112345677")
        await phones.say(client, on.owner, told)
        phone_code = await phones.asked(conn, on.owner, "+4915112345676")
        bound = await bind(client, on.owner, device_id)
        assert bound.status_code == 201, bound.text
    # Long enough ago for another link.
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")
    await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=guest.id)
    secured = await secure(conn)
    linked = await sso_service.link(
        conn, factories.SEALER, user_id=on.owner.id, asserted=_asserted("linked")
    )
    key = await api_keys_service.create(
        conn,
        user_id=on.owner.id,
        actor_id=on.owner.id,
        new=ApiKeyCreate(name="key", scopes=list(Scope)),
    )
    browser = await factories.user(conn, transport=Transport.COOKIE)
    return World(
        sheet=on,
        submission_id=str(submission),
        answer_id=str(answer),
        browser=browser,
        csrf_token=cookies.csrf_token(settings, browser.session_id),
        guest=guest,
        member=member,
        deleted=deleted,
        operator=await factories.operator(conn),
        invitation=invited.json(),
        secured=secured,
        ticket=await ticket(conn, secured.user),
        passkey_id=kept.id,
        assertion={"flow_id": asked["flow_id"], "assertion": kept.passkey.get(asked["options"])},
        credential={
            "flow_id": wanted["flow_id"],
            "credential": Authenticator().create(wanted["options"]),
            "name": "Phone",
        },
        device_id=device_id,
        phone_code=phone_code,
        links=await mailed(conn, settings, on.owner)
        | await leaver(conn, settings)
        | await export(conn, execute, settings, secured.user),
        login_code=await _login_code(conn, settings, Mode.LOGIN),
        link_code=await _login_code(conn, settings, Mode.LINK),
        identity_id=str(linked.id),
        key=key.key,
        key_id=str(key.api_key.id),
        program_id=program.json()["id"],
        program_key_id=program_key.json()["api_key"]["id"],
    )


async def export(
    conn: Transaction, execute: Execute, settings: Settings, user: factories.User
) -> dict[Purpose, str]:
    """The token of an export that is ready."""
    made = await privacy_service.start(conn, user_id=user.id, page="")
    await execute(
        "INSERT INTO account_export_piece VALUES (%(id)s, %(id)s, 0, 'not a ZIP file')", id=made.id
    )
    await execute(
        "UPDATE account_export SET state = 'ready', run = id, size = 14, ready_at = now()"
        " WHERE id = %(id)s",
        id=made.id,
    )
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.ACCOUNT_EXPORT,
        target=str(user.id),
        user_id=user.id,
        detail={"export_id": str(made.id)},
    )
    return {Purpose.ACCOUNT_EXPORT: issued.token}


async def leaver(conn: Transaction, settings: Settings) -> dict[Purpose, str]:
    """The token of somebody whose account is being deleted."""
    leaving = await factories.user(conn)
    await privacy_service.begin(conn, user_id=leaving.id, days=14, by_owner=True)
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.RESTORE_ACCOUNT,
        target=str(leaving.id),
        user_id=leaving.id,
    )
    return {Purpose.RESTORE_ACCOUNT: issued.token}


async def mailed(
    conn: Transaction, settings: Settings, owner: factories.User
) -> dict[Purpose, str]:
    """Tokens of the links that the owner has been sent, or somebody new."""
    links = {}
    for purpose in Purpose:
        email = owner.email if purpose is Purpose.VERIFY_EMAIL else f"{purpose}@example.org"
        described = {"username": None, "given_name": "", "family_name": "", "locale": "en"}
        issued = await onetime_service.issue(
            conn,
            settings.secret_key,
            purpose=purpose,
            target=email,
            user_id=None if purpose is Purpose.SIGNUP else owner.id,
            detail={"email": email, **described},
        )
        links[purpose] = issued.token
    return links


def _asserted(subject: str) -> Asserted:
    return Asserted(
        provider="facebook",
        issuer="https://www.facebook.com",
        subject=subject,
        email=f"{subject}@example.net",
        is_email_trusted=True,
    )


async def _login_code(conn: Transaction, settings: Settings, mode: Mode) -> str:
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.SSO_LOGIN,
        target=mode,
        user_id=None,
        detail=Pending(mode, challenge_of("v" * 43), _asserted(f"by{mode}")).detail(),
    )
    return issued.token


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FRESH_WORDS = re.compile(
    r'("(?:access_token|refresh_token|csrf_token|trace_id|token|url'
    r'|ticket|key|prefix|secret|device_secret|otpauth_uri|challenge)": ?)"[^"]*"'
    r'|("recovery_codes": ?)\[[^]]*\]'
    r'|("expires_in": ?)[0-9]+'
    r"|((?:core_at|core_rt|core_browser|core_sso_facebook)=)[^;]*|(expires=)[^;]*|(Max-Age=)[0-9]+"
    r"|((?:state|code_challenge)=)[^&]*"
)


def alike(response: Response) -> object:
    """What two answers have in common: all but ids, times and tokens that are made for each."""
    known: dict[str, str] = {}

    def stable(text: str) -> str:
        text = FRESH_WORDS.sub(lambda found: found[found.lastindex or 0], text)
        text = TIME.sub("<time>", text)
        return IDS.sub(lambda found: known.setdefault(found[0], f"<id {len(known)}>"), text)

    content = response.content
    if "content-length" in response.headers and response.request.method != "HEAD":
        assert int(response.headers["content-length"]) == len(content)
    headers = [
        (name, stable(value))
        for name, value in response.headers.multi_items()
        if name not in FRESH | {"content-length"}
    ]
    text = stable(content.decode("utf-8", "surrogateescape"))
    if response.headers.get("content-type", "").startswith("text/plain; version="):
        text = ""  # metrics count the requests themselves
    return response.status_code, headers, "content-length" in response.headers, text


def operations() -> dict[str, str]:
    app = documented.application()
    return {
        context.original_route.name: min(context.methods or ())
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
    }


OPERATIONS = operations()


def test_every_operation_is_compiled() -> None:
    # The pages about the interface and those to try it on are no operations.
    assert left_out(documented.application()).keys() == {
        "openapi",
        "get_docs",
        "docs_assets",
        "get_passkey_page",
        "passkey_page_assets",
    }


async def test_every_operation_has_a_request_that_is_right(world: World) -> None:
    assert valid(world).keys() == OPERATIONS.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_is_right_is_compiled(operation: str, both: Both, world: World) -> None:
    response, is_compiled = await both.send(valid(world)[operation])

    assert is_compiled
    if operation not in REFUSED:
        assert response.is_success or response.is_redirect, response.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_whatever_is_sent_is_answered_alike(
    operation: str, kind: str, both: Both, world: World
) -> None:
    sent = valid(world)[operation]
    if operation in SLOW and kind != "bodies":
        sent = sent.but(json={**sent.json, "password": "short"})
    if operation in SLOW and kind == "bodies":
        sent = sent.but(json={**sent.json, "identifier": None, "email": None})

    for other in KINDS[kind](sent, world):
        await both.send(other)
