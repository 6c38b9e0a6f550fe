"""Counting requests: who comes too often waits.

Each rule is GCRA: a quota that refills evenly, so that a window is never awaited as a whole. The
database keeps one instant for each rule and subject, so all processes share the count, and decides
by its own clock. A process remembers whom it has refused, and does not ask again before the time:
floods end there. What is counted here is counted for good, whatever becomes of the caller's
transaction.
"""

import ipaddress
from dataclasses import dataclass
from uuid import UUID

from src import limiter as limiters
from src import logs
from src.database import Connection, Pools, sql
from src.limiter import Finding, Limiter
from src.limits.constants import WINDOWS, Rule
from src.limits.exceptions import RateLimited

log = logs.get_logger("core_api.limits")

Subject = str | UUID
Counted = tuple[Rule, Subject | None]
"""A rule, and whom it counts. Nobody is counted for None."""

_WHOLE_SERVICE = "all"


@dataclass(slots=True)
class Count:
    """What counting one request has found. `ahead` is in seconds."""

    is_allowed: bool
    ahead: float
    """How far the subject is from having its whole quota."""


@sql(
    """
    INSERT INTO rate_limit (key, tat)
    VALUES (%(key)s, statement_timestamp() + %(step)s * interval '1 second')
        ON CONFLICT (key) DO UPDATE
       SET tat = CASE
                 WHEN rate_limit.tat <= statement_timestamp() + %(slack)s * interval '1 second'
                 THEN greatest(rate_limit.tat, statement_timestamp())
                      + %(step)s * interval '1 second'
                 ELSE rate_limit.tat END
    RETURNING new.tat IS DISTINCT FROM old.tat AS is_allowed,
              extract(epoch FROM new.tat - statement_timestamp())::float8 AS ahead
    """
)
async def _count(conn: Connection, *, key: bytes, step: float, slack: float) -> Count: ...


@sql("DELETE FROM rate_limit WHERE key = %(key)s")
async def _forget(conn: Connection, *, key: bytes) -> None: ...


@sql(
    """
    DELETE FROM rate_limit
     WHERE key IN (SELECT key
                     FROM rate_limit
                    WHERE tat < statement_timestamp()
                    ORDER BY key
                    LIMIT 5000)
    -- allow scan
    """
)
async def purge(conn: Connection) -> int:
    """Forget some who have their whole quota again; returns how many."""
    ...


async def demand(pools: Pools, rule: Rule, subject: Subject) -> None:
    """Count a request of this subject, and let the answer tell how it stands. Raises RateLimited.

    The subject of a rule by IP is `caller.ip`.
    """
    finding = await _find(pools, rule, subject)
    if finding is None:
        return
    limiters.note(finding)
    if not finding.is_allowed:
        raise RateLimited.until(finding.retry_after)


async def allows(pools: Pools, rule: Rule, subject: Subject) -> bool:
    """Count a request of this subject; whether it is allowed. The answer tells nothing of it."""
    finding = await _find(pools, rule, subject)
    return finding is None or finding.is_allowed


async def forgive(pools: Pools, rule: Rule, subject: Subject) -> None:
    """Give the subject its whole quota back."""
    limiter = pools.counting
    key = _key(limiter, rule, subject)
    limiter.refusals.forget(key)
    await _forget(pools.write.single, key=key)


async def may_send_mail(
    pools: Pools, *, address: str, user_id: UUID | None, ip: str | None
) -> bool:
    """Count a mail to be sent, whoever asks for it; whether it may be.

    If not, answer as usual and send nothing: the answer is no hint. What nobody has asked for, such
    as a notice of security, is not counted.
    """
    to = address.strip().lower()
    refused = await _first_refused(
        pools,
        (Rule.MAIL_ADDRESS_MINUTE, to),
        (Rule.MAIL_ADDRESS, to),
        (Rule.MAIL_ACCOUNT, user_id),
        (Rule.MAIL_IP, ip),
    )
    if refused is not None:
        log.info("mail withheld", rule=refused.policy, seconds=round(refused.retry_after))
    return refused is None


