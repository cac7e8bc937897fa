"""
``Idempotency-Key``: a repeated request has its effect once, and returns the same answer.

Declared at the route: ``idempotency=KEYED``. With ``Session`` the key, the effect and the answer are one transaction. A
route with several transactions takes ``Key`` and begins it in the first; its answer is stored after the last, or
derived from the resource each time (docs/decisions/0012-idempotency.md).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from fastapi import Depends, Header, Request, Response
from sqlalchemy import ColumnElement, Row, and_, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import json as strict_json
from chassis.idempotency.answers import REPLAYED, Answer, Replay
from chassis.idempotency.key import BeginKey, KeyedRequest
from chassis.idempotency.kinds import HEADER, Idempotency, InFlight, InvalidIdempotencyKey, KeyReused
from chassis.postgres.database import Postgres, Session, database_of
from chassis.postgres.purge import Expiry
from chassis.postgres.statements import Statement, run_in
from chassis.postgres.tables import idempotency_keys

KEY_HOURS = 24
"""How long an Idempotency-Key is stored."""
KEY_EXPIRY = Expiry(idempotency_keys.c.created_at, timedelta(hours=KEY_HOURS))

_BEGIN = Statement(BeginKey, "SELECT is_ours, is_first FROM begun")
_STORE = Statement("""
    UPDATE idempotency_keys SET status = :status, headers = :headers, body = :body
    WHERE caller = :caller AND operation = :operation AND key = :key AND status IS NULL
    RETURNING key
""")

_NOT_KNOWN_YET = 202
_DESCRIPTION = (
    "Makes the request repeatable: sent again with the same key within 24 hours, it has no second effect and gets the "
    "same answer, with `Idempotent-Replayed: true`. 1 to 255 visible ASCII characters, preferably a new UUID for each "
    "request. Keys of different people are independent."
)


class KeyNotBegun(Exception):
    """A keyed route has answered without beginning its key, which is a bug of the route."""


class IdempotencyKey:
    """The key of a request. Without a key, every method does nothing."""

    def __init__(self, database: Postgres, request: KeyedRequest | None) -> None:
        self._database = database
        self._request = request
        self._is_begun = False
        self._is_derived = False
        self._is_repeated = False
        self._session: AsyncSession | None = None

    async def begin(self, session: AsyncSession, resource_id: UUID | None) -> UUID | None:
        """
        Store the key in the transaction that creates the resource.

        Returns:
            None if the route must do the work. Otherwise the resource of an earlier request with the key that has no
            answer yet: it is still running, or failed, or its process died. Answer from the state of the resource, or
            with ``InFlight``.

        Raises:
            InFlight: The transaction of an earlier request with the key is open (409).
            KeyReused: The key was used for another request (422).
            Replay: The request was answered before; the route returns the stored answer.
        """
        if not self._request:
            return None
        self._is_begun, self._session = True, session
        (begun,) = await run_in(session, _BEGIN, {}, BeginKey(self._request, resource_id))
        if not begun["is_ours"]:
            raise InFlight
        return None if begun["is_first"] else await _resume(session, self._request)

    async def begin_with(
        self, statement: Statement, values: Mapping[str, Any], resource_id: UUID
    ) -> tuple[UUID | None, Record]:
        """
        Store the key with the single statement that creates the resource, in its own transaction (``BeginKey``).

        No answer is stored later. The route must derive it from facts about the resource that never change, so that
        every request with the key gets the same.

        Returns:
            The result of ``begin``, and the row of the statement.

        Raises:
            InFlight: The transaction of an earlier request with the key is open (409).
            KeyReused: The key was used for another request (422).
        """
        (begun,) = await self._database.run(statement, values, BeginKey(self._request, resource_id))
        self._is_begun = self._is_derived = True
        if not begun["is_ours"]:
            raise InFlight
        if begun["is_first"] or not self._request:
            return None, begun
        self._is_repeated = True
        async with self._database.transaction() as session:
            return await _resume(session, self._request), begun

    async def finish(self, response: Response) -> Response:
        """
        Store the answer before it is sent: in the transaction of the work if that is still open, otherwise in its own.

        A derived answer is not stored, and neither is a 202, because the final answer is not known yet.

        Raises:
            Replay: Another request with the key was answered in the meantime.
            UnstorableAnswer: The answer is a stream, or over 64 KiB.
            KeyNotBegun: The route has not begun the key.
        """
        if self._request and not self._is_begun:
            raise KeyNotBegun
        if not self._request or response.status_code == _NOT_KNOWN_YET:
            return response
        if not self._is_derived:
            await self._store(self._request, Answer.of(response))
        elif self._is_repeated:
            response.headers[REPLAYED] = "true"
        return response

    async def _store(self, request: KeyedRequest, answer: Answer) -> None:
        which = {"caller": request.caller, "operation": request.operation, "key": request.key}
        headers = strict_json.dumps(answer.headers).decode()
        values = {**which, "status": answer.status, "headers": headers, "body": answer.body}
        # In the transaction that began the key, if it is still open.
        if self._session and self._session.in_transaction():
            stored: Sequence[object] = await run_in(self._session, _STORE, values)
        else:
            stored = await self._database.run(_STORE, values)
        if not stored:
            async with self._database.transaction() as session:
                if key := await _find(session, request):
                    _replay(key)


async def delete_answer(session: AsyncSession, resource_id: UUID, begun_at: datetime) -> None:
    """
    Delete the stored answer about a resource, which may contain personal data.

    The key stays in use: a repeated request is answered from the current state of the resource.

    Args:
        begun_at: The start of the transaction that created the resource and the key.
    """
    columns = idempotency_keys.c
    its = columns.created_at == begun_at, columns.resource_id == resource_id
    await session.execute(idempotency_keys.update().where(*its).values(status=None, headers=null(), body=None))


async def _resume(session: AsyncSession, request: KeyedRequest) -> UUID | None:
    key = await _find(session, request)
    if key is None:  # deleted at this very moment
        raise InFlight
    if key.fingerprint != request.fingerprint:
        raise KeyReused
    _replay(key)
    resource_id: UUID | None = key.resource_id
    return resource_id


async def _find(session: AsyncSession, request: KeyedRequest) -> Row[Any] | None:
    return (await session.execute(select(idempotency_keys).where(_is(request)))).one_or_none()


def _replay(key: Row[Any]) -> None:
    if key.status is not None:
        raise Replay(Answer(key.status, key.headers, key.body))


def _is(request: KeyedRequest) -> ColumnElement[bool]:
    columns = idempotency_keys.c
    return and_(columns.caller == request.caller, columns.operation == request.operation, columns.key == request.key)


async def _read_key(
    request: Request,
    key: Annotated[str | None, Header(alias=HEADER, description=_DESCRIPTION)] = None,
) -> IdempotencyKey:
    sent = IdempotencyKey(database_of(request), await KeyedRequest.read(request) if key is not None else None)
    request.scope["idempotency_key"] = sent
    return sent


Key = Annotated[IdempotencyKey, Depends(_read_key)]
"""For keyed routes with several transactions: the first one begins the key."""


async def _begin_key(session: Session, key: Key) -> None:
    if await key.begin(session, None) is not None:
        raise InFlight  # begun when this route had several transactions


KEYED = Idempotency(
    "keyed",
    "With an `Idempotency-Key`, a repeated request has no second effect.",
    (InvalidIdempotencyKey, InFlight, KeyReused),
    ((Session, _begin_key), (Key, _read_key)),
)
"""A repeated request with the same key has no second effect, and gets the stored answer."""
