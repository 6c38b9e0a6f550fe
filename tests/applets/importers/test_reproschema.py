import json

import pytest

from src.applets import items
from src.applets.importers import reproschema
from src.exceptions import Invalid
from tests.applets.importers import sources
from tests.applets.importers.sources import (
    OLD_ACTIVITY,
    OLD_ITEM,
    Json,
    activity,
    by_name,
    choice,
    codes,
    folder,
    question,
    radio,
    read,
    read_items,
    scores,
    values,
)
from tests.applets.items.building import rows

TWO_ITEMS = folder(
    activity(
        ["owl", "wren"],
        required=["owl"],
        visible={"wren": "owl > 0"},
        compute={"total": "owl + wren"},
        preamble={"en": "About birds.", "de": "Über Vögel."},
        description={"en": "A count of birds."},
        citation={"en": "Birder, 2020"},
    ),
    owl=question(
        "radio",
        "Owls?",
        choices=[choice(0, en="none", de="keine"), choice(1, en="one", de="eine")],
    ),
    wren=radio(0, 1, 2),
)


def test_a_small_questionnaire_is_carried_over_whole() -> None:
    imported = read(TWO_ITEMS)

    assert imported.report.entries == []
    assert imported.draft == {
        "name": "Birds",
        "about": {"en": "Birder, 2020"},
        "activities": [
            {
                "name": "Birds",
                "description": {"en": "A count of birds."},
                "items": [
                    {
                        "name": "preamble",
                        "type": "message",
                        "question": {"en": "About birds.", "de": "Über Vögel."},
                    },
                    {
                        "name": "owl",
                        "type": "single_select",
                        "question": {"en": "Owls?"},
                        "config": {"skippable": False, "add_scores": True},
                        "values": {
                            "options": [
                                {"text": {"en": "none", "de": "keine"}, "value": 0, "score": 0},
                                {"text": {"en": "one", "de": "eine"}, "value": 1, "score": 1},
                            ]
                        },
                    },
                    {
                        "name": "wren",
                        "type": "single_select",
                        "question": {"en": "Well?"},
                        "config": {"skippable": True, "add_scores": True},
                        "values": {
                            "options": [
                                {"text": {"en": f"choice {n}"}, "value": n, "score": n}
                                for n in range(3)
                            ]
                        },
                        "condition": {
                            "match": "any",
                            "conditions": [
                                {
                                    "item_name": "owl",
                                    "type": "EQUAL_TO_OPTION",
                                    "payload": {"option_value": 1},
                                }
                            ],
                        },
                    },
                ],
                "scores_and_reports": {
                    "scores": [{"name": "total", "calculation": "sum", "items": ["owl", "wren"]}]
                },
            }
        ],
    }


def test_an_archive_may_hold_the_folder_or_its_content() -> None:
    inside = {path.removeprefix("birds/"): file for path, file in TWO_ITEMS.items()}

    assert read(inside).draft == read(TWO_ITEMS).draft


def test_documents_may_have_endings() -> None:
    ended = {f"{path}.jsonld": file for path, file in TWO_ITEMS.items()}

    assert read(ended).draft == read(TWO_ITEMS).draft


def test_one_document_may_hold_everything() -> None:
    nodes = [
        {"@id": path.removeprefix("birds/"), **file}
        for path, file in TWO_ITEMS.items()
        if isinstance(file, dict)
    ]
    data = json.dumps({"@context": sources.CONTEXT, "@graph": nodes}).encode()

    assert reproschema.read(data).draft == read(TWO_ITEMS).draft


def test_items_may_stand_in_the_order_itself() -> None:
    schema = activity([])
    schema["ui"] = {"order": [{"id": "owl", **radio(0, 1)}]}

    imported = reproschema.read(json.dumps(schema).encode())

    assert list(by_name(imported)) == ["owl"]


def test_items_without_an_activity_become_one_in_their_natural_order() -> None:
    files = {f"birds/items/q{number}": {**radio(0, 1)} for number in (10, 9, 1)}

    imported = read(files)

    assert imported.draft["name"] == "birds"
    assert list(by_name(imported)) == ["q1", "q9", "q10"]
    assert codes(imported) == {"activity_made_of_items"}


