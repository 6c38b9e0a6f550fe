"""What the API documentation shows."""

from typing import Any

DIARY: dict[str, Any] = {
    "name": "Diary",
    "activities": [
        {
            "name": "mood",
            "items": [
                {
                    "name": "mood",
                    "type": "single_select",
                    "question": {"en": "How are you?", "de": "Wie geht es?"},
                    "config": {"add_scores": True},
                    "values": {
                        "options": [
                            {"text": "fine", "value": 0, "score": 0},
                            {"text": "low", "value": 1, "score": 2},
                            {"text": "very low", "value": 2, "score": 3},
                        ]
                    },
                },
                {
                    "name": "why",
                    "type": "text",
                    "question": {"en": "Why?"},
                    "config": {"max_length": 20},
                    "condition": {
                        "match": "any",
                        "conditions": [
                            {
                                "item_name": "mood",
                                "type": "EQUAL_TO_OPTION",
                                "payload": {"option_value": 2},
                            }
                        ],
                    },
                },
            ],
            "scores_and_reports": {
                "scores": [{"name": "total", "calculation": "sum", "items": ["mood"]}]
            },
        }
    ],
}
