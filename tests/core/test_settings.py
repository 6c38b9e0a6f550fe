import pytest
from pydantic import ValidationError

from src.config import Settings, setting_names, unknown_settings
from src.constants import Environment
from src.database import conninfo, conninfo_url

GOOD = {
    "ENVIRONMENT": "production",
    "DATABASE__URL": "postgresql://core@db/core",
    "SECRETS__SECRET_KEY": "q8Zt5vRk2LwYx9Bn4MdPf7HsGj3KcVae",
}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def read(environ: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        environ.setenv(name, value)
    return Settings(_env_file=None)


def test_without_any_setting_a_service_is_local_and_open(environ: pytest.MonkeyPatch) -> None:
    settings = read(environ)

    assert settings.environment is Environment.LOCAL
    assert settings.signup_is_open
    assert not settings.cookies_are_secure
    assert not settings.database.is_given
    assert (settings.rates.mail_address_minute, settings.rates.mail_address) == (0, 0)


def test_elsewhere_it_is_private_and_its_cookies_are_secure(
    environ: pytest.MonkeyPatch,
) -> None:
    settings = read(environ, **GOOD)

    assert not settings.signup_is_open
    assert settings.cookies_are_secure
    assert (settings.rates.mail_address_minute, settings.rates.mail_address) == (1, 5)


def test_mails_to_an_address_are_counted_as_somebody_says(environ: pytest.MonkeyPatch) -> None:
    settings = read(environ, LIMITS__RATES__MAIL_ADDRESS_MINUTE="3", LIMITS__RATES__LOGIN_IP="7")

    assert (settings.rates.mail_address_minute, settings.rates.mail_address) == (3, 0)
    assert settings.rates.login_ip == 7


@pytest.mark.parametrize(
    ("given", "is_required"),
    [
        ({}, True),
        ({"AUTHENTICATION__SIGNUP": "open"}, False),
        (
            {"AUTHENTICATION__SIGNUP": "open", "AUTHENTICATION__REQUIRE_VERIFIED_EMAIL": "true"},
            True,
        ),
        ({"AUTHENTICATION__REQUIRE_VERIFIED_EMAIL": "false"}, False),
        ({"ENVIRONMENT": "local"}, False),
    ],
)
def test_a_verified_email_is_required_where_signing_up_is_not_open(
    environ: pytest.MonkeyPatch, given: dict[str, str], is_required: bool
) -> None:
    assert read(environ, **{**GOOD, **given}).verified_email_is_required is is_required


def test_a_service_that_mails_links_knows_where_it_is(environ: pytest.MonkeyPatch) -> None:
    with_mail = {
        **GOOD,
        "MAILING__MAIL__SERVER": "mail.example",
        "MAILING__MAIL__FROM_ADDRESS": "core@core.example",
    }
    with pytest.raises(ValidationError, match="PUBLIC_URL is required"):
        read(environ, **with_mail)

    settings = read(environ, **with_mail, PUBLIC_URL="https://core.example")

    assert settings.takes_signups
    assert not settings.signup_is_open


def test_lists_take_commas(environ: pytest.MonkeyPatch) -> None:
    settings = read(environ, CORS__ALLOW_ORIGINS=" https://a.example, https://b.example ,,")

    assert settings.cors.allow_origins == ("https://a.example", "https://b.example")


def test_a_section_may_be_given_in_part(environ: pytest.MonkeyPatch) -> None:
    settings = read(
        environ,
        AUTHENTICATION__ACCESS_TOKEN__EXPIRATION="5",
        AUTHENTICATION__ISSUER="birds",
        DATABASE__HOST="db",
        DATABASE__PASSWORD="p@ss/w:rd",
    )

    assert settings.authentication.access_token.expiration == 5
    assert settings.authentication.audience == "core-api"
    assert settings.authentication.refresh_token.idle_days == 21
    assert conninfo_url(settings.database) == "postgresql://postgres:p%40ss%2Fw%3Ard@db:5432/core"
    assert "password='p@ss/w:rd'" in conninfo(settings.database).replace(
        "password=p@ss/w:rd", "password='p@ss/w:rd'"
    )


def test_an_empty_setting_is_none(environ: pytest.MonkeyPatch) -> None:
    assert read(environ, DATABASE__URL="", AUTHENTICATION__SIGNUP="").database.url is None


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRETS__SECRET_KEY", None),
        ("SECRETS__SECRET_KEY", ""),
        ("SECRETS__SECRET_KEY", "q8Zt5vRk2LwYx9Bn4MdPf7HsGj3KcVa"),
        ("SECRETS__SECRET_KEY", "change-me" * 5),
        ("SECRETS__SECRET_KEY", "ChangeThis" * 5),
        ("SECRETS__SECRET_KEY", "a-very-long-secret-key-for-the-service"),
        ("SECRETS__SECRET_KEY", "this-is-an-example-of-a-long-enough-key"),
        ("DATABASE__URL", None),
        ("CORS__ALLOW_ORIGINS", "*"),
        ("CORS__ALLOW_ORIGINS", "https://a.example,*"),
    ],
)
def test_outside_local_an_unsafe_setting_is_refused_by_name(
    environ: pytest.MonkeyPatch, environment: str, name: str, value: str | None
) -> None:
    given = {**GOOD, "ENVIRONMENT": environment}
    given.pop(name, None)
    if value is not None:
        given[name] = value

    with pytest.raises(ValidationError, match=name) as caught:
        read(environ, **given)

    if value and name == "SECRETS__SECRET_KEY":
        assert value not in str(caught.value)


