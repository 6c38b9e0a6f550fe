from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from src.applets.items import AppletDraft, check, pointer
from tests.applets.items import building
from tests.applets.items.building import changed

app = FastAPI()


@app.put("/draft")
async def put_draft(draft: AppletDraft) -> dict[str, str]:
    return {"name": draft.name}


@app.exception_handler(RequestValidationError)
async def render(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    return JSONResponse([[pointer(fault["loc"][1:]), fault["type"]] for fault in faults], 422)


client = TestClient(app)


def test_a_sound_draft_passes_a_route() -> None:
    assert client.put("/draft", json=building.full()).json() == {"name": "Diary"}


def test_a_route_reports_shape_and_rules_at_their_places() -> None:
    items = ("activities", 0, "items")
    tree = changed(
        building.full(),
        ((*items, 1, "config", "zzz"), 1),
        ((*items, 6, "condition", "conditions", 0, "payload", "zzz"), 1),
        ((*items, 5, "name"), "mood"),
        ((*items, 1, "values", "options", 0, "score"), 0.001),
    )

    response = client.put("/draft", json=tree)

    assert response.status_code == 422
    assert sorted(response.json()) == [
        ["/activities/0/items/1/config/zzz", "extra_forbidden"],
        ["/activities/0/items/1/values/options/0/score", "too_many_decimals"],
        ["/activities/0/items/5/name", "duplicate_item_name"],
        ["/activities/0/items/6/condition/conditions/0/payload/zzz", "extra_forbidden"],
    ]
    assert sorted(place for place, _ in response.json()) == sorted(
        error.pointer for error in check(tree)
    )


def test_the_schema_of_a_draft_shows_every_type_and_both_ways_to_write_a_text() -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    assert {"TextItem", "SliderItem", "MessageItem", "DateRangeCondition"} <= schemas.keys()
    kinds = schemas["TextItem"]["properties"]["question"]["anyOf"]
    assert [kind["type"] for kind in kinds] == ["object", "string"]
