"""For each operation a request that is right, and what it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

from src.auth.onetime.constants import Purpose
from src.auth.sso.flows import challenge_of
from src.teams.schemas import MyTeam
from tests import factories
from tests.answers.sending import Sheet
from tests.auth.mfa.securing import Secured
from tests.fakes import facebook
from tests.http import acting_as

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
