"""What is asked: the requests of each endpoint, the same for every contender."""

from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from bench.dataset import ADMINS, MEMBERS, PASSWORD, SEATS, Ids, Size, complete_answers, email, part
from bench.load import TOKEN_MARK, UUID_MARK
from bench.service import Api, SignedIn, request

PROBE_SESSIONS = 8
LOGIN_CONNECTIONS = 16
"""More would wait longer for their hash than the service lets anyone wait."""
_PEOPLE = 256
_BODY_SETS = 64


@dataclass(slots=True)
class Endpoint:
    """One kind of request. `tokens` change from window to window where answers bring new ones.

    `probe_tokens` are of sessions apart, for who looks at the statements and runs them alone.
    """

    name: str
    title: str
    expected: int
    requests: list[str]
    connections: int
    tokens: list[str] = field(default_factory=list)
    probe_tokens: list[str] = field(default_factory=list)


class Callers:
    """People who are signed in, by what their requests are for. Signs them in when first asked."""

    def __init__(self, api: Api, url: str, size: Size) -> None:
        self._api = api
        self._url = url
        self._size = size
        self._people: list[SignedIn] = []

    def people(self) -> list[SignedIn]:
        """Users from all over the table, outside the applet's team and each in some other."""
        if not self._people:
            first = MEMBERS + 2
            # As far as there are teams to be in: their members are numbered from the start.
            last = min(self._size.users, self._size.teams * SEATS)
            numbers = range(first, last, max(1, (last - first) // _PEOPLE))
            self._people = self._sign_in([email(n) for n in numbers][:_PEOPLE])
        return self._people

    def admins(self) -> list[SignedIn]:
        """Admins of the applet's team."""
        return self._sign_in([email(n) for n in range(2, 2 + ADMINS // 4)])

    def respondents(self, count: int) -> list[SignedIn]:
        """Members of the applet's team who only answer."""
        return self._sign_in([email(ADMINS + 2 + n) for n in range(count)])

    def team_of(self, people: list[SignedIn]) -> list[str]:
        """A team of each."""
        with psycopg.connect(self._url) as conn:
            rows = conn.execute(
                "SELECT DISTINCT ON (email) email, team_id::text FROM account"
                " JOIN team_member ON team_member.account_id = account.id"
                " WHERE email_key = ANY(%s) ORDER BY email, team_id",
                [[person.email for person in people]],
            ).fetchall()
        teams: dict[str, str] = dict(rows)
        return [teams[person.email] for person in people]

    def _sign_in(self, emails: list[str]) -> list[SignedIn]:
        return self._api.sign_in_all(emails, PASSWORD)


def read(callers: Callers, _: Ids, connections: int) -> Endpoint:
    requests = [
        request("GET", "/v1/users/me", token=person.access_token) for person in callers.people()
    ]
    return Endpoint("read", "read one row", 200, requests, connections)


def read_team(callers: Callers, _: Ids, connections: int) -> Endpoint:
    people = callers.people()
    requests = [
        request("GET", f"/v1/teams/{team}", token=person.access_token)
        for person, team in zip(people, callers.team_of(people), strict=True)
    ]
    return Endpoint("read_team", "read one row and count", 200, requests, connections)


def page(callers: Callers, ids: Ids, connections: int) -> Endpoint:
    path = f"/v1/applets/{ids.applet}/submissions?limit=50&include=answers"
    requests = [request("GET", path, token=admin.access_token) for admin in callers.admins()]
    return Endpoint("list", "list 50 with their answers", 200, requests, connections)


def create(callers: Callers, _: Ids, connections: int) -> Endpoint:
    requests = [
        request("POST", "/v1/teams", token=person.access_token, body={"name": "Herons"})
        for person in callers.people()
    ]
    return Endpoint("create", "create a team", 201, requests, connections)


def submit(callers: Callers, ids: Ids, connections: int) -> Endpoint:
    path = f"/v1/applets/{ids.applet}/submissions/{UUID_MARK}/answers/{UUID_MARK}"
    sets = complete_answers(_BODY_SETS)
    requests = [
        request("PUT", path, token=person.access_token, body=part(ids, sets[n % len(sets)]))
        for n, person in enumerate(callers.respondents(_BODY_SETS))
    ]
    return Endpoint("submit", "submit 25 answers", 201, requests, connections)


def login(_: Callers, __: Ids, connections: int) -> Endpoint:
    requests = [
        request("POST", "/v1/auth/login", body={"identifier": email(n), "password": PASSWORD})
        for n in range(2, 2 + _PEOPLE)
    ]
    return Endpoint("login", "sign in", 200, requests, min(connections, LOGIN_CONNECTIONS))


def refresh(callers: Callers, _: Ids, connections: int) -> Endpoint:
    people = callers.respondents(connections + PROBE_SESSIONS)
    tokens = [person.refresh_token for person in people]
    # Every token has the length of the first, and so has the body.
    body = {"refresh_token": "x" * len(tokens[0])}
    text = request("POST", "/v1/auth/token/refresh", body=body)
    requests = [text.replace("x" * len(tokens[0]), TOKEN_MARK)]
    return Endpoint(
        "refresh",
        "refresh tokens",
        200,
        requests,
        connections,
        tokens[:connections],
        tokens[connections:],
    )


MAKERS: dict[str, Callable[[Callers, Ids, int], Endpoint]] = {
    "read": read,
    "list": page,
    "create": create,
    "submit": submit,
    "login": login,
    "refresh": refresh,
    "read_team": read_team,
}

NAMES = tuple(MAKERS)
