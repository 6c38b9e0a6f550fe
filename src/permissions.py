"""Who may do what: one table, from which everything that asks reads.

Each operation has an entry, under the name of its route's function. The route looks its own up
(`src.routing`), the dependencies that enforce it read what it demands, and the OpenAPI document and
`docs/reference/permissions.md` tell it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Literal, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = Literal["team", "applet"]
"""What an operation may be about, and a role be held in: an applet's role is its team's."""


class Role(StrEnum):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {role: rank for rank, role in enumerate(Role)}
_HOLDERS = {
    Role.VIEWER: "Members",
    Role.EDITOR: "Editors, admins and owners",
    Role.ADMIN: "Admins and owners",
    Role.OWNER: "Owners",
}
"""Who has a role or a higher one."""


class PlatformRole(StrEnum):
    """What somebody may do for the operators of the whole service, whatever their teams."""

    SUPPORT = "support"
    USER_ADMIN = "user_admin"
    ADMIN = "admin"

    def includes(self, other: "PlatformRole") -> bool:
        """Whether this role may do what the other may: an admin may do everything."""
        return self in {other, PlatformRole.ADMIN}


class Scope(StrEnum):
    """What an API key may be made for. It never gives more than its owner has."""

    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    TEAMS_JOIN = "teams:join"
    TEAMS_READ = "teams:read"
    TEAMS_WRITE = "teams:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    APPLETS_READ = "applets:read"
    APPLETS_WRITE = "applets:write"
    ANSWERS_READ = "answers:read"
    ANSWERS_WRITE = "answers:write"
    EXPORTS_READ = "exports:read"
    STATISTICS_READ = "statistics:read"

    @property
    def is_personal(self) -> bool:
        """Whether it is about somebody, and so for no service account."""
        return self in _PERSONAL


_PERSONAL = frozenset(
    {
        Scope.PROFILE_READ,
        Scope.PROFILE_WRITE,
        Scope.DEVICES_READ,
        Scope.DEVICES_WRITE,
        Scope.TEAMS_JOIN,
    }
)


class Principal(Enum):
    """What a caller must be before anything else is asked."""

    ANONYMOUS = "anyone"
    USER = "a user"
    PLATFORM = "an operator"


@dataclass(frozen=True, slots=True)
class Permission:
    """What an operation demands of its caller."""

    principal: Principal
    fresh: bool = False
    """Whether the caller must have signed in during the last quarter of an hour."""
    on: Kind | None = None
    """The object of the address in which the caller must have the role."""
    role: Role | None = None
    is_deleted: bool = False
    """Whether the object is one that has been deleted: to other operations it does not exist."""
    unverified: bool = False
    """Whether it is for callers too whose email waits for verification, where that is required."""
    platform_role: PlatformRole | None = None
    scope: Scope | None = None
    """What an API key must have been made for; where there is none, no key is taken."""
    takes_key: bool = True
    """Whether a POST takes an `Idempotency-Key`, and is then answered alike when it is repeated."""
    note: str = ""
    """The finer rule, where there is one: whose submissions, which members."""

    def sentence(self) -> str:
        """The whole of it in words, for people."""
        if self.principal is Principal.ANONYMOUS:
            text = "Anyone, signed in or not"
        elif self.principal is Principal.PLATFORM:
            text = _operators(self.platform_role)
        elif self.role is None:
            text = "Any user"
        else:
            where = "the applet's team" if self.on == "applet" else "the team"
            where = "the deleted team" if self.is_deleted else where
            text = f"{_HOLDERS[self.role]} of {where}"
        if self.unverified:
            text += ", also while their email waits for verification"
        if self.fresh:
            text += ", signed in within the last 15 minutes"
        if self.scope is not None:
            text += f", or by their key with `{self.scope}`"
        return f"{text}; {self.note}." if self.note else f"{text}."

    def described(self) -> dict[str, Any]:
        """The parts that say something, as JSON."""
        parts = {
            name: value
            for name, value in asdict(self).items()
            if (value and name != "takes_key") or name == "principal"
        }
        return {**parts, "principal": self.principal.name.lower()}


def _operators(role: PlatformRole | None) -> str:
    if role is None:
        return "Operators of the platform"
    roles = [f"`{role}`"] if role is PlatformRole.ADMIN else [f"`{role}`", "`admin`"]
    return f"Operators with the role {' or '.join(roles)}"


def anonymous(note: str = "") -> Permission:
    """Anyone, signed in or not."""
    return Permission(Principal.ANONYMOUS, note=note)


def user(
    note: str = "", *, scope: Scope | None = None, fresh: bool = False, unverified: bool = False
) -> Permission:
    """Whoever has signed in."""
    return Permission(Principal.USER, fresh=fresh, unverified=unverified, scope=scope, note=note)


def team(
    role: Role,
    note: str = "",
    *,
    scope: Scope | None = None,
    fresh: bool = False,
    is_deleted: bool = False,
) -> Permission:
    """Who has at least this role in the team of the address."""
    return Permission(
        Principal.USER,
        fresh=fresh,
        on="team",
        role=role,
        is_deleted=is_deleted,
        scope=scope,
        note=note,
    )


def applet(role: Role, note: str = "", *, scope: Scope) -> Permission:
    """Who has at least this role in the team of the applet of the address."""
    return Permission(Principal.USER, on="applet", role=role, scope=scope, note=note)


def platform(
    role: PlatformRole | None = None, note: str = "", *, fresh: bool = False
) -> Permission:
    """Who has this platform role, or any without one; with a second factor where one is needed."""
    return Permission(Principal.PLATFORM, fresh=fresh, platform_role=role, note=note)


def keyless(permission: Permission) -> Permission:
    """The same for a POST that takes no `Idempotency-Key`: repeating it does no harm anyway."""
    return replace(permission, takes_key=False)


_BY_REFRESH_TOKEN = "the refresh token says whose session it is"  # noqa: S105  (no password)
_NOT_ABOVE = "nobody on themselves, nor on who has a role that they lack"
_WHO_HAS_THE_MAIL = "who has the link or the code of the mail"
_OWN_OR_ALL = "admins and owners see everybody's submissions, others their own"

PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {
        # monitoring
        "ping": anonymous(),
        "get_liveness": anonymous(),
        "get_readiness": anonymous(),
        "get_metrics": anonymous("to be kept from the public network"),
        # notifications
        "list_outbox": anonymous("it exists in `local` and `test` only"),
        # auth
        "get_jwks": anonymous(),
        "sign_up": anonymous(),
        "check_signup": anonymous("who has the link"),
        "show_signup": anonymous("who has the link"),
        "complete_signup": anonymous("who has the link or the code"),
        "request_email_verification": anonymous("for oneself, or for an address that one names"),
        "show_email_verification": anonymous("who has the link"),
        "verify_email": anonymous("who has the link or the code"),
        "show_email_change": anonymous("who has the link"),
        "show_email_undo": anonymous("who has the link"),
        "undo_email_change": anonymous("who has the link"),
        "log_in": anonymous(),
        "log_in_with_factor": anonymous("the ticket of the first step says who it is"),
        "refresh_tokens": keyless(anonymous(_BY_REFRESH_TOKEN)),
        "log_out": keyless(
            anonymous("the access token, or else the refresh token, says whose session it is")
        ),
        "get_session": user(unverified=True),
        "reauthenticate": user("who knows the password", unverified=True),
        "set_my_password": user(
            "with the current password; without one, signed in within the last 15 minutes"
        ),
        "remove_my_password": user("if there is another way to sign in", fresh=True),
        "recover_password": anonymous("the answer does not tell whether an account is there"),
        "show_reset_page": anonymous(),
        "reset_password": anonymous(_WHO_HAS_THE_MAIL),
        "ask_for_login_link": anonymous("the answer does not tell whether an account is there"),
        "ask_for_login_code": anonymous("the answer does not tell whether an account is there"),
        "show_login_page": anonymous(),
        "redeem_login": anonymous(_WHO_HAS_THE_MAIL),
        # signing in with a provider
        "list_sso_providers": anonymous(),
        "begin_sso": anonymous(),
        "finish_sso": anonymous("the browser that began it"),
        "finish_sso_by_form": anonymous("the browser that began it"),
        "exchange_sso": anonymous("who has the login code, and the secret of who began"),
        "sign_in_by_sso_code": anonymous(),
        "sign_in_by_sso_token": anonymous(),
        "list_identities": user(),
        "link_identity": user(fresh=True),
        "unlink_identity": user(fresh=True),
        # users
        "update_me": user(scope=Scope.PROFILE_WRITE),
        "get_preferences": user(scope=Scope.PROFILE_READ),
        "update_preferences": user(scope=Scope.PROFILE_WRITE),
        "get_person": user(
            "who shares a team with them, or is asking for themselves", scope=Scope.MEMBERS_READ
        ),
        "list_sessions": user(),
        "end_sessions": user(),
        "end_session": user("one of their own"),
        "get_me": user(unverified=True, scope=Scope.PROFILE_READ),
        "change_my_email": user(fresh=True, unverified=True),
        "confirm_my_email": user("who has the link or the code", unverified=True),
        # API keys
        "list_api_keys": user("each sees their own"),
        "create_api_key": user(fresh=True),
        "delete_api_key": user("one of their own"),
        "create_export": user(fresh=True),
        "get_export": user(),
        "get_export_file": anonymous("who has the link"),
        "delete_me": user(fresh=True, unverified=True),
        "show_deletion_undo": anonymous("who has the link"),
        "undo_deletion": anonymous("who has the link"),
        # second factors
        "create_totp": user(fresh=True),
        "confirm_totp": user(fresh=True),
        "delete_totp": user(fresh=True),
        "create_recovery_codes": user(fresh=True),
        "create_passkey_login_options": anonymous(),
        "log_in_by_passkey": anonymous("the passkey says who it is"),
        "create_passkey_options": user(fresh=True),
        "create_passkey": user(fresh=True),
        "list_passkeys": user("each sees their own"),
        "update_passkey": user("one's own"),
        "delete_passkey": user("one's own", fresh=True),
        # phone
        "get_phone": user(),
        "put_phone": user(fresh=True),
        "verify_phone": user("who has asked for the code"),
        "remove_phone": user(fresh=True),
        # devices
        "register_device": anonymous("a device that is known needs its secret"),
        "list_my_devices": user("each sees their own", scope=Scope.DEVICES_READ),
        "bind_device": user("one that is not theirs needs its secret", scope=Scope.DEVICES_WRITE),
        "remove_device": user("one of their own", scope=Scope.DEVICES_WRITE),
        "send_test_notification": user("to their own devices", scope=Scope.DEVICES_WRITE),
        # teams
        "create_team": user(scope=Scope.TEAMS_JOIN),
        "list_teams": user("each sees their own", scope=Scope.TEAMS_READ),
        "get_team": team(Role.VIEWER, scope=Scope.TEAMS_READ),
        "update_team": team(Role.ADMIN, scope=Scope.TEAMS_WRITE),
        "update_team_settings": team(Role.ADMIN, scope=Scope.TEAMS_WRITE),
        "delete_team": team(Role.OWNER, fresh=True),
        "restore_team": team(Role.OWNER, is_deleted=True, scope=Scope.TEAMS_WRITE),
        "list_members": team(Role.VIEWER, "admins and owners see emails", scope=Scope.MEMBERS_READ),
        "update_member": team(
            Role.ADMIN, "nobody changes their own role, nor one above it", scope=Scope.MEMBERS_WRITE
        ),
        "remove_member": team(
            Role.VIEWER,
            "admins and owners remove those not above them, everyone themselves",
            scope=Scope.MEMBERS_WRITE,
        ),
        "transfer_ownership": team(Role.OWNER, fresh=True),
        "list_team_events": team(Role.ADMIN, scope=Scope.TEAMS_READ),
        # service accounts
        "create_service_account": team(Role.ADMIN),
        "list_service_accounts": team(Role.ADMIN),
        "get_service_account": team(Role.ADMIN),
        "update_service_account": team(Role.ADMIN),
        "delete_service_account": team(Role.ADMIN),
        "create_service_account_key": team(Role.ADMIN, fresh=True),
        "list_service_account_keys": team(Role.ADMIN),
        "delete_service_account_key": team(Role.ADMIN),
        # invitations
        "create_invitation": team(
            Role.ADMIN, "to no role above one's own", scope=Scope.MEMBERS_WRITE
        ),
        "list_invitations": team(Role.ADMIN, scope=Scope.MEMBERS_READ),
        "update_invitation": team(
            Role.ADMIN, "to no role above one's own", scope=Scope.MEMBERS_WRITE
        ),
        "toggle_invitation": team(Role.ADMIN, scope=Scope.MEMBERS_WRITE),
        "resend_invitation": team(Role.ADMIN, scope=Scope.MEMBERS_WRITE),
        "revoke_invitation": team(Role.ADMIN, scope=Scope.MEMBERS_WRITE),
        "preview_invitation": anonymous("who has the link"),
        "accept_invitation": user(
            "who has the link, and is the one it is for if it names one", scope=Scope.TEAMS_JOIN
        ),
        "decline_invitation": user(
            "who has the link, and is the one it is for if it names one", scope=Scope.TEAMS_JOIN
        ),
        "list_my_invitations": user("those to one's verified email", scope=Scope.TEAMS_JOIN),
        "accept_my_invitation": user("one to one's verified email", scope=Scope.TEAMS_JOIN),
        "decline_my_invitation": user("one to one's verified email", scope=Scope.TEAMS_JOIN),
        # applets
        "create_applet": team(Role.EDITOR, scope=Scope.APPLETS_WRITE),
        "list_applets": team(Role.VIEWER, scope=Scope.APPLETS_READ),
        "get_applet": applet(Role.VIEWER, scope=Scope.APPLETS_READ),
        "get_draft": applet(Role.EDITOR, scope=Scope.APPLETS_READ),
        "put_draft": applet(Role.EDITOR, scope=Scope.APPLETS_WRITE),
        "import_draft": keyless(applet(Role.EDITOR, scope=Scope.APPLETS_WRITE)),
        "publish_version": applet(Role.EDITOR, scope=Scope.APPLETS_WRITE),
        "list_versions": applet(Role.VIEWER, scope=Scope.APPLETS_READ),
        "get_content": applet(Role.VIEWER, scope=Scope.APPLETS_READ),
        # answers
        "put_answer": applet(Role.VIEWER, "each sends their own", scope=Scope.ANSWERS_WRITE),
        "put_answers": applet(Role.VIEWER, "each sends their own", scope=Scope.ANSWERS_WRITE),
        "list_submissions": applet(Role.VIEWER, _OWN_OR_ALL, scope=Scope.ANSWERS_READ),
        "get_submission": applet(Role.VIEWER, _OWN_OR_ALL, scope=Scope.ANSWERS_READ),
        # exports and statistics
        "get_csv": applet(Role.ADMIN, scope=Scope.EXPORTS_READ),
        "get_ndjson": applet(Role.ADMIN, scope=Scope.EXPORTS_READ),
        "get_statistics": applet(Role.ADMIN, scope=Scope.STATISTICS_READ),
        # management
        "get_operator": platform(),
        "list_users": platform(PlatformRole.USER_ADMIN),
        "create_user": platform(PlatformRole.USER_ADMIN),
        "get_user": platform(PlatformRole.USER_ADMIN),
        "update_user": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "delete_user": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "put_user_roles": platform(PlatformRole.ADMIN, "nobody takes away their own `admin`"),
        "revoke_user_sessions": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "reset_user_mfa": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "reset_user_password": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "unlock_user": platform(PlatformRole.USER_ADMIN, _NOT_ABOVE),
        "list_audit_events": platform(PlatformRole.ADMIN),
        "list_signing_keys": platform(PlatformRole.ADMIN),
    }
)


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What a dependency makes sure of before its route runs."""

    on: Kind | None
    role: Role
    is_deleted: bool
    is_platform: bool = False


