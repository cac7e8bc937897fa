"""`bin/cli service create`: a new service, as a copy of a skeleton."""

from cli.errors import CommandError
from cli.services.clean_tree import require_clean_tree
from cli.services.discovery import ROOT, check_name


def create(name: str) -> None:
    """
    Create the service NAME.

    Raises:
        CommandError: The name cannot be used, or git does not have all changes.
    """
    check_name(name)
    require_clean_tree(ROOT)
    raise CommandError("There is no skeleton yet.")
