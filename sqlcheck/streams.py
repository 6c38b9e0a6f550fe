"""Streams: a statement behind a server-side cursor must be one that a cursor can hold."""

from collections.abc import Iterator

from sqlcheck.finding import Complaint
from sqlcheck.hints import core
from sqlcheck.samples import sample
from sqlcheck.session import Refusal, Session, accepts, sent_types
from sqlcheck.variants import Variant, refused_later

_STREAM_HINT = "declare list[...], or read in the stream and write elsewhere"


def stream_rules(session: Session, variant: Variant) -> Iterator[Complaint]:
    """DECLARE CURSOR takes the statement, with the same parameters."""
    if not variant.stub.is_stream or not variant.analysed.columns:
        return
    hints = [variant.stub.parameters[name] for name in variant.numbered.names]
    types = sent_types(session, [sample(core(hint)) for hint in hints])
    declared = accepts(session, f"DECLARE checked CURSOR FOR {variant.numbered.sql}", types)
    if isinstance(declared, Refusal):
        refusal = Refusal(declared.message, declared.help or _STREAM_HINT, None)
        yield refused_later(variant, refusal, "as a stream")
