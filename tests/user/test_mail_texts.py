from collections.abc import Callable

import pytest

from user.mail.mailer import Mail
from user.mail.texts import address_changed, choose_password, password_changed, reset_password, verify_address

TO, TOKEN = "ada@example.org", "pXk0bS9m5VnqNn1x8cJv3r0wJ0wqk5o2QhXyTgZ4aBc"
Write = Callable[[str, str, str | None], Mail]


@pytest.mark.parametrize(
    ("write", "page", "validity"),
    [(verify_address, "verify-email", "24 hours"), (reset_password, "reset-password", "30 minutes")],
)
def test_a_link_carries_the_token_where_no_server_sees_it(write: Write, page: str, validity: str) -> None:
    """If the application's address is set, the mail has a link with the token in its fragment, and its lifetime."""
    mail = write(TO, TOKEN, "https://shop.example.org")

    assert mail.to == TO
    assert f"\n\nhttps://shop.example.org/{page}#token={TOKEN}\n\n" in mail.text
    assert f"within {validity}. If you did not request it, do nothing" in mail.text
    assert "/api/" not in mail.text


@pytest.mark.parametrize(
    ("write", "route"),
    [
        (verify_address, "email-verification"),
        (reset_password, "password-reset"),
        (choose_password, "password-reset"),
    ],
)
def test_without_an_application_the_mail_names_the_route(write: Write, route: str) -> None:
    """If it is not set, the mail has the token and names the route that takes it."""
    mail = write(TO, TOKEN, None)

    assert f"POST /api/v1/users/{route}/confirm:\n\n{TOKEN}\n\n" in mail.text


@pytest.mark.parametrize("write", [password_changed, address_changed])
def test_a_notice_says_what_to_do_if_it_was_somebody_else(write: Callable[[str], Mail]) -> None:
    """The notice names the next step for an owner who did not make the change."""
    mail = write(TO)

    assert mail.to == TO
    assert "If it was not, " in mail.text