def test_a_single_item_is_enough() -> None:
    imported = reproschema.read(
        json.dumps({"id": "owl", **radio(0, 1)}).encode(), filename="o.json"
    )

    assert imported.draft["name"] == "o"
    assert list(by_name(imported)) == ["owl"]


def test_older_dialects_are_read() -> None:
    imported = read(
        {
            "birds_schema": OLD_ACTIVITY,
            "items/owl": OLD_ITEM,
            "items/wren": {**OLD_ITEM, "@id": "wren"},
        }
    )

    listed = by_name(imported)
    assert imported.draft["name"] == "Birds"
    assert listed["owl"]["question"] == {"en": "Owls?", "de": "Eulen?"}
    assert sources.option_values(listed["owl"]) == [0, 1]
    assert "condition" in listed["wren"]
    assert scores(imported)[0]["items"] == ["owl"]
    assert codes(imported) == {"reference_by_name"}


def test_answers_in_a_document_of_their_own_are_found() -> None:
    files = folder(activity(["owl"]), owl=question("radio"))
    files["birds/items/owl"] = {**question("radio"), "responseOptions": "../valueConstraints"}
    files["birds/valueConstraints"] = {
        "category": "ResponseOption",
        "choices": [choice(3), choice(4)],
    }

    imported = read(files)

    assert sources.option_values(by_name(imported)["owl"]) == [3, 4]
    assert codes(imported) == set()


def test_answers_that_are_not_there_are_reported() -> None:
    item = {**question("radio"), "responseOptions": "../nowhere"}

    listed, imported = read_items(activity(["owl"]), owl=item)

    assert listed["owl"]["type"] == "text"
    assert codes(imported) == {"options_not_found", "choices_missing"}


def test_a_missing_item_is_reported_and_the_rest_is_read() -> None:
    schema = activity(["owl", "wren"], compute={"total": "owl + wren"})

    listed, imported = read_items(schema, owl=radio(0, 1))

    assert list(listed) == ["owl"]
    assert {(entry.source, entry.code) for entry in imported.report.entries} == {
        ("birds/birds_schema#/ui/order/1", "item_not_found"),
        ("birds/birds_schema#/compute/0/jsExpression", "score_not_carried"),
    }


def test_the_same_name_in_another_folder_is_another_document() -> None:
    files = folder(activity(["owl"]))
    files["fish/items/owl"] = radio(0, 1)

    assert codes(read(files)) == {"item_not_found", "document_not_used"}


def test_an_address_finds_the_document_of_the_same_path() -> None:
    schema = activity([])
    schema["ui"] = {"order": ["https://example.org/main/birds/items/owl"]}

    listed, imported = read_items(schema, owl=radio(0, 1))

    assert list(listed) == ["owl"]
    assert codes(imported) == {"reference_by_name"}


def test_an_activity_inside_another_stands_beside_it() -> None:
    outer = activity(["owl"])
    outer["ui"] = {"order": ["../inner/inner_schema", "items/owl"]}
    files = folder(outer, owl=radio(0, 1))
    files["inner/inner_schema"] = {**activity(["wren"]), "prefLabel": {"en": "Birds"}}
    files["inner/items/wren"] = radio(0, 1)

    imported = read(files)

    assert [row["name"] for row in rows(imported.draft["activities"])] == ["Birds", "Birds 2"]
    assert list(by_name(imported, 1)) == ["wren"]
    assert codes(imported) == {"activity_separated"}


def test_a_protocol_names_the_applet_and_orders_its_activities() -> None:
    files = folder(activity(["owl"]), owl=radio(0, 1))
    files["fish/fish_schema"] = {**activity(["eel"]), "prefLabel": {"en": "Fish"}}
    files["fish/items/eel"] = radio(0, 1)
    files["study/study_schema"] = {
        "category": "Protocol",
        "prefLabel": {"en": "Animals"},
        "description": {"en": "All of them."},
        "ui": {
            "order": ["../fish/fish_schema", "../birds/birds_schema", "../gone"],
            "addProperties": [{"isAbout": "../fish/fish_schema", "isVis": "x > 1"}],
        },
    }

    imported = read(files)

    assert imported.draft["name"] == "Animals"
    assert imported.draft["description"] == {"en": "All of them."}
    assert [row["name"] for row in rows(imported.draft["activities"])] == ["Fish", "Birds"]
    assert codes(imported) == {"activity_not_found", "condition_not_carried"}


