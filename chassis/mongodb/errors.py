"""MongoDB errors: which of them mean that the database is unavailable."""

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError, WriteConcernError

_UNAVAILABLE = frozenset(
    {
        *(6, 7, 89, 202, 9001),  # a member that another cannot reach
        *(91, 189, 216, 10058, 10107, 11600, 11602, 13435, 13436),  # not, or no longer, the primary; election; shutdown
        *(11, 13, 18, 391, 8000),  # our user, password or privileges are refused
        *(
            24,
            43,
            46,
            50,
            112,
            225,
            237,
            251,
            262,
            290,
            11601,
        ),  # a lock, a cursor or a transaction that it has aborted
        *(100, 133, 134),  # too few members
        *(146, 14031),  # no memory, no disk
        211,  # a member that has just started has not read the keys that sign the cluster time yet
    }
)
"""Codes (error_codes.yml of MongoDB) that mean that it cannot serve us now, whatever the command."""
_LABELS = ("RetryableWriteError", "TransientTransactionError")


def is_unavailable(error: PyMongoError) -> bool:
    """
    Whether MongoDB cannot serve us now, or refuses our login.

    This includes writes with an unknown outcome after a change of the primary.
    """
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        codes = {failure.get("code") for failure in details.get("writeErrors", ())}
        return bool(details.get("writeConcernErrors") or codes & _UNAVAILABLE)
    if isinstance(error, OperationFailure) and error.code in _UNAVAILABLE:
        return True
    has_label = any(map(error.has_error_label, _LABELS))
    return has_label or error.timeout or isinstance(error, ConnectionFailure | WriteConcernError)