async def demand_mail(pools: Pools, *, address: str, user_id: UUID, ip: str | None) -> bool:
    """As `may_send_mail`, for who is known and writes to others: they are told of their own limits.

    Raises RateLimited for those; how many mails the address has had is no business of theirs.
    """
    refused = await _first_refused(pools, (Rule.MAIL_ACCOUNT, user_id), (Rule.MAIL_IP, ip))
    if refused is not None:
        limiters.note(refused)
        raise RateLimited.until(refused.retry_after)
    return await may_send_mail(pools, address=address, user_id=None, ip=None)


async def may_send_sms(
    pools: Pools, *, number: str, user_id: UUID | None, ip: str | None, country: str
) -> bool:
    """Count a text message to be sent; whether it may be. `number` is E.164, `country` two letters.

    The log says so when a country or the whole service has had its share: somebody should look.
    """
    return await _refused_sms(pools, number, user_id, ip, country) is None


async def demand_sms(
    pools: Pools, *, number: str, user_id: UUID | None, ip: str | None, country: str
) -> None:
    """As `may_send_sms`. Raises RateLimited."""
    if (refused := await _refused_sms(pools, number, user_id, ip, country)) is not None:
        limiters.note(refused)
        raise RateLimited.until(refused.retry_after)


def network_of(ip: str) -> str:
    """What an address is counted as: itself, or in IPv6 its /64, which is one customer's."""
    address = _address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return "" if address is None else str(address)


async def _refused_sms(
    pools: Pools, number: str, user_id: UUID | None, ip: str | None, country: str
) -> Finding | None:
    refused = await _first_refused(
        pools,
        (Rule.SMS_NUMBER_MINUTE, number),
        (Rule.SMS_NUMBER, number),
        (Rule.SMS_ACCOUNT, user_id),
        (Rule.SMS_IP, ip),
        (Rule.SMS_COUNTRY, country.upper()),
        (Rule.SMS_TOTAL, _WHOLE_SERVICE),
    )
    if refused is not None and refused.policy in {Rule.SMS_COUNTRY, Rule.SMS_TOTAL}:
        log.error("text messages are used up", rule=refused.policy, country=country)
    return refused


async def _first_refused(pools: Pools, *counted: Counted) -> Finding | None:
    """Count by these rules, the narrowest first, until one refuses."""
    for rule, subject in counted:
        if subject is not None:
            finding = await _find(pools, rule, subject)
            if finding is not None and not finding.is_allowed:
                return finding
    return None


async def _find(pools: Pools, rule: Rule, subject: Subject) -> Finding | None:
    """Count one request. None where the rule is off, or spares the subject."""
    limiter, window = pools.counting, WINDOWS[rule]
    quota: int = getattr(limiter.rates, rule)
    if quota == 0 or (window.by_ip and limiter.spares_loopback and _is_loopback(str(subject))):
        return None
    key = _key(limiter, rule, subject)
    left = limiter.refusals.left(key)
    step = window.seconds / quota
    if left:
        return Finding(rule, quota, window.seconds, 0, left, left)
    count = await _count(pools.write.single, key=key, step=step, slack=window.seconds - step)
    if count.is_allowed:
        free = int((window.seconds - count.ahead) / step + 1e-6)
        return Finding(rule, quota, window.seconds, max(0, free), count.ahead, 0.0)
    left = max(count.ahead - (window.seconds - step), 0.001)
    limiter.refusals.add(key, left)
    return Finding(rule, quota, window.seconds, 0, count.ahead, left)


def _key(limiter: Limiter, rule: Rule, subject: Subject) -> bytes:
    name = network_of(str(subject)) if WINDOWS[rule].by_ip else str(subject)
    return limiter.key(rule, name)


def _is_loopback(ip: str) -> bool:
    address = _address(ip)
    return address is not None and address.is_loopback


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, which may be mapped into IPv6."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
