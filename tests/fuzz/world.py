"""Who calls, and what is there to be called for: made over HTTP, and anew when a call spoils it."""

import time
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx2

from tests.factories import DIARY, PASSWORD

Json = dict[str, Any]
TOKEN_SECONDS = 240
"""How long an access token serves: it lives 10 minutes, and a fresh login lasts 15."""

_number = count(1)


@dataclass(slots=True)
class Caller:
    email: str
    id: str
    token: str
    signed_in_at: float


class World:
    """A team with an applet and a submission, its owner, an admin, and an operator."""

    def __init__(self, url: str, operator: str) -> None:
        self._http = httpx2.Client(base_url=url, timeout=30, trust_env=False)
        self.operator = self._log_in(operator)
        self.renew()

    def renew(self) -> None:
        """Make everything but the operator anew: a call has spoilt it, or taken it away."""
        self.owner, self.admin, member = (self.newcomer() for _ in range(3))
        team = self._post("/v1/teams", {"name": "Birds"}, self.owner)
        self.ids: Json = {"team_id": team["id"], "user_id": member.id}
        for caller, role in (self.admin, "admin"), (member, "viewer"):
            invitation = self._invite(role)
            secret = invitation["url"].rpartition("/")[2]
            self._post(f"/v1/invitations/{secret}/accept", None, caller)
        open_invitation = self._invite("viewer")
        self.ids["invitation_id"] = open_invitation["id"]
        self.ids["token"] = open_invitation["url"].rpartition("/")[2]
        self._fill()

    def _fill(self) -> None:
        applet = self._post(
            f"/v1/teams/{self.ids['team_id']}/applets", {"name": "Diary"}, self.owner
        )
        base = f"/v1/applets/{applet['id']}"
        self._call("PUT", f"{base}/draft", DIARY, self.owner, {"If-Match": "*"})
        version = self._post(f"{base}/versions", None, self.owner)
        content = self._call("GET", f"{base}/content", None, self.owner)
        part = {
            "version_id": version["id"],
            "activity_id": content["activities"][0]["id"],
            "started_at": "2026-03-29T00:58:11Z",
            "ended_at": "2026-03-29T01:04:02Z",
            "payload": {"mood": {"value": 2}, "why": {"value": "rain"}},
        }
        submission, answer = str(uuid4()), str(uuid4())
        self._call("PUT", f"{base}/submissions/{submission}/answers/{answer}", part, self.admin)
        self.ids |= {"applet_id": applet["id"], "submission_id": submission}

    def newcomer(self) -> Caller:
        """Somebody who has just signed up."""
        body = {"email": f"user{next(_number)}.{uuid4().hex}@example.org", "password": PASSWORD}
        made = self._post("/v1/auth/signup", body)
        return _caller(made, body["email"])

    def token_of(self, caller: Caller) -> str:
        """An access token that is still good for a while."""
        if time.monotonic() - caller.signed_in_at > TOKEN_SECONDS:
            again = self._log_in(caller.email)
            caller.token, caller.signed_in_at = again.token, again.signed_in_at
        return caller.token

    def expire(self, caller: Caller) -> None:
        """Let the caller sign in again before the next call."""
        caller.signed_in_at = -TOKEN_SECONDS

    def _log_in(self, email: str) -> Caller:
        return _caller(
            self._post("/v1/auth/login", {"identifier": email, "password": PASSWORD}), email
        )

    def _invite(self, role: str) -> Json:
        body = {"kind": "link", "role": role, "max_uses": 1000}
        return self._post(f"/v1/teams/{self.ids['team_id']}/invitations", body, self.owner)

    def _post(self, path: str, body: Json | None, caller: Caller | None = None) -> Json:
        return self._call("POST", path, body, caller)

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None,
        caller: Caller | None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        by = {"Authorization": f"Bearer {caller.token}"} if caller is not None else {}
        response = self._http.request(method, path, json=body, headers={**by, **(headers or {})})
        response.raise_for_status()
        answer: Json = response.json()
        return answer


def sign_up(url: str, email: str) -> None:
    """Make an account."""
    body = {"email": email, "password": PASSWORD}
    httpx2.post(f"{url}/v1/auth/signup", json=body, trust_env=False).raise_for_status()


def _caller(body: Json, email: str) -> Caller:
    return Caller(email, body["user"]["id"], body["tokens"]["access_token"], time.monotonic())
