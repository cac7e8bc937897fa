"""Secrets of examples are recognised in every usual spelling, and generated ones never are."""

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.sample_secrets import is_sample
from chassis.sealing.keys import generate_key

SAMPLES = re.findall(
    r"\S+",
    """changethis change-me CHANGE_ME! ChangeIt changeme123 please-change-this replace-me replace_with_a_real_one
your-secret-key your_password_here my-secret a-very-secret-key supersecret TopSecret secret_key not-secret insecure
django-insecure-x7f <password> {{secret}} ${SECRET} [secret] password Password1 passw0rd p@ssword123 admin root postgres
test1234 dummy example sample placeholder default todo fixme xxxxxxxx ******** 00000000 12345678 qwerty letmein
postgresql://app:changethis@db/app postgresql://app:app@db/app mongodb://root:example@db/app""",
)


@pytest.mark.parametrize("sample", ["", *SAMPLES])
def test_a_sample_is_recognised(sample: str) -> None:
    """Samples of templates, and default passwords, count as samples, with any separators and case."""
    assert is_sample(sample)


@given(st.integers(16, 48).map(secrets.token_urlsafe) | st.integers(12, 32).map(secrets.token_hex))
def test_a_generated_secret_is_not_a_sample(generated: str) -> None:
    """A random secret is accepted, alone and in an address."""
    assert not is_sample(generated)
    assert not is_sample(f"postgresql://order_service:{generated}@db:5432/order_service")


def test_a_generated_key_is_not_a_sample() -> None:
    """A key for a link is accepted."""
    assert not is_sample(f"k1:{generate_key()}")
