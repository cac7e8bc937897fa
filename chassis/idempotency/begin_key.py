"""Beginning a key in the statement that does the work of its request."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID

from chassis.idempotency.key import KeyedRequest
from chassis.postgres.statements import Part

_NO_KEY = dict.fromkeys(("caller", "operation", "key", "fingerprint", "key_lock"))


@dataclass(frozen=True, slots=True)
class BeginKey(Part):
    """
    Begins the key of a request (``IdempotencyKey``), if it has one.

    The statement returns a row with the columns of ``begun``, and does its own work only if that is ``is_first``.
    """

    request: KeyedRequest | None
    resource_id: UUID | None

    # The lock is tried before the row: a second INSERT would wait for the first transaction to end.
    queries: ClassVar[str] = """
        key_lock AS (SELECT CAST(:key AS text) IS NULL OR pg_try_advisory_xact_lock(:key_lock) AS is_ours),
        key_row AS (
            INSERT INTO idempotency_keys (caller, operation, key, fingerprint, resource_id)
            SELECT :caller, :operation, :key, :fingerprint, :resource_id FROM key_lock
            WHERE is_ours AND CAST(:key AS text) IS NOT NULL
            ON CONFLICT DO NOTHING
            RETURNING key
        ),
        begun AS (
            SELECT is_ours, CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM key_row) AS is_first FROM key_lock
        )
    """

    def values(self, service: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what the key is stored under."""
        request = {**asdict(self.request), "key_lock": self.request.lock} if self.request else _NO_KEY
        return {**request, "resource_id": self.resource_id}