@pytest.mark.parametrize(
    ("kind", "options", "expected", "reported"),
    [
        ("radio", {"choices": [choice(1)]}, "single_select", set()),
        ("select", {"choices": [choice(1)]}, "single_select", set()),
        ("radio", {"choices": [choice(1)], "multipleChoice": True}, "multi_select", set()),
        ("select", {}, "text", {"choices_missing"}),
        ("selectLanguage", {"choices": [choice("de")]}, "single_select", {"choice_numbered"}),
        ("number", {"choices": [choice(1)]}, "single_select", {"input_changed"}),
        (None, {"choices": [choice(1)]}, "single_select", {"input_changed"}),
        ("slider", {"minValue": 0, "maxValue": 10}, "slider", set()),
        ("slider", {"choices": [choice(0), choice(5)]}, "slider", set()),
        ("slider", {"minValue": -5, "maxValue": 5}, "number_select", {"slider_changed"}),
        ("slider", {"choices": [choice(-1), choice(1)]}, "single_select", {"slider_changed"}),
        ("slider", {}, "text", {"slider_changed", "number_as_text"}),
        (
            "number",
            {"valueType": ["xsd:integer"], "minValue": 1, "maxValue": 9},
            "number_select",
            set(),
        ),
        ("integer", {"minValue": "1", "maxValue": "9"}, "number_select", set()),
        ("number", {"valueType": "xsd:integer"}, "text", {"number_as_text"}),
        ("number", {"minValue": 5, "maxValue": 5}, "text", {"number_as_text", "bound_not_carried"}),
        (
            "number",
            {"valueType": ["xsd:float"], "minValue": 0, "maxValue": 9},
            "text",
            {"number_as_text", "bound_not_carried"},
        ),
        ("float", {}, "text", {"number_as_text"}),
        (None, {"valueType": ["xsd:integer"]}, "text", {"number_as_text"}),
        ("text", {}, "text", set()),
        ("text", {"valueType": ["xsd:date"]}, "date", set()),
        ("textarea", {}, "paragraph_text", set()),
        ("multitext", {}, "paragraph_text", {"input_changed"}),
        ("date", {}, "date", set()),
        ("year", {"valueType": ["xsd:date"]}, "text", {"input_changed"}),
        ("timeRange", {}, "text", {"input_changed"}),
        ("email", {}, "text", {"input_changed"}),
        ("pid", {}, "text", set()),
        ("audioRecord", {}, "message", {"input_not_supported"}),
        ("documentUpload", {}, "message", {"input_not_supported"}),
        ("static", {}, "message", set()),
        (None, {}, "message", set()),
    ],
)
def test_each_input_has_its_type_and_what_it_loses_is_reported(
    kind: str | None, options: Json, expected: str, reported: set[str]
) -> None:
    listed, imported = read_items(activity(["owl"]), owl=question(kind, **options))

    assert listed["owl"]["type"] == expected
    assert codes(imported) == reported


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("pid", {"is_data_identifier": True, "skippable": True}),
        ("year", {"numeric_only": True, "max_length": 4, "skippable": True}),
        ("float", {"numeric_only": True, "skippable": True}),
    ],
)
def test_texts_of_a_special_kind_say_so(kind: str, config: Json) -> None:
    listed, _ = read_items(activity(["owl"]), owl=question(kind))

    assert listed["owl"]["config"] == config


def test_a_slider_keeps_the_labels_of_its_ends() -> None:
    choices = [choice(0, en="never"), choice(1, en="now and then"), choice(2, en="always")]

    listed, imported = read_items(activity(["owl"]), owl=question("slider", choices=choices))

    assert values(listed["owl"]) == {
        "min_value": 0,
        "max_value": 2,
        "min_label": {"en": "never"},
        "max_label": {"en": "always"},
    }
    assert any("now and then" in entry.detail for entry in imported.report.entries)


