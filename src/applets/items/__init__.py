"""What a questionnaire is made of, its rules, and the answers to it. Nothing here does I/O."""

from src.applets.items.answers import Assessment, assess
from src.applets.items.content import Content, next_label, normalise, sha256
from src.applets.items.form import Field, Form, compile_activity, numeric
from src.applets.items.locations import pointer
from src.applets.items.schemas import Activity, AppletDraft, Item, Score, check
from src.applets.items.scoring import Part, ScoreForm, contribution
from src.applets.items.texts import LangText, sanitise

__all__ = [
    "Activity",
    "AppletDraft",
    "Assessment",
    "Content",
    "Field",
    "Form",
    "Item",
    "LangText",
    "Part",
    "Score",
    "ScoreForm",
    "assess",
    "check",
    "compile_activity",
    "contribution",
    "next_label",
    "normalise",
    "numeric",
    "pointer",
    "sanitise",
    "sha256",
]
