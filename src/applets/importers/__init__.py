"""Questionnaires of other systems, read as drafts. Nothing here does I/O."""
