"""The API beside its own document: Schemathesis calls every operation and judges the answers."""
