"""The errors of fields, as clients see them."""

import structlog
from graphql import GraphQLError

from chassis.core import context as request_context
from chassis.core.errors import AppError
from gateway.errors import CallFailed, Failure, failure_of

log = structlog.get_logger(__name__)


def presented(error: GraphQLError) -> GraphQLError:
    """
    Return the error of a field with ``extensions``; an unforeseen one is logged completely, and masked.

    Errors of the document itself, such as an unknown field, stay as they are.
    """
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None:
        return error
    failure = _failure(cause, error)
    extensions = {
        "code": failure.code,
        "status": failure.status,
        "service": failure.service,
        "request_id": request_context.request_id(),
    }
    if failure.errors:
        extensions["errors"] = failure.errors
    return GraphQLError(
        failure.detail,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _failure(cause: BaseException, error: GraphQLError) -> Failure:
    if isinstance(cause, CallFailed):
        return cause.failure
    if isinstance(cause, AppError):
        return failure_of(cause)
    log.error("unhandled error of a field", field=".".join(map(str, error.path or ())), exc_info=cause)
    return failure_of(AppError())
