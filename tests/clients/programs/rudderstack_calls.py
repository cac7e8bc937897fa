"""``rudderstack_calls.py <address> <write key>``: makes every call of RudderStack's client; prints what it reports."""

import json
import sys

import rudderstack.analytics as rudder
from rudderstack.analytics.request import _session

statuses = list[int]()
failures = list[str]()
_session.hooks["response"].append(lambda answer, **_: statuses.append(answer.status_code))

rudder.dataPlaneUrl, rudder.write_key = sys.argv[1:]
rudder.on_error = lambda error, _messages: failures.append(str(error))

rudder.track("ada", "Song Played", {"artist": "Nina", "seconds": 12.5})
rudder.identify("ada", {"plan": "pro"})
rudder.page("ada", "Docs", "Home", {"path": "/"})
rudder.screen("ada", "Docs", "Home")
rudder.group("ada", "club", {"size": 3})
rudder.alias("guest", "ada")
rudder.flush()

sys.stdout.write(json.dumps({"statuses": statuses, "failures": failures}))
