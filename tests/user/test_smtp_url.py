import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from user.mail.smtp_url import SmtpUrl, smtp_options

SECRET = "xyzzy-plugh-4711"


def options(url: str) -> tuple[object, ...]:
    """The options parsed from an address."""
    read = smtp_options(SecretStr(url))
    return tuple(read[name] for name in ("hostname", "port", "username", "password", "use_tls", "start_tls"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", ("mail", 587, None, None, False, None)),
        ("smtp://mail:25/", ("mail", 25, None, None, False, None)),
        ("smtp://ada:secret@mail.example.org:2525", ("mail.example.org", 2525, "ada", "secret", False, True)),
        ("smtps://ada:secret@mail", ("mail", 465, "ada", "secret", True, False)),
        ("smtp://[::1]:25", ("::1", 25, None, None, False, None)),
        ("smtp://ada@example.org:a%40b@mail", ("mail", 587, "ada@example.org", "a@b", False, True)),
        ("smtp://ada:]a[/b?c#d:e@f@mail", ("mail", 587, "ada", "]a[/b?c#d:e@f", False, True)),
    ],
)
def test_an_address_is_read(url: str, expected: tuple[object, ...]) -> None:
    """Ports default to those of submission; any password is possible, and requires STARTTLS."""
    assert options(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        SECRET,
        f"http://ada:{SECRET}@mail",
        f"smtp://{SECRET}@mail",
        f"smtp://:{SECRET}@mail",
        f"smtp://ada:{SECRET}@",
        f"smtp://ada:{SECRET}@mail:0",
        f"smtp://ada:{SECRET}@mail:65536",
        f"smtp://ada:{SECRET}@mail:x",
        f"smtp://ada:{SECRET}@mail/path",
        f"smtp://ada:{SECRET}@ma il",
        f"smtp://ada:{SECRET}@mail\r\n",
    ],
)
def test_what_is_no_address_is_refused_without_being_quoted(url: str) -> None:
    """The error describes the form of an address, and does not contain the password."""
    with pytest.raises(ValueError, match="must look like smtp://") as refused:
        smtp_options(SecretStr(url))

    assert SECRET not in str(refused.value)


def test_a_setting_is_checked_and_kept_as_it_is_given() -> None:
    """The setting contains the given text, as a secret; an invalid value is refused at start-up like other settings."""
    with pytest.raises(ValidationError, match="must look like smtp://"):
        TypeAdapter(SmtpUrl).validate_python(SECRET)
    setting: SecretStr = TypeAdapter(SmtpUrl).validate_python(f"smtp://ada:{SECRET}@mail")

    assert setting.get_secret_value() == f"smtp://ada:{SECRET}@mail"
    assert SECRET not in repr(setting)