_enforcements: dict[Callable[..., Any], Enforcement] = {}


def enforces(
    on: Kind | None = None,
    *,
    up_to: Role = Role.OWNER,
    is_deleted: bool = False,
    is_platform: bool = False,
) -> Callable[[Function], Function]:
    """Mark a dependency that refuses whoever lacks what its route demands.

    Without an object it sees to the caller: signed in, and freshly where that is demanded. With one
    it sees to the role there, if the route demands none above `up_to`; with `is_platform`, to the
    platform role.
    """

    def marked(function: Function) -> Function:
        _enforcements[function] = Enforcement(on, up_to, is_deleted, is_platform)
        return function

    return marked


def mistake(name: str, permission: Permission, calls: set[Callable[..., Any]]) -> str | None:
    """What is wrong with a route that has this permission and these dependencies; None if nothing.

    `calls` are all functions that run before the route's own, however deep.
    """
    found = [_enforcements[call] for call in calls if call in _enforcements]
    text = None
    if permission.scope is not None and (
        permission.fresh or permission.principal is not Principal.USER
    ):
        text = "no API key is fresh, an operator or anyone: take the scope away"
    elif permission.principal is Principal.ANONYMOUS:
        if found:
            text = "a dependency asks for a caller: take it away"
    elif not any(each.on is None and not each.is_platform for each in found):
        text = "nothing asks who is calling: give it a parameter of type CurrentUser"
    elif any(each.is_platform for each in found) is not (
        permission.principal is Principal.PLATFORM
    ):
        text = (
            "nothing looks at the platform role: give it a parameter of type CurrentOperator"
            if permission.principal is Principal.PLATFORM
            else "a dependency asks for a platform role: take it away"
        )
    elif permission.on is None and any(each.on is not None for each in found):
        text = "a dependency asks for a role in an object: take it away"
    elif permission.on is not None and not any(_suits(each, permission) for each in found):
        text = (
            f"nothing looks at the role in the {permission.on}: give it a parameter such as "
            "TeamOfRoute or AppletOfRoute"
        )
    if text is None:
        return None
    who = permission.sentence().rstrip(".")
    return f"{name} is for: {who}. But {text}, or correct PERMISSIONS in src/permissions.py."


def _suits(enforcement: Enforcement, permission: Permission) -> bool:
    """Whether the dependency sees to the role that is demanded."""
    return (
        enforcement.on == permission.on
        and enforcement.is_deleted is permission.is_deleted
        and (permission.role is None or enforcement.role.includes(permission.role))
    )
