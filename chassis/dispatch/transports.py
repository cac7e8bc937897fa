"""The transports that ``DISPATCH_TRANSPORT`` selects from (docs/decisions/0005)."""

from collections.abc import Callable, Mapping

from chassis.dispatch.direct import DirectTransport
from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.dispatch.transport import Transport
from chassis.settings import ServiceSettings

TRANSPORTS: Mapping[str, Callable[[], Transport]] = {"direct": DirectTransport, "httpx": HttpxTransport}
DEFAULT_TRANSPORT = TRANSPORTS[ServiceSettings.model_fields["dispatch_transport"].default]
