"""
Dependencies that only read the request, called by the route itself.

FastAPI spends some 20 us on each dependency of each request, mostly to collect parameters that such a function does not
have. A reader is called when all parameters of its endpoint are valid and FastAPI's dependencies are solved; one that
authenticates, before the body is parsed. Each is called once per request.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from inspect import Parameter, Signature, iscoroutinefunction, signature
from typing import Any, get_args

from fastapi import Request, params

Reader = Callable[[Request], Awaitable[Any]]
"""A dependency whose only parameter is the request."""
_REQUEST = "the_request"
"""The parameter for the request, of endpoints that have none themselves."""


def is_reader(dependency: Callable[..., Any]) -> bool:
    """Whether a dependency is an ``async def`` whose only parameter is the request."""
    parameters = [one.annotation for one in signature(dependency).parameters.values()]
    return iscoroutinefunction(dependency) and parameters == [Request]


async def read_once(request: Request, read: Reader) -> Any:  # noqa: ANN401 - what the reader returns
    """Return the result of a reader; a check that is also a parameter of the endpoint has run before."""
    results = request.scope.setdefault("readers", {})
    if read not in results:
        results[read] = await read(request)
    return results[read]


def reading(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return an endpoint that calls its readers itself; to FastAPI it has the other parameters, and the request."""
    its = signature(endpoint)
    readers = dict(_readers(its))
    if not readers or not iscoroutinefunction(endpoint):
        return endpoint
    others = [one.replace(kind=Parameter.KEYWORD_ONLY) for name, one in its.parameters.items() if name not in readers]
    own = next((one.name for one in others if one.annotation is Request), None)

    @wraps(endpoint)
    async def call(**values: Any) -> Any:  # noqa: ANN401 - as the endpoint has them
        request = values[own] if own else values.pop(_REQUEST)
        for name, read in readers.items():
            values[name] = await read_once(request, read)
        return await endpoint(**values)

    if not own:
        others.append(Parameter(_REQUEST, Parameter.KEYWORD_ONLY, annotation=Request))
    call.__signature__ = its.replace(parameters=others)  # type: ignore[attr-defined]  # what signature() returns
    return call


def _readers(its: Signature) -> Iterator[tuple[str, Reader]]:
    for name, parameter in its.parameters.items():
        for mark in get_args(parameter.annotation)[1:]:
            # Not Security, whose scopes only FastAPI knows.
            if type(mark) is params.Depends and mark.use_cache and mark.dependency and is_reader(mark.dependency):
                yield name, mark.dependency