def test_choices_keep_whole_values_and_others_are_numbered() -> None:
    given = [5, "yes", 5, 0.5, "7", True, 10**400]
    choices = [*(choice(value) for value in given), "bare"]

    listed, imported = read_items(activity(["owl"]), owl=question("radio", choices=choices))

    assert sources.option_values(listed["owl"]) == [5, 8, 9, 10, 7, 1, 11, 12]
    assert codes(imported) == {"choice_numbered", "choice_value_read"}


def test_a_choice_without_a_name_is_called_by_its_value() -> None:
    listed, imported = read_items(activity(["owl"]), owl=question("radio", choices=[{"value": 3}]))

    assert rows(values(listed["owl"])["options"]) == [{"text": {"en": "3"}, "value": 3}]
    assert codes(imported) == {"choice_without_name"}


def test_a_picture_of_a_choice_is_kept() -> None:
    pictured = {**choice(1), "image": "https://example.org/owl.png"}

    listed, _ = read_items(activity(["owl"]), owl=question("radio", choices=[pictured]))

    assert rows(values(listed["owl"])["options"])[0]["image"] == "https://example.org/owl.png"


def test_names_are_made_fit_and_unique_and_expressions_follow() -> None:
    schema = activity(
        ["owl-1", "owl 1", "preamble"], compute={"total": "owl-1 + preamble"}, preamble="Birds!"
    )
    listed = {"owl-1": radio(0, 1), "owl 1": radio(0, 1), "preamble": radio(0, 1)}

    imported = read(folder(schema, **listed))

    assert list(by_name(imported)) == ["preamble", "owl_1", "owl_1_2", "preamble_2"]
    assert scores(imported)[0]["items"] == ["owl_1", "preamble_2"]
    assert codes(imported) == {"name_changed"}


@pytest.mark.parametrize(
    ("text", "expected", "reported"),
    [
        ("Hi", {"en": "Hi"}, set()),
        ({"en": "Hi", "es": " "}, {"en": "Hi"}, set()),
        ({"en": "Hi", "pt_BR": "Oi"}, {"en": "Hi", "pt-BR": "Oi"}, set()),
        ({"e n": "Hi"}, {"und": "Hi"}, {"language_unknown"}),
        (
            [{"@value": "Hi", "@language": "en"}, {"@value": "Oi", "@language": "pt"}],
            {"en": "Hi", "pt": "Oi"},
            set(),
        ),
        ({"@value": "Hi"}, {"en": "Hi"}, set()),
        (["Hi", "there"], {"en": "Hi\n\nthere"}, set()),
        ({"en": "a < b & c"}, {"en": "a < b & c"}, set()),
        ({"en": "a\0b"}, {"en": "a\ufffdb"}, {"text_changed"}),
        ({"en": "<script>x</script>Hi"}, {"en": "<script>x</script>Hi"}, {"markup_changed"}),
        ({"en": "<b>" * 6_000}, {}, {"markup_changed", "question_missing"}),
        ({"en": "x" * 20_001}, {"en": "x" * 20_000}, {"text_shortened"}),
    ],
)
def test_texts_survive_in_all_their_languages(
    text: object, expected: Json, reported: set[str]
) -> None:
    item = {**radio(0, 1), "question": text}

    listed, imported = read_items(activity(["owl"]), owl=item)

    assert listed["owl"]["question"] == (expected or {"en": "owl"})
    assert codes(imported) == reported


def test_a_preamble_of_an_item_stands_before_its_question() -> None:
    item = {**radio(0, 1), "preamble": {"en": "At night:", "de": "Nachts:"}}

    listed, _ = read_items(activity(["owl"]), owl=item)

    assert listed["owl"]["question"] == {"en": "At night:\n\nWell?", "de": "Nachts:"}


def test_a_label_stands_in_for_a_missing_question() -> None:
    item = {**radio(0, 1), "question": dict[str, object](), "prefLabel": {"en": "Owls"}}

    listed, imported = read_items(activity(["owl"]), owl=item)

    assert listed["owl"]["question"] == {"en": "Owls"}
    assert codes(imported) == {"question_missing"}


def test_a_name_in_several_languages_keeps_one_and_reports_the_others() -> None:
    schema = activity(["owl"], prefLabel={"de": "Vögel", "en": "Birds", "es": "Aves"})

    imported = read(folder(schema, owl=radio(0, 1)))

    assert imported.draft["name"] == "Birds"
    (entry,) = (one for one in imported.report.entries if one.code == "name_in_one_language")
    assert "Aves" in entry.detail