@pytest.mark.parametrize("days", ["-1", "0", "1", "2"])
def test_an_account_is_not_erased_before_its_old_address_may_have_spoken(
    environ: pytest.MonkeyPatch, days: str
) -> None:
    with pytest.raises(ValidationError, match=r"PRIVACY__DELETION_GRACE_DAYS .* 72 hours"):
        read(environ, **GOOD, PRIVACY__DELETION_GRACE_DAYS=days)

    assert read(environ, **GOOD, PRIVACY__DELETION_GRACE_DAYS="3").privacy.deletion_grace_days == 3


def test_a_wildcard_without_credentials_is_allowed(environ: pytest.MonkeyPatch) -> None:
    given = {**GOOD, "CORS__ALLOW_ORIGINS": "*", "CORS__ALLOW_CREDENTIALS": "false"}

    assert read(environ, **given).cors.allow_origins == ("*",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("PORT", "70000"),
        ("PORT", "http"),
        ("DATABASE__URL", "mysql://db/core"),
        ("DATABASE__POOL_SIZE", "0"),
        ("CORS__ALLOW_ORIGINS_REGEX", "("),
        ("AUTHENTICATION__SIGNUP", "yes"),
        ("AUTHENTICATION__ACCESS_TOKEN__EXPIRATION", "61"),
        ("AUTHENTICATION__ACCESS_TOKEN__EXPIRATION", "0"),
        ("AUTHENTICATION__PASSWORD_HASH__MEMORY_KIB", "1024"),
        ("AUTHENTICATION__PASSWORD_HASH__ITERATIONS", "1"),
        ("AUTHENTICATION__REFRESH_TOKEN__GRACE_SECONDS", "61"),
        ("LOG__LEVEL", "LOUD"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    environ: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ValidationError):
        read(environ, **{name: value})


def test_settings_do_not_change(environ: pytest.MonkeyPatch) -> None:
    settings = read(environ)

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.database.port = 1  # type: ignore[misc]


def test_secrets_do_not_show(environ: pytest.MonkeyPatch) -> None:
    given = {**GOOD, "DATABASE__URL": "postgresql://core:heron-7@db/core"}

    settings = read(environ, **given)

    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert GOOD["SECRETS__SECRET_KEY"] not in shown
        assert "heron-7" not in shown


def test_settings_that_do_not_exist_are_reported() -> None:
    environ = {
        "DATABASE__URL": "",
        "DATABASE__HOSTNAME": "",
        "CORS__ALLOWED": "",
        "AUTHENTICATION__ACCESS_TOKEN__EXPIRATION": "",
        "AUTHENTICATION__ACCESS_TOKEN__EXPIRY": "",
        "PATH": "",
        "LOG_LEVEL": "",
    }

    assert unknown_settings(environ) == [
        "AUTHENTICATION__ACCESS_TOKEN__EXPIRY",
        "CORS__ALLOWED",
        "DATABASE__HOSTNAME",
    ]


def test_every_setting_has_a_description() -> None:
    from src.config import Section  # noqa: PLC0415

    def check(model: type[Section] | type[Settings]) -> None:
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                check(field.annotation)
            else:
                assert field.description, name

    check(Settings)
