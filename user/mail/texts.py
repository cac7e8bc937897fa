"""
What the service writes in mails.

A token stands behind the ``#`` of a link: what follows that reaches no server, and so no log.
"""

from datetime import timedelta

from user.mail.mailer import Mail
from user.tokens.email_tokens import LIFETIMES, Purpose


def verify_address(to: str, token: str, app_url: str | None) -> Mail:
    """
    Ask whether an address is its reader's.

    Args:
        app_url: Where the link leads, without a slash at its end; without it the mail names the route.
    """
    hours = LIFETIMES[Purpose.VERIFY] // timedelta(hours=1)
    text = (
        f"Please confirm that this is your email address.\n\n"
        f"{_what_to_do('verify-email', 'email-verification', token, app_url)}\n\n"
        f"This works once, within {hours} hours. If you did not ask for it, do nothing: the address is not confirmed.\n"
    )
    return Mail(to, "Confirm your email address", text)


def reset_password(to: str, token: str, app_url: str | None) -> Mail:
    """
    Let somebody set a new password.

    Args:
        app_url: As for ``verify_address``.
    """
    minutes = LIFETIMES[Purpose.RESET] // timedelta(minutes=1)
    text = (
        f"Somebody, hopefully you, asked for a new password for your account.\n\n"
        f"{_what_to_do('reset-password', 'password-reset', token, app_url)}\n\n"
        f"This works once, within {minutes} minutes. If you did not ask for it, do nothing: your password stays as it "
        f"is. Never pass this mail on.\n"
    )
    return Mail(to, "Set a new password", text)


def password_changed(to: str) -> Mail:
    """Tell somebody that the password is another one."""
    text = (
        "The password of your account has just been changed, and every other login has ended.\n\n"
        "If it was you, there is nothing to do. If it was not, ask for a new password at once.\n"
    )
    return Mail(to, "Your password has been changed", text)


def address_changed(to: str) -> Mail:
    """Tell the address that an account had before."""
    text = (
        "Your account has another email address now; this one no longer belongs to it.\n\n"
        "If it was you, there is nothing to do. If it was not, tell whoever runs this service at once: somebody else "
        "has your password.\n"
    )
    return Mail(to, "Your email address has been changed", text)


def _what_to_do(page: str, route: str, token: str, app_url: str | None) -> str:
    if app_url:
        return f"Open this link:\n\n{app_url}/{page}#token={token}"
    return f"Send this token to POST /api/v1/users/{route}/confirm:\n\n{token}"
