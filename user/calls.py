"""Calls of the user service."""

from chassis.dispatch.call import Call
from user.schemas import Activity

ACTIVITY = Call("analytics", "GET", "/api/v1/analytics/users/{user_id}/stats", returns=Activity)

CALLS = (ACTIVITY,)
"""All calls of the service."""
