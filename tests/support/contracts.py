"""Compares declared calls with the OpenAPI of the called service."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from chassis.dispatch.call import Call

Schema = Mapping[str, Any]

_LOWER, _UPPER = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
_SAME = ("pattern", "const")
_FORMATS = frozenset({"uuid", "date-time", "date", "email"})
"""The longest compared texts."""


def breaches(caller: str, call: Call[Any, Any], openapi: Schema) -> list[str]:
    """
    Return the reasons why a call cannot work, each with the names of both services.

    Args:
        openapi: The called service's; each operation has its declarations in ``x-access``.
    """
    return [f"{caller} calls {call}: {breach}" for breach in _breaches(caller, call, openapi)]


def _breaches(caller: str, call: Call[Any, Any], openapi: Schema) -> Iterator[str]:
    operation = _operation(call, openapi)
    if operation is None:
        yield "there is no such route"
        return
    yield from _access(caller, call, operation["x-access"])
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    yield from (f"the query parameter '{name}' is not taken" for name in call.query if name not in known)
    yield from _body(call, operation, openapi)
    yield from _answer(call, operation, openapi)


def _operation(call: Call[Any, Any], openapi: Schema) -> Schema | None:
    """Find the route; names of path parameters may differ."""
    for path, methods in openapi["paths"].items():
        if _template(path) == _template(call.path) and call.method.lower() in methods:
            operation: Schema = methods[call.method.lower()]
            return operation
    return None


def _template(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _access(caller: str, call: Call[Any, Any], access: Schema) -> Iterator[str]:
    forms = {"service", "encrypted", "optional"} if call.sealed else {"public", "optional"}
    if access["mode"] not in forms:
        yield f"it is {'sealed' if call.sealed else 'plain'}, the route is {access['mode']}"
    if access["callers"] and caller not in access["callers"]:
        yield f"only {', '.join(access['callers'])} may call"
    if call.idempotency not in {"unrepeatable", access["idempotency"]}:
        yield f"it is declared {call.idempotency}, the route is {access['idempotency']}"


def _body(call: Call[Any, Any], operation: Schema, openapi: Schema) -> Iterator[str]:
    body = operation.get("requestBody", {})
    if call.sends is None:
        if body.get("required"):
            yield "the route needs a body"
        return
    if not body:
        yield "the route takes no body"
        return
    sent = TypeAdapter(call.sends).json_schema()
    taken = body["content"]["application/json"]["schema"]
    comparison = Comparison(sent, openapi, "is sent", "is taken")
    yield from comparison.differences(sent, taken, "body")


def _answer(call: Call[Any, Any], operation: Schema, openapi: Schema) -> Iterator[str]:
    if call.returns is None:
        return
    read = TypeAdapter(call.returns).json_schema()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            answered = response.get("content", {}).get("application/json", {}).get("schema", {"type": "null"})
            comparison = Comparison(openapi, read, "is answered", "is read")
            yield from comparison.differences(answered, read, "answer")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether each value of one schema is valid in another; reports the differences."""

    given_document: Schema
    taken_document: Schema
    gives: str
    takes: str

    def differences(self, given: Schema, taken: Schema, at: str) -> Iterator[str]:
        """Yield the differences, each with its place."""
        given, taken = _resolved(given, self.given_document), _resolved(taken, self.taken_document)
        if not taken.keys() - {"title", "description", "examples"}:
            return
        if options := given.get("anyOf"):
            for option in options:
                yield from self.differences(option, taken, at)
        elif options := taken.get("anyOf"):
            tried = [list(self.differences(given, option, at)) for option in options]
            yield from min(tried, key=len)
        else:
            yield from self._of_one_type(given, taken, at)

    def _of_one_type(self, given: Schema, taken: Schema, at: str) -> Iterator[str]:
        types = given.get("type", "anything"), taken.get("type", "anything")
        if types[0] != types[1] and types != ("integer", "number"):
            yield f"{at}: {types[0]} {self.gives}, {types[1]} {self.takes}"
            return
        yield from self._bounds(given, taken, at)
        if taken["type"] == "array":
            yield from self.differences(given.get("items", {}), taken.get("items", {}), f"{at}[]")
        if taken["type"] == "object":
            yield from self._fields(given, taken, at)

    def _bounds(self, given: Schema, taken: Schema, at: str) -> Iterator[str]:
        for bound in _LOWER + _UPPER:
            if bound in taken and not _is_within(given.get(bound), taken[bound], is_upper=bound in _UPPER):
                yield f"{at}: {bound} {given.get(bound, 'without limit')} {self.gives}, {taken[bound]} {self.takes}"
        for rule in _SAME:
            if rule in taken and given.get(rule) != taken[rule]:
                yield f"{at}: {rule} {given.get(rule, 'none')} {self.gives}, {taken[rule]} {self.takes}"
        if taken.get("format") in _FORMATS and given.get("format") != taken["format"]:
            yield f"{at}: format {given.get('format', 'none')} {self.gives}, {taken['format']} {self.takes}"
        if "enum" in taken and not set(_values(given)) <= set(taken["enum"]):
            yield f"{at}: {_values(given) or 'any value'} {self.gives}, one of {taken['enum']} {self.takes}"

    def _fields(self, given: Schema, taken: Schema, at: str) -> Iterator[str]:
        has, wants = given.get("properties", {}), taken.get("properties", {})
        for name in taken.get("required", ()):
            if name not in given.get("required", ()):
                yield f"{at}/{name}: is required, and not always there"
        for name, one in has.items():
            if name in wants:
                yield from self.differences(one, wants[name], f"{at}/{name}")
            elif taken.get("additionalProperties") is False:
                yield f"{at}/{name}: {self.gives}, and no such field {self.takes}"
        others = given.get("additionalProperties"), taken.get("additionalProperties")
        if isinstance(others[1], Mapping):
            yield from self.differences(others[0] if isinstance(others[0], Mapping) else {}, others[1], f"{at}/*")


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _is_within(given: float | None, taken: float, *, is_upper: bool) -> bool:
    if given is None:
        return not is_upper and taken == 0
    return given <= taken if is_upper else given >= taken


def _values(schema: Schema) -> Sequence[object]:
    """Return the values that a schema lists."""
    return schema.get("enum") or ([schema["const"]] if "const" in schema else [None])
