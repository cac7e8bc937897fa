"""Routes for a front end: what one of its pages shows, in one answer."""

from chassis.dependencies import PERSON
from chassis.sealing.access import public
from chassis.web.routing import Router
from gateway.bff.get_overview import get_overview
from gateway.bff.schemas import Overview
from gateway.caller import Calling

router = Router("/bff/v1", "front end", "What a page of a front end shows, composed of several services.")


@router.get("/overview", access=public(), auth=PERSON)
async def overview(caller: Calling) -> Overview:
    """
    Read one's overview: account, statistics, and what is new.

    The status is 200 whichever parts are there: a part whose service fails is null, with an entry in `problems`. Each
    call has 3 seconds.
    """
    return await get_overview(caller)