def test_a_hidden_item_stays_hidden() -> None:
    listed, imported = read_items(activity(["owl"], visible={"owl": False}), owl=radio(0, 1))

    assert listed["owl"]["is_hidden"] is True
    assert codes(imported) == set()


@pytest.mark.parametrize(("required", "skippable"), [(["owl"], False), ([], True)])
def test_what_is_required_cannot_be_skipped(required: list[str], skippable: bool) -> None:
    for kind in ("radio", "text", "date"):
        listed, _ = read_items(activity(["owl"], required=required), owl=question(kind))

        assert listed["owl"]["config"] == {"skippable": skippable}


def test_a_computed_item_is_a_score_and_no_item() -> None:
    schema = activity(["owl", "total"], visible={"total": False}, compute={"total": "owl"})
    total = question("number", valueType=["xsd:integer"], minValue=0, maxValue=1)

    listed, imported = read_items(schema, owl=radio(0, 1), total=total)

    assert list(listed) == ["owl"]
    assert scores(imported) == [{"name": "total", "calculation": "sum", "items": ["owl"]}]


def test_a_read_only_item_that_nothing_computes_is_reported_with_what_it_says() -> None:
    kept = question("text", "Your number is 7.")
    kept["ui"] = {"inputType": "text", "readonlyValue": True}

    listed, imported = read_items(activity(["owl", "kept"]), owl=radio(0, 1), kept=kept)

    assert list(listed) == ["owl"]
    assert any("Your number is 7." in entry.detail for entry in imported.report.entries)
    assert "read_only_left_out" in codes(imported)


def test_what_has_no_counterpart_is_reported_where_it_stands() -> None:
    schema = activity(["owl"], image="birds.png")
    schema["ui"] = {**_object(schema["ui"]), "shuffle": True, "allow": ["Export", "AllowSkip"]}
    item = {**radio(0, 1), "audio": "hoot.mp3"}
    _object(item["responseOptions"])["unitCode"] = "kg"
    _object(item["ui"])["theme"] = "dark"

    _, imported = read_items(schema, owl=item)

    assert {entry.source for entry in imported.report.entries} == {
        "birds/birds_schema#/image",
        "birds/birds_schema#/ui/shuffle",
        "birds/birds_schema#/ui/allow/0",
        "birds/items/owl#/audio",
        "birds/items/owl#/responseOptions/unitCode",
        "birds/items/owl#/ui/theme",
    }
    assert codes(imported) == {"not_carried"}


def test_an_item_outside_the_order_is_reported() -> None:
    schema = activity(["owl", "wren"])
    _object(schema["ui"])["order"] = ["items/owl"]

    listed, imported = read_items(schema, owl=radio(0, 1), wren=radio(0, 1))

    assert list(listed) == ["owl"]
    assert "item_not_in_order" in codes(imported)


def test_documents_that_nothing_refers_to_are_reported() -> None:
    files = folder(activity(["owl"]), owl=radio(0, 1), wren=radio(0, 1))

    assert [(entry.source, entry.code) for entry in read(files).report.entries] == [
        ("birds/items/wren", "document_not_used")
    ]


def test_the_draft_takes_answers() -> None:
    draft = items.AppletDraft.model_validate(read(TWO_ITEMS).draft)
    form = items.compile_activity(rows(items.normalise(draft)["activities"])[0])

    outcome = items.assess(form, {"owl": {"value": 1}, "wren": {"value": 2}})

    assert [score["value"] for score in outcome.scores] == [3]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"hello", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "not_reproschema"),
        (b"[]", "not_reproschema"),
        (b"null", "not_json"),
        (b'{"category": "ResponseOption", "choices": []}', "not_reproschema"),
        (b'{"resourceType": "Questionnaire", "item": []}', "not_reproschema"),
    ],
)
def test_what_is_no_reproschema_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        reproschema.read(data)

    assert [(error.pointer, error.code) for error in refused.value.errors] == [("", code)]


def _object(node: object) -> Json:
    assert isinstance(node, dict)
    return node
