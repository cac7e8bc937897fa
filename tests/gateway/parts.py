"""The gateway's own parts, for tests of its routes in another service: without limits, and without stored answers."""

from pydantic import SecretStr

from chassis.postgres.database import Postgres
from gateway.caching.etag_store import EtagStore
from gateway.parts import Parts
from gateway.rate_limits.limiter import Limiter
from gateway.rate_limits.rates import DEFAULT

_NOWHERE = Postgres(SecretStr("postgresql://nobody@nowhere/nothing"), "nothing")
UNLIMITED = Parts(Limiter(_NOWHERE, {DEFAULT: None}), {}, EtagStore(()))
