"""Every POST that does something takes a key: nobody has to think of it."""

from fastapi.routing import iter_route_contexts

from src.idempotency.middleware import Idempotency
from src.routing import Route
from tests import documented

WITHOUT = {
    "refresh_tokens": "the previous token is answered with the same successor",
    "log_out": "ending a session twice ends it once",
    "import_draft": "a form, whose bytes differ each time; the draft is replaced",
}


def test_every_post_takes_a_key_or_says_why_not() -> None:
    app = documented.application()
    contexts = [
        context
        for context in iter_route_contexts(app.routes)
        if "POST" in (context.methods or ()) and isinstance(context.original_route, Route)
    ]
    operations = {
        operation["operationId"]: operation
        for path in app.openapi()["paths"].values()
        for method, operation in path.items()
        if method == "post"
    }
    middleware = Idempotency(app, identify=_nobody, max_body_size=1)

    assert {context.name for context in contexts} == set(operations)
    for context in contexts:
        takes_key = context.name not in WITHOUT
        path = (context.path_format or "").replace("{", "").replace("}", "")
        route = middleware.route_of({"app": app, "method": "POST", "path": path})
        operation = operations[context.name or ""]
        named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        assert (route is context.original_route) is takes_key, context.name
        assert ("Idempotency-Key" in named) is takes_key, context.name
        if takes_key:
            listed = str(operation["responses"])
            assert "idempotency_key_reused" in listed
            assert "idempotency_in_progress" in listed
            assert "idempotency_key_invalid" in listed


async def _nobody(_: object) -> str | None:
    return None


def test_other_methods_take_none() -> None:
    document = documented.document()

    for path in document["paths"].values():
        for method, operation in path.items():
            if method != "post":
                assert "Idempotency-Key" not in str(operation), operation["operationId"]
