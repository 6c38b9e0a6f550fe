"""Counting by itself: so many are allowed, the next is not, and later some are again."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import SecretStr

from src import limiter as limiters
from src.config import LimitSettings, RateSettings
from src.constants import Environment
from src.database import Pools, open_pools
from src.exceptions import Conflict
from src.limiter import Limiter, Refusals
from src.limits import service
from src.limits.constants import WINDOWS, Rule
from src.limits.exceptions import RateLimited
from tests import factories
from tests.conftest import Execute, settings_for
from tests.limits.counting import later

IP = "203.0.113.7"


def rates(**numbers: int) -> LimitSettings:
    return LimitSettings(rates=RateSettings(**numbers))


def with_rates(pools: Pools, url: str, **numbers: int) -> Pools:
    """The same pools of a service with these numbers, in a process of its own."""
    return replace(pools, limiter=Limiter(settings_for(url, limits=rates(**numbers))))


async def allowed(pools: Pools, rule: Rule, subject: str, times: int) -> int:
    return sum([await service.allows(pools, rule, subject) for _ in range(times)])


@pytest.mark.parametrize("rule", Rule)
async def test_each_rule_allows_its_number_and_no_more(
    pools: Pools, url: str, execute: Execute, rule: Rule
) -> None:
    counting = with_rates(pools, url, **{rule: 4})

    assert await allowed(counting, rule, IP, 7) == 4
    assert await allowed(counting, rule, "203.0.113.8", 7) == 4

    await later(execute, counting, WINDOWS[rule].seconds / 4)
    assert await allowed(counting, rule, IP, 3) == 1

    await later(execute, counting, WINDOWS[rule].seconds)
    assert await allowed(counting, rule, IP, 7) == 4


@pytest.mark.parametrize("rule", Rule)
async def test_a_rule_of_zero_is_off(pools: Pools, url: str, execute: Execute, rule: Rule) -> None:
    counting = with_rates(pools, url, **{rule: 0})

    assert await allowed(counting, rule, IP, 1000) == 1000
    assert await execute("SELECT key FROM rate_limit") == []


async def test_rules_do_not_count_for_each_other(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, signup_ip=1, sms_ip=1)

    assert await service.allows(counting, Rule.SIGNUP_IP, IP)
    assert await service.allows(counting, Rule.SMS_IP, IP)
    assert not await service.allows(counting, Rule.SIGNUP_IP, IP)


@pytest.mark.committed
async def test_processes_share_the_count(pools: Pools, url: str) -> None:
    settings = settings_for(url, limits=rates(signup_ip=10))
    async with open_pools(settings.database) as others:
        one, other = (replace(p, limiter=Limiter(settings)) for p in (pools, others))

        answers = await asyncio.gather(
            *(service.allows(one, Rule.SIGNUP_IP, IP) for _ in range(25)),
            *(service.allows(other, Rule.SIGNUP_IP, IP) for _ in range(25)),
        )

    assert sum(answers) == 10


@pytest.mark.committed
async def test_a_request_that_is_rolled_back_still_counts(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, signup_ip=1)

    async def refused_later() -> None:
        async with counting.write.transaction():
            await service.demand(counting, Rule.SIGNUP_IP, IP)
            raise Conflict

    with pytest.raises(Conflict):
        await refused_later()

    assert not await service.allows(counting, Rule.SIGNUP_IP, IP)


async def test_a_refusal_says_when_to_come_back(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, signup_ip=2)
    await allowed(counting, Rule.SIGNUP_IP, IP, 2)

    for _ in range(2):  # asked of the database, then remembered
        with pytest.raises(RateLimited) as refused:
            await service.demand(counting, Rule.SIGNUP_IP, IP)
        assert 1795 <= int(refused.value.headers["Retry-After"]) <= 1800


async def test_a_flood_ends_in_the_process(pools: Pools, url: str, execute: Execute) -> None:
    counting = with_rates(pools, url, signup_ip=1)
    await allowed(counting, Rule.SIGNUP_IP, IP, 2)
    await execute("DELETE FROM rate_limit")

    assert await allowed(counting, Rule.SIGNUP_IP, IP, 50) == 0
    assert await execute("SELECT key FROM rate_limit") == []


async def test_refusals_are_remembered_in_bounds() -> None:
    refusals = Refusals(size=3)
    for number in range(10):
        refusals.add(bytes([number]), 60)

    assert [bool(refusals.left(bytes([number]))) for number in range(10)] == [False] * 7 + [
        True
    ] * 3


async def test_a_refusal_is_forgotten_in_time() -> None:
    refusals = Refusals()
    refusals.add(b"short", 0.001)
    refusals.add(b"long", 60)
    await asyncio.sleep(0.002)

    assert (refusals.left(b"short"), refusals.left(b"long") > 59) == (0.0, True)


async def test_an_ipv6_address_counts_as_its_network(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, signup_ip=2)

    assert await service.allows(counting, Rule.SIGNUP_IP, "2001:db8:0:1::1")
    assert await service.allows(counting, Rule.SIGNUP_IP, "2001:db8:0:1:ffff::2")
    assert not await service.allows(counting, Rule.SIGNUP_IP, "2001:db8:0:1:aaaa::3")
    assert await service.allows(counting, Rule.SIGNUP_IP, "2001:db8:0:2::1")


async def test_an_address_mapped_into_ipv6_is_the_address(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, signup_ip=1)

    assert await service.allows(counting, Rule.SIGNUP_IP, "::ffff:203.0.113.7")
    assert not await service.allows(counting, Rule.SIGNUP_IP, IP)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    ("changes", "is_spared"),
    [
        ({"environment": Environment.LOCAL}, True),
        ({"environment": Environment.TEST}, True),
        ({"environment": Environment.TEST, "trusted_proxies": ("127.0.0.1",)}, False),
        ({"environment": Environment.STAGING}, False),
        ({"environment": Environment.PRODUCTION}, False),
    ],
)
async def test_only_who_tries_the_service_on_his_machine_is_spared(
    pools: Pools, url: str, ip: str, changes: dict[str, object], is_spared: bool
) -> None:
    settings = settings_for(url, limits=rates(signup_ip=1, mfa_account=1), **changes)
    counting = replace(pools, limiter=Limiter(settings))

    assert await allowed(counting, Rule.SIGNUP_IP, ip, 3) == (3 if is_spared else 1)
    assert await allowed(counting, Rule.MFA_ACCOUNT, ip, 3) == 1


async def test_who_is_forgiven_starts_anew(pools: Pools, url: str) -> None:
    counting = with_rates(pools, url, mfa_account=2)
    assert await allowed(counting, Rule.MFA_ACCOUNT, "ann", 3) == 2

    await service.forgive(counting, Rule.MFA_ACCOUNT, "ann")

    assert await allowed(counting, Rule.MFA_ACCOUNT, "ann", 3) == 2


async def test_the_table_tells_nothing_of_whom_it_counts(
    pools: Pools, url: str, execute: Execute
) -> None:
    await service.allows(pools, Rule.MAIL_ADDRESS, "ann@example.org")
    other = settings_for(url, secrets={"secret_key": SecretStr(factories.SECRET_KEY + "?")})
    await service.allows(
        replace(pools, limiter=Limiter(other)), Rule.MAIL_ADDRESS, "ann@example.org"
    )

    keys = [bytes(key) for (key,) in await execute("SELECT key FROM rate_limit")]

    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


async def test_counters_that_say_nothing_any_more_are_purged(
    pools: Pools, url: str, execute: Execute
) -> None:
    counting = with_rates(pools, url)
    await service.allows(counting, Rule.SIGNUP_IP, IP)
    await later(execute, counting, WINDOWS[Rule.SIGNUP_IP].seconds)
    await service.allows(counting, Rule.SIGNUP_IP, "203.0.113.8")

    assert await service.purge(counting.write.single) == 1
    assert len(await execute("SELECT key FROM rate_limit")) == 1


async def test_the_table_survives_no_crash_and_is_not_written_ahead(execute: Execute) -> None:
    assert await execute("SELECT relpersistence FROM pg_class WHERE relname = 'rate_limit'") == [
        ("u",)
    ]


async def test_pools_of_no_application_count_nothing(pools: Pools) -> None:
    with pytest.raises(RuntimeError, match="belong to no application"):
        await service.allows(replace(pools, limiter=None), Rule.SIGNUP_IP, IP)


async def test_mails_are_counted_by_address_account_and_caller(
    pools: Pools, url: str, execute: Execute
) -> None:
    counting = with_rates(
        pools, url, mail_address_minute=1, mail_address=2, mail_account=4, mail_ip=5
    )

    async def may(address: str, user: factories.User | None = None, ip: str = IP) -> bool:
        return await service.may_send_mail(
            counting, address=address, user_id=user.id if user else None, ip=ip
        )

    ann = await factories.user(counting.write.single)
    assert await may("ann@example.org")
    assert not await may(" ANN@example.org")  # once a minute
    await later(execute, counting, 60)
    assert await may("ann@example.org")
    await later(execute, counting, 60)
    assert not await may("ann@example.org")  # twice an hour
    assert [await may(f"{n}@example.org", ann, ip=f"203.0.113.{n}") for n in range(5)] == [
        *[True] * 4,
        False,
    ]
    assert [await may(f"other{n}@example.org") for n in range(4)] == [True] * 3 + [False]
    assert limiters.noted.get() == ()


async def test_text_messages_are_counted_by_number_account_caller_country_and_in_all(
    pools: Pools, url: str
) -> None:
    counting = with_rates(
        pools, url, sms_number=2, sms_account=3, sms_ip=4, sms_country=5, sms_total=6
    )
    numbers = iter(range(1000, 9999))

    async def may(country: str = "DE", ip: str | None = None, number: str | None = None) -> bool:
        return await service.may_send_sms(
            counting,
            number=number or f"+49{next(numbers)}",
            user_id=None,
            ip=ip,
            country=country,
        )

    assert await may(number="+491")
    assert not await may(number="+491")
    assert [await may(ip=IP) for _ in range(4)] == [True] * 4
    assert not await may(ip=IP, country="FR")
    assert not await may(country="de")
    assert [await may(country="FR") for _ in range(2)] == [True, False]
    with pytest.raises(RateLimited):
        await service.demand_sms(counting, number="+1", user_id=None, ip=None, country="US")
    limiters.noted_fields()
