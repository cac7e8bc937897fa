"""A person's first page."""

from chassis.core.together import together
from gateway.bff.orders.last_orders import last_orders
from gateway.bff.parts import Problems
from gateway.bff.schemas import Overview
from gateway.caller import Caller
from gateway.calls import READ_ACTIVITY, READ_PROFILE


async def get_overview(caller: Caller) -> Overview:
    """
    Read its parts side by side.

    Raises:
        InvalidToken: A service refuses the person's token (401).
    """
    problems = Problems()
    parts = {
        "profile": problems.part("profile", caller.call(READ_PROFILE)),
        "statistics": problems.part("statistics", caller.call(READ_ACTIVITY)),
        # --- about order ---
        "orders": problems.part("orders", last_orders(caller, problems)),
        # --- end about order ---
    }
    read = dict(zip(parts, await together(*parts.values()), strict=True))
    return Overview(**read, problems=problems)
