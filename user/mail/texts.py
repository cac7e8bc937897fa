"""
The texts of mails.

A token is behind the ``#`` of a link: that part is not sent to servers, so it is never logged.
"""

from collections.abc import Callable
from datetime import timedelta

from user.mail.mailer import Mail
from user.tokens.email_tokens import LIFETIMES, Purpose

WithToken = Callable[[str, str, str | None], Mail]
"""Writes a mail with a token: to an address, with the token, and the base of its link."""


def verify_address(to: str, token: str, app_url: str | None) -> Mail:
    """
    Ask the reader to confirm an address.

    Args:
        app_url: The base of the link, without a trailing slash; without it the mail names the route.
    """
    hours = LIFETIMES[Purpose.VERIFY] // timedelta(hours=1)
    text = (
        f"Please confirm that this is your email address.\n\n"
        f"{_what_to_do('verify-email', 'email-verification', token, app_url)}\n\n"
        f"This works once, within {hours} hours. If you did not request it, do nothing: the address is not confirmed.\n"
    )
    return Mail(to, "Confirm your email address", text)


def reset_password(to: str, token: str, app_url: str | None) -> Mail:
    """
    Send a link for setting a new password.

    Args:
        app_url: As for ``verify_address``.
    """
    minutes = LIFETIMES[Purpose.RESET] // timedelta(minutes=1)
    text = (
        f"Someone, hopefully you, requested a new password for your account.\n\n"
        f"{_what_to_do('reset-password', 'password-reset', token, app_url)}\n\n"
        f"This works once, within {minutes} minutes. If you did not request it, do nothing: your password does not "
        f"change. Never forward this mail.\n"
    )
    return Mail(to, "Set a new password", text)


def choose_password(to: str, token: str, app_url: str | None) -> Mail:
    """
    Send the owner of a new account a link for choosing its password.

    Args:
        app_url: As for ``verify_address``.
    """
    minutes = LIFETIMES[Purpose.RESET] // timedelta(minutes=1)
    text = (
        f"An account was created for you. Please choose its password.\n\n"
        f"{_what_to_do('reset-password', 'password-reset', token, app_url)}\n\n"
        f"This works once, within {minutes} minutes; later, request a new password. Never forward this mail.\n"
    )
    return Mail(to, "Choose your password", text)


def password_changed(to: str) -> Mail:
    """Notify a person that the password has changed."""
    text = (
        "The password of your account has just been changed, and every other login has ended.\n\n"
        "If it was you, there is nothing to do. If it was not, request a new password at once.\n"
    )
    return Mail(to, "Your password has been changed", text)


def address_changed(to: str) -> Mail:
    """Notify the previous address of an account."""
    text = (
        "The email address of your account has been changed; this address no longer belongs to it.\n\n"
        "If it was you, there is nothing to do. If it was not, contact the operator of this service at once: someone "
        "else has your password.\n"
    )
    return Mail(to, "Your email address has been changed", text)


def _what_to_do(page: str, route: str, token: str, app_url: str | None) -> str:
    if app_url:
        return f"Open this link:\n\n{app_url}/{page}#token={token}"
    return f"Send this token to POST /api/v1/users/{route}/confirm:\n\n{token}"
