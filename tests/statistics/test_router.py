import random
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.answers.sending import Json, Sheet, put_all, republish, results, sheet
from tests.applets.items.building import activity, draft, item, options, score
from tests.http import acting_as, problem

SKIPPABLE = {"skippable": True}
SCORED = {"skippable": True, "add_scores": True}


async def read(client: AsyncClient, on: Sheet) -> Json:
    response = await client.get(f"{on.url}/statistics", headers=acting_as(on.owner))
    assert response.status_code == 200, response.text
    found = response.json()
    assert found.keys() == {"submissions", "items", "scores"}
    return dict(found)


async def send(
    client: AsyncClient, on: Sheet, answers: Sequence[Mapping[str, object]], name: str = "mood"
) -> None:
    """Send one submission for each mapping of values; a name that is missing is skipped."""
    parts = [
        on.batch_part({key: {"value": value} for key, value in given.items()}, activity=name)
        for given in answers
    ]
    for start in range(0, len(parts), 500):
        found = await results(client, on.owner, on, parts[start : start + 500])
        assert {result["status"] for result in found} == {201}, found


def by_name(rows: Sequence[Json]) -> dict[str, Json]:
    return {row["name"]: row for row in rows}


def alpha(cases: Sequence[Sequence[float]]) -> float | None:
    """Cronbach's alpha, as textbooks write it."""
    if len(cases) < 2 or len(cases[0]) < 2:
        return None
    k = len(cases[0])
    total = statistics.variance([sum(case) for case in cases])
    if not total:
        return None
    columns = list(zip(*cases, strict=True))
    of_parts = sum(statistics.variance(column) for column in columns)
    return float(k / (k - 1) * (1 - of_parts / total))


def same(found: object, expected: float | None) -> bool:
    if expected is None:
        return found is None
    return isinstance(found, int | float) and found == pytest.approx(expected, abs=1e-9)


async def test_without_answers_there_is_nothing_to_describe(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)

    found = await read(client, diary)

    ids = {"activity_id": diary.activities["mood"], "activity": "mood"}
    nothing = {"n": 0, "missing": 0, "mean": None, "sd": None}
    assert found == {
        "submissions": 0,
        "items": [
            {
                **ids,
                **nothing,
                "name": "mood",
                "type": "single_select",
                "distribution": [{"value": value, "n": 0} for value in range(3)],
            },
            {**ids, **nothing, "name": "why", "type": "text", "distribution": None},
        ],
        "scores": [
            {
                **{name: value for name, value in nothing.items() if name != "missing"},
                **ids,
                "name": "total",
                "min": None,
                "max": None,
                "alpha": None,
                "alpha_n": 0,
            }
        ],
    }


