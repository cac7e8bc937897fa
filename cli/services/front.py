"""The front door: what a service that fronts the others must know of their routes, in files of its own."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from chassis.core.errors import TooManyRequests, Unauthenticated
from chassis.core.problems import PROBLEM_JSON, documented
from chassis.dependencies import TOKEN_SCHEME
from chassis.sealing.access import Mode
from chassis.sealing.headers import HeaderConflict, InvalidInnerHeader
from chassis.sealing.server import EncryptionRequired, MalformedEnvelope
from chassis.web.openapi import LOGIN_SCHEME
from chassis.web.policy import SEALED_SCHEME
from cli.routes import DeclaredRoute
from cli.services.edge import closed_paths, is_for_outside
from cli.services.project import Part, Project
from cli.services.regions import Region, WholeFile
from cli.services.text import CODE, SERVICE_FILES

Document = dict[str, Any]
_API = "/api/"
_REFERENCE = "#/components/schemas/"
_REFUSED = ("4", "5")
_SCHEMES_OF_EACH = frozenset({SEALED_SCHEME, LOGIN_SCHEME})
"""A service takes seals, which people do not have; its login is at its own address."""
_REFUSALS_OF_SEALS = frozenset(
    error.code for error in (EncryptionRequired, MalformedEnvelope, HeaderConflict, InvalidInnerHeader, Unauthenticated)
)


def render_front(project: Project) -> Iterator[Region | WholeFile]:
    """Yield addresses, routes and the merged OpenAPI description of the others, for a service with ``front = true``."""
    for front in project.parts:
        if front.service.front:
            others = [part for part in project.parts if part is not front]
            yield Region(f"{front.service.name}/settings.py", "services", SERVICE_FILES, _addresses(others))
            folder = f"{front.service.name}/front_door"
            yield WholeFile(f"{folder}/routes.toml", CODE, _table(others, closed_paths(project)))
            # JSON is YAML, and YAML has comments.
            document = json.dumps(merged(others), indent=1, ensure_ascii=False)
            yield WholeFile(f"{folder}/openapi.yaml", CODE, f"{document}\n")


def _addresses(parts: list[Part]) -> str:
    # A name in a line, with a comma after the last one: the formatter leaves it so, however many there are.
    lines = ["peers: ClassVar[frozenset[str]] = frozenset(", "    {"]
    lines += [f'        "{part.service.name}",' for part in parts]
    lines += ["    }", ")"]
    lines += [f"{part.service.name}_service_url: ServiceUrl" for part in parts]
    return "".join(f"    {line}\n" for line in lines)


def _table(parts: list[Part], closed: list[str]) -> str:
    lines = [f"closed = {json.dumps(closed)}"]
    for part in parts:
        limits = {path: limit for limit, paths in part.service.limits.items() for path in paths}
        for route in part.routes:
            if is_for_outside(route):
                lines += ["", "[[open]]", *_entry(route, limits.get(route.path))]
    return "".join(f"{line}\n" for line in lines)


def _entry(route: DeclaredRoute, limit: str | None) -> Iterator[str]:
    access = route.policy.access
    yield f'service = "{route.service}"'
    yield f'method = "{route.method}"'
    yield f'path = "{route.path}"'
    # Where the seal of a service is enough without a login, that of the front must not be: anyone may ask it.
    is_seal_a_login = route.policy.auth is not None and route.policy.auth.or_sealed
    yield f"sealed = {str(access.takes_seal and not is_seal_a_login).lower()}"
    yield f'idempotency = "{route.policy.idempotency.name}"'
    yield f"login = {str(route.policy.auth is not None and route.policy.auth.is_required).lower()}"
    if access.max_body:
        yield f"max_body = {access.max_body}"
    if access.gzip:
        yield "gzip = true"
    if limit:
        yield f'limit = "{limit}"'


def merged(parts: list[Part]) -> Document:
    """
    Return one OpenAPI description of what people use of several services.

    Operation ids and tags begin with the service's name. Schemas of one name that differ do, too.
    """
    documents = {part.service.name: deepcopy(part.openapi()) for part in parts}
    clashing = _clashing([_schemas(document) for document in documents.values()])
    whole: Document = {"paths": {}, "components": {"schemas": {}, "securitySchemes": {}}, "tags": []}
    for part in parts:
        name = part.service.name
        document = _renamed(documents[name], {one: f"{_title(name)}{one}" for one in clashing})
        opened = {(route.path, route.method.lower()): route for route in part.routes if is_for_outside(route)}
        for path, operations in document.get("paths", {}).items():
            kept = {
                method: _passed_on(name, operation, opened[path, method])
                for method, operation in operations.items()
                if path.startswith(_API) and (path, method) in opened
            }
            if kept:
                whole["paths"][path] = kept
        whole["components"]["schemas"] |= _schemas(document)
        whole["components"]["securitySchemes"] |= _schemes(document)
        whole["tags"] += [{**tag, "name": _tag(name, tag["name"])} for tag in document.get("tags", [])]
    tags = {tag for operations in whole["paths"].values() for one in operations.values() for tag in one["tags"]}
    whole["tags"] = [tag for tag in whole["tags"] if tag["name"] in tags]
    whole["components"]["responses"] = _share_problems(whole)
    schemas = whole["components"]["schemas"]
    used = _used([whole["paths"], whole["components"]["responses"]], schemas)
    whole["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in used}
    return whole


def _share_problems(whole: Document) -> Document:
    """Replace the problems of operations by references; returns each of them once."""
    names, problems = dict[str, str](), Document()
    for operations in whole["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if not status.startswith(_REFUSED):
                    continue
                text = json.dumps(response)
                if text not in names:
                    count = sum(name.startswith(f"Problem{status}") for name in problems)
                    names[text] = f"Problem{status}" + (f"_{count + 1}" if count else "")
                    problems[names[text]] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/{names[text]}"}
    return problems


def _schemas(document: Mapping[str, Any]) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas


def _schemes(document: Document) -> Document:
    schemes: Document = document.get("components", {}).get("securitySchemes", {})
    return {name: one for name, one in schemes.items() if name not in _SCHEMES_OF_EACH}


def _clashing(all_schemas: list[Document]) -> set[str]:
    """Return the names of schemas that differ between services, or that refer to such a schema."""
    seen, clashing = dict[str, Any](), set[str]()
    for schemas in all_schemas:
        for name, schema in schemas.items():
            if seen.setdefault(name, schema) != schema:
                clashing.add(name)
    while True:
        more = {name for schemas in all_schemas for name, one in schemas.items() if _references(one) & clashing}
        if more <= clashing:
            return clashing
        clashing |= more


def _used(node: object, schemas: Document) -> set[str]:
    """Return the names of the schemas to which a part of a document refers, also through others."""
    used, new = set[str](), _references(node)
    while new:
        used |= new
        new = _references([schemas[name] for name in new]) - used
    return used


def _references(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return {node.removeprefix(_REFERENCE)} if isinstance(node, str) and node.startswith(_REFERENCE) else set()
    return set().union(*map(_references, node.values()))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - a part of a document
    """Return a part of a document with schemas, and references to them, renamed."""
    if isinstance(node, str) and node.startswith(_REFERENCE):
        name = node.removeprefix(_REFERENCE)
        return f"{_REFERENCE}{names.get(name, name)}"
    if isinstance(node, list):
        return [_renamed(one, names) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {names.get(name, name): _retitled(_renamed(one, names), names.get(name)) for name, one in value.items()}
        if key == "schemas"
        else _renamed(value, names)
        for key, value in node.items()
    }


def _retitled(schema: Document, title: str | None) -> Document:
    """Return a schema with its new name as its title: generators of clients make classes by their titles."""
    return {**schema, "title": title} if title else schema


def _passed_on(service: str, operation: Document, route: DeclaredRoute) -> Document:
    """Return an operation as people use it through the front door: plainly, as that seals it."""
    access = route.policy.access
    changed = {
        "operationId": f"{service}_{operation['operationId']}",
        "tags": [_tag(service, tag) for tag in operation["tags"]],
        "description": operation["description"].replace(f"{access.sentence} ", ""),
        "security": _logins(operation["security"]) if route.policy.auth else [],
        "x-access": {**operation["x-access"], "mode": Mode.PUBLIC.value, "callers": []},
        "responses": _limited(
            {status: left for status, one in operation["responses"].items() if (left := _without_seals(one))}
        ),
    }
    return {**operation, **changed}


def _limited(responses: Document) -> Document:
    """Return responses with the refusal of too many requests, which the front door may answer on each route."""
    status = str(TooManyRequests.status)
    earlier: dict[int | str, Document] = {TooManyRequests.status: responses[status]} if status in responses else {}
    return {**responses, status: documented(TooManyRequests, beside=earlier)[TooManyRequests.status]}


def _without_seals(response: Document) -> Document:
    """Return a response without the refusals of sealed requests; empty if there was nothing else."""
    content = response.get("content", {}).get(PROBLEM_JSON)
    if content is None:
        return response
    examples = {code: one for code, one in content["examples"].items() if code not in _REFUSALS_OF_SEALS}
    if not examples:
        return {}
    first = next(iter(examples.values()))["value"]["detail"]
    return {"description": first, "content": {**response["content"], PROBLEM_JSON: {**content, "examples": examples}}}


def _logins(ways: list[dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """Return the ways to authenticate, without seals; where a token is enough, a login at this address is, too."""
    left = [{name: scopes for name, scopes in way.items() if name not in _SCHEMES_OF_EACH} for way in ways]
    different = [way for number, way in enumerate(left) if way and way not in left[:number]]
    login: dict[str, list[str]] = {LOGIN_SCHEME: []}
    return [one for way in different for one in ([login, way] if TOKEN_SCHEME in way else [way])]


def _tag(service: str, tag: str) -> str:
    return tag if tag == f"{service}s" else f"{service}: {tag}"


def _title(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
