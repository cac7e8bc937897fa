"""What can be wrong with a request to the user service."""

from chassis.errors import Conflict, Unauthenticated


class UsernameTaken(Conflict):
    """An account with this name already exists."""

    code = "username_taken"
    message = "This username is already registered."


class EmailTaken(Conflict):
    """An account with this address already exists."""

    code = "email_taken"
    message = "This email address is already registered."


class InvalidCredentials(Unauthenticated):
    """No account has this name and password; which of them is wrong is not said."""

    code = "invalid_credentials"
    message = "Username or password is wrong."
