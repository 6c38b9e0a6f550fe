"""Every case of an operation: its samples, for everybody, everything, and every way to call."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp

from tests.authorisation.calling import Answer, call
from tests.authorisation.oracle import BY_HEADER, LET_IN, Transport, Verdict, expected, has, table
from tests.authorisation.samples import SAMPLES, Sample, Scene
from tests.authorisation.world import KEYS, Who, Whose, World, role_of

OWN_SITE, SUBDOMAIN = "http://test.local", "http://pages.test.local"
OTHER_SITE = "https://evil.example"
USUAL = {Transport.BEARER, Transport.COOKIE}
OF_KEYS = {Transport.BEARER, Transport.BOTH, Transport.COOKIE}
"""How keys are sent. One in a cookie is known by nobody, whatever page it comes from."""


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    """The template of its address."""


def operations(app: FastAPI) -> Iterator[Operation]:
    """All of the application's, as the application itself routes them."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in sorted(context.methods or ()):
                yield Operation(str(context.name), method, str(context.path_format))


@dataclass(frozen=True, slots=True)
class Case:
    operation: Operation
    sample: Sample
    who: Who
    whose: Whose
    transport: Transport

    def __str__(self) -> str:
        label = f" ({self.sample.label})" if self.sample.label else ""
        return f"{self.operation.name}{label}: {self.who}, {self.whose}, {self.transport}"

    def scene(self, world: World) -> Scene:
        return Scene(world, world.callers[self.who], world.places[self.whose], self.transport)

    def expected(self, world: World) -> Verdict | None:
        """What must come: by the table, then by the sample's finer rule."""
        permission = table()[self.operation.name]
        if self.sample.verdict is not None:
            return self.sample.verdict(self.scene(world))
        verdict = expected(permission, self.who, self.whose, self.transport, self.operation.method)
        if verdict is not LET_IN:
            return verdict
        if self.who is Who.SERVICE_KEY and self.sample.programs is not None:
            return self.sample.programs
        finer = self.sample.finer
        role = role_of(self.who, self.whose)
        if finer is not None and not has(role, finer.role):
            return finer.otherwise
        return Verdict(404) if self.whose is Whose.MIXED else LET_IN

    async def answer(self, app: ASGIApp, world: World) -> Answer:
        scene = self.scene(world)
        body, headers = _body(self.sample, scene)
        headers |= _credentials(self.sample, scene)
        return await call(
            app,
            self.operation.method,
            self.address(scene),
            query=self.sample.query,
            headers=headers,
            body=body,
        )

    def address(self, scene: Scene) -> str:
        names = {"team_id": scene.place.team_id, "applet_id": scene.place.applet_id}
        if self.sample.path is not None:
            names |= self.sample.path(scene)
        return self.operation.path.format(**names)


def cases(operation: Operation) -> Iterator[Case]:
    """All of an operation's. Raises KeyError if it has no entry in the table, or no sample."""
    permission = table()[operation.name]
    for sample in SAMPLES[operation.name]:
        wholes = [Whose.OWN]
        if permission.on is not None:
            wholes += [Whose.OTHER, Whose.MISSING, Whose.DELETED]
        if sample.is_nested:
            wholes.append(Whose.MIXED)
        for whose in wholes:
            for transport in Transport:
                for who in Who:
                    if who in KEYS and transport not in OF_KEYS:
                        continue
                    is_usual = who in {Who.ANONYMOUS, Who.OWNER} or transport in USUAL
                    if is_usual or not sample.is_slow:
                        yield Case(operation, sample, who, whose, transport)


def _body(sample: Sample, scene: Scene) -> tuple[bytes, dict[str, str]]:
    headers = dict(sample.headers)
    if sample.body is None:
        return b"", headers
    body = sample.body(scene)
    if isinstance(body, bytes):
        return body, headers
    return json.dumps(body).encode(), {"content-type": "application/json", **headers}


def _credentials(sample: Sample, scene: Scene) -> dict[str, str]:
    caller, transport = scene.caller, scene.transport
    jar: dict[str, str] = dict(sample.cookies(scene)) if sample.cookies is not None else {}
    headers: dict[str, str] = {}
    if transport in BY_HEADER:
        if caller.token is not None:
            headers["authorization"] = f"Bearer {caller.token}"
            if transport is Transport.BOTH:
                jar["core_at"] = str(scene.world.callers[Who.OWNER].token)
                headers |= _page(Transport.CROSS_SITE)
    else:
        if caller.token is not None:
            jar["core_at"] = caller.token
        headers |= _page(transport)
        if transport is Transport.OTHER_CSRF:
            headers["x-csrf-token"] = scene.world.callers[_another(caller.who)].csrf_token
        elif transport is not Transport.NO_CSRF:
            headers["x-csrf-token"] = caller.csrf_token
    if jar:
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
    return headers


def _another(who: Who) -> Who:
    return Who.ADMIN if who is Who.OWNER else Who.OWNER


@cache
def _page(transport: Transport) -> Mapping[str, str]:
    """What a browser says of the page that sends the request."""
    if transport is Transport.CROSS_SITE:
        return {"origin": OTHER_SITE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    if transport is Transport.SUBDOMAIN:
        return {"origin": SUBDOMAIN, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}
    if transport is Transport.NO_ORIGIN:
        return {}
    return {"origin": OWN_SITE, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