async def test_an_applet_without_versions_has_no_statistics(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    made = await client.post(
        f"/v1/teams/{team.id}/applets", json={"name": "Diary"}, headers=acting_as(ann)
    )

    url = f"{made.headers['location']}/statistics"
    response = await client.get(url, headers=acting_as(ann))

    assert response.json() == {"submissions": 0, "items": [], "scores": []}


async def test_items_and_scores_are_described(client: AsyncClient, conn: Transaction) -> None:
    diary = await sheet(conn)
    moods = [0, 0, 1, 2, 2, 2]
    await send(client, diary, [{"mood": mood} for mood in moods[:-1]])
    await send(client, diary, [{"mood": 2, "why": "rain"}])

    found = await read(client, diary)

    assert found["submissions"] == 6
    mood, why = found["items"]
    assert (mood["n"], mood["missing"]) == (6, 0)
    assert mood["distribution"] == [
        {"value": 0, "n": 2},
        {"value": 1, "n": 1},
        {"value": 2, "n": 3},
    ]
    assert same(mood["mean"], statistics.fmean(moods))
    assert same(mood["sd"], statistics.stdev(moods))
    assert (why["n"], why["missing"], why["mean"], why["sd"]) == (1, 5, None, None)
    (total,) = found["scores"]
    points = [{0: 0, 1: 2, 2: 3}[mood] for mood in moods]
    assert (total["n"], total["min"], total["max"]) == (6, 0, 3)
    assert same(total["mean"], statistics.fmean(points))
    assert same(total["sd"], statistics.stdev(points))
    # One item is no scale.
    assert (total["alpha"], total["alpha_n"]) == (None, 6)


async def test_one_answer_has_a_mean_and_no_deviation(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)
    await send(client, diary, [{"mood": 1}])

    found = await read(client, diary)

    assert (found["items"][0]["mean"], found["items"][0]["sd"]) == (1, None)
    assert (found["scores"][0]["mean"], found["scores"][0]["sd"]) == (2, None)


SCALE = draft(
    activity(
        item("single_select", "a", config=SCORED, values={"options": options(1, 2, 3, 4)}),
        item("single_select", "b", config=SCORED, values={"options": options(1, 2, 3, 4)}),
        item("single_select", "c", config=SCORED, values={"options": options(0, 2.5, 5, 10)}),
        scores=[
            score("plain", "sum", "a", "b"),
            score("turned", "average", "a", {"item": "b", "reverse": True}, "c"),
            score("share", "percentage", "b", "c"),
            score("alone", "sum", "a"),
        ],
    )
)
WORTH = {"a": (1, 2, 3, 4), "b": (1, 2, 3, 4), "c": (0, 2.5, 5, 10)}
LISTED: dict[str, dict[str, bool]] = {
    "plain": {"a": False, "b": False},
    "turned": {"a": False, "b": True, "c": False},
    "share": {"b": False, "c": False},
    "alone": {"a": False},
}


def points(given: Mapping[str, int], name: str, turned: bool) -> float | None:
    if name not in given:
        return None
    scale = WORTH[name]
    worth = scale[given[name]]
    return min(scale) + max(scale) - worth if turned else worth


def value(given: Mapping[str, int], name: str) -> float | None:
    listed = LISTED[name]
    found = [
        worth for key, turned in listed.items() if (worth := points(given, key, turned)) is not None
    ]
    if name == "share":
        return round(100 * sum(found) / sum(max(WORTH[key]) for key in listed) + 1e-9, 2)
    if not found:
        return None
    return sum(found) if name in {"plain", "alone"} else round(sum(found) / len(found) + 1e-9, 2)


def check(found: Json, answers: Sequence[Mapping[str, int]]) -> None:
    """Statistics of SCALE must be what a straightforward reckoning says."""
    assert found["submissions"] == len(answers)
    for name, row in by_name(found["items"]).items():
        given = [answer[name] for answer in answers if name in answer]
        counts = Counter(given)
        assert (row["n"], row["missing"]) == (len(given), len(answers) - len(given))
        assert row["distribution"] == [
            {"value": choice, "n": counts[choice]} for choice in range(4)
        ]
        assert same(row["mean"], statistics.fmean(given) if given else None)
        assert same(row["sd"], statistics.stdev(given) if len(given) > 1 else None)
    for name, row in by_name(found["scores"]).items():
        values = [number for one in answers if (number := value(one, name)) is not None]
        cases = [
            [
                worth
                for key, turned in LISTED[name].items()
                if (worth := points(one, key, turned)) is not None
            ]
            for one in answers
            if LISTED[name].keys() <= one.keys()
        ]
        assert (row["n"], row["alpha_n"]) == (len(values), len(cases))
        assert same(row["mean"], statistics.fmean(values) if values else None)
        assert same(row["sd"], statistics.stdev(values) if len(values) > 1 else None)
        assert same(row["min"], min(values, default=None))
        assert same(row["max"], max(values, default=None))
        assert same(row["alpha"], alpha(cases)), name


async def test_alpha_takes_complete_cases_and_means_take_all(
    client: AsyncClient, conn: Transaction
) -> None:
    on = await sheet(conn, SCALE)
    answers: list[dict[str, int]] = [
        {"a": 0, "b": 3, "c": 0},
        {"a": 1, "b": 3, "c": 1},
        {"a": 3, "b": 1, "c": 3},
        {"a": 2, "b": 1, "c": 3},
        {"a": 3},
        {"b": 0, "c": 2},
        {},
    ]
    await send(client, on, answers)

    found = await read(client, on)

    check(found, answers)
    turned = by_name(found["scores"])["turned"]
    assert (turned["n"], turned["alpha_n"]) == (6, 4)
    assert turned["alpha"] > 0.7
    assert by_name(found["scores"])["plain"]["alpha"] < 0


async def test_equal_totals_have_no_alpha(client: AsyncClient, conn: Transaction) -> None:
    on = await sheet(conn, SCALE)
    answers = [{"a": number, "b": 3 - number, "c": 0} for number in range(4)]
    await send(client, on, answers)

    found = await read(client, on)

    check(found, answers)
    assert by_name(found["scores"])["plain"]["alpha"] is None


@pytest.mark.parametrize("seed", range(8))
async def test_any_answers_are_described_as_a_textbook_would(
    client: AsyncClient, conn: Transaction, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    answers = [
        {name: dice.randrange(4) for name in WORTH if dice.random() < 0.1 + 0.12 * seed}
        for _ in range(dice.randrange(1, 60))
    ]
    on = await sheet(conn, SCALE)
    await send(client, on, answers)

    check(await read(client, on), answers)


async def test_a_choice_of_several_counts_in_each_bin(
    client: AsyncClient, conn: Transaction
) -> None:
    tree = draft(
        activity(
            item("multi_select", "some", config=SCORED, values={"options": options(1, 2, 4)}),
            item("single_select", "one", config=SCORED, values={"options": options(0, 5, 9)}),
            scores=[score("both", "sum", "some", {"item": "one", "reverse": True})],
        )
    )
    on = await sheet(conn, tree)
    await send(client, on, [{"some": [0, 2], "one": 0}, {"some": [2], "one": 2}, {"one": 1}])

    found = await read(client, on)

    some = by_name(found["items"])["some"]
    assert (some["n"], some["missing"], some["mean"], some["sd"]) == (2, 1, None, None)
    assert some["distribution"] == [
        {"value": 0, "n": 1},
        {"value": 1, "n": 0},
        {"value": 2, "n": 2},
    ]
    (both,) = found["scores"]
    assert (both["n"], both["min"], both["max"]) == (3, 4, 14)
    assert both["alpha_n"] == 2
    assert same(both["alpha"], alpha([[5, 9], [4, 0]]))


async def test_a_slider_of_many_values_has_no_bins(client: AsyncClient, conn: Transaction) -> None:
    on = await sheet(
        conn,
        draft(
            activity(
                item("slider", "fine", config={"continuous": True}, values={"max_value": 1000}),
                item("slider", "coarse", config=SKIPPABLE),
                item(
                    "number_select",
                    "cold",
                    config=SKIPPABLE,
                    values={"min_value": -300, "max_value": 300},
                ),
            )
        ),
    )
    fine = [round(number * 1.37, 2) for number in range(450)]
    coarse = [number % 13 for number in range(450)]
    cold = [number - 225 for number in range(200)]
    await send(
        client,
        on,
        [
            {"fine": one, "coarse": two, **({"cold": cold[place]} if place < len(cold) else {})}
            for place, (one, two) in enumerate(zip(fine, coarse, strict=True))
        ],
    )

    rows = by_name((await read(client, on))["items"])

    assert rows["fine"]["distribution"] is None
    assert [row["value"] for row in rows["coarse"]["distribution"]] == list(range(13))
    assert sum(row["n"] for row in rows["coarse"]["distribution"]) == 450
    assert [row["value"] for row in rows["cold"]["distribution"]] == cold
    for name, given in (("fine", fine), ("coarse", coarse), ("cold", cold)):
        assert rows[name]["n"] == len(given)
        assert same(rows[name]["mean"], statistics.fmean(given))
        assert same(rows[name]["sd"], statistics.stdev(given))


async def test_a_choice_of_very_many_options_keeps_its_bins(
    client: AsyncClient, conn: Transaction
) -> None:
    many = {"options": [{"text": f"option {number}"} for number in range(300)]}
    one = item("single_select", "one", values=many, config=SKIPPABLE)
    on = await sheet(conn, draft(activity(one)))
    before = (await read(client, on))["items"][0]["distribution"]
    await send(client, on, [{"one": 299}, {"one": 0}])

    after = (await read(client, on))["items"][0]["distribution"]

    assert len(before) == len(after) == 300
    assert [row["n"] for row in after] == [1, *[0] * 298, 1]


async def test_an_item_of_one_version_is_described_by_the_answers_that_had_it(
    client: AsyncClient, conn: Transaction
) -> None:
    first = await sheet(
        conn, draft(activity(item("slider", "old"), item("slider", "both", config=SKIPPABLE)))
    )
    await send(client, first, [{"old": 1, "both": 2}, {"old": 3}])
    second = await republish(
        conn,
        first,
        draft(
            activity(item("slider", "both", config=SKIPPABLE), item("slider", "new")),
            activity(item("slider", "pain"), name="pain"),
        ),
    )
    await send(client, second, [{"both": 4, "new": 5}])
    third = await republish(
        conn,
        second,
        draft(activity(item("slider", "both", config=SKIPPABLE), item("slider", "new"))),
    )
    await send(client, third, [{"new": 7}])
    await send(client, second, [{"pain": 9}], "pain")

    found = await read(client, first)

    assert found["submissions"] == 5
    rows = by_name(found["items"])
    assert rows.keys() == {"both", "new", "pain"}
    described = {
        name: (row["activity"], row["n"], row["missing"], row["mean"]) for name, row in rows.items()
    }
    assert described == {
        "both": ("mood", 2, 2, 3),
        "new": ("mood", 2, 0, 6),
        "pain": ("pain", 1, 0, 9),
    }


async def test_a_scale_that_has_grown_is_complete_where_all_of_it_was_answered(
    client: AsyncClient, conn: Transaction
) -> None:
    def scale(*names: str) -> Json:
        listed = [
            item("single_select", name, config=SCORED, values={"options": options(1, 2, 3)})
            for name in names
        ]
        return draft(activity(*listed, scores=[score("all", "sum", *names)]))

    first = await sheet(conn, scale("a", "b"))
    await send(client, first, [{"a": 0, "b": 1}, {"a": 2, "b": 2}])
    second = await republish(conn, first, scale("a", "b", "c"))
    cases = [(0, 0, 1), (1, 2, 2), (2, 1, 2)]
    await send(client, second, [dict(zip("abc", case, strict=True)) for case in cases])

    (found,) = (await read(client, second))["scores"]

    assert (found["n"], found["alpha_n"]) == (5, 3)
    assert same(found["alpha"], alpha(cases))


async def test_a_scale_is_not_complete_where_an_item_was_another(
    client: AsyncClient, conn: Transaction
) -> None:
    def scale(first: Json) -> Json:
        other = item("single_select", "b", config=SCORED, values={"options": options(1, 2, 3)})
        return draft(activity(first, other, scores=[score("all", "sum", "a", "b")]))

    choice = item("single_select", "a", config=SCORED, values={"options": options(1, 2, 3)})
    old = await sheet(conn, scale(choice))
    await send(client, old, [{"a": 0, "b": 2}, {"a": 2, "b": 0}])
    steps = {"max_value": 2, "scores": [1, 2, 3]}
    new = await republish(conn, old, scale(item("slider", "a", config=SCORED, values=steps)))
    await send(client, new, [{"a": 0, "b": 0}, {"a": 2, "b": 2}])

    (found,) = (await read(client, new))["scores"]

    assert (found["n"], found["alpha_n"]) == (4, 2)
    assert same(found["alpha"], 1)


@pytest.mark.parametrize(
    ("old", "given", "new", "later"),
    [
        (item("text", "it"), "=1", item("slider", "it"), 3),
        (item("slider", "it"), 3, item("text", "it"), "three"),
        (item("multi_select", "it"), [0, 2], item("single_select", "it"), 1),
        (item("single_select", "it"), 1, item("multi_select", "it"), [0, 2]),
        (item("date", "it"), "2026-03-01", item("number_select", "it"), 3),
    ],
)
async def test_an_item_that_has_become_another_is_described_as_what_it_is_now(
    client: AsyncClient, conn: Transaction, old: Json, given: object, new: Json, later: object
) -> None:
    first = await sheet(conn, draft(activity(old)))
    await send(client, first, [{"it": given}] * 3)
    second = await republish(conn, first, draft(activity(new)))
    await send(client, second, [{"it": later}])

    found = await read(client, second)

    (row,) = found["items"]
    assert found["submissions"] == 4
    assert (row["type"], row["n"], row["missing"]) == (new["type"], 1, 0)
    if row["distribution"] is not None:
        counted = [one["value"] for one in row["distribution"] if one["n"]]
        assert counted == (later if isinstance(later, list) else [later])
        assert {one["n"] for one in row["distribution"]} <= {0, 1}


async def test_a_form_that_has_come_back_describes_the_answers_to_all(
    client: AsyncClient, conn: Transaction
) -> None:
    tree = draft(
        activity(item("slider", "a", config=SKIPPABLE), item("slider", "b", config=SKIPPABLE))
    )
    first = await sheet(conn, tree)
    await send(client, first, [{"a": 1, "b": 2}])
    second = await republish(
        conn, first, draft(activity(item("text", "a"), item("slider", "c", config=SKIPPABLE)))
    )
    await send(client, second, [{"a": "text", "c": 5}])
    third = await republish(conn, first, tree)
    await send(client, third, [{"a": 3}])

    found = await read(client, first)

    assert first.revisions["mood"] == third.revisions["mood"]
    described = [(row["name"], row["n"], row["missing"], row["mean"]) for row in found["items"]]
    assert described == [("a", 2, 0, 2), ("b", 1, 1, 2)]


async def test_two_activities_are_described_apart(client: AsyncClient, conn: Transaction) -> None:
    on = await sheet(
        conn,
        draft(
            activity(item("slider", "pain"), name="morning"),
            activity(item("slider", "pain"), item("message", "bye"), name="evening"),
        ),
    )
    await send(client, on, [{"pain": 1}, {"pain": 2}], "morning")
    await send(client, on, [{"pain": 12}], "evening")

    items: list[dict[str, Any]] = (await read(client, on))["items"]

    assert [(row["activity"], row["name"], row["n"], row["mean"]) for row in items] == [
        ("morning", "pain", 2, 1.5),
        ("evening", "pain", 1, 12),
    ]
    assert [row["activity_id"] for row in items] == [
        on.activities["morning"],
        on.activities["evening"],
    ]


@pytest.mark.parametrize("role", list(Role))
async def test_admins_read_statistics(client: AsyncClient, conn: Transaction, role: Role) -> None:
    diary = await sheet(conn)
    bob = await factories.member(conn, team=diary.published.team, role=role)
    await put_all(client, bob, diary, None)

    response = await client.get(f"{diary.url}/statistics", headers=acting_as(bob))

    if role in {Role.ADMIN, Role.OWNER}:
        assert response.json()["submissions"] == 1
    else:
        problem(response, 403, "role_too_low")


async def test_to_a_stranger_there_is_nothing_to_describe(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)
    bob = await factories.user(conn)

    for url in (diary.url, f"/v1/applets/{uuid4()}"):
        response = await client.get(f"{url}/statistics", headers=acting_as(bob))
        problem(response, 404, "applet_not_found")
    problem(await client.get(f"{diary.url}/statistics"), 401, "not_authenticated")
