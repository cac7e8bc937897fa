"""Answers of the routes here."""

from pydantic import BaseModel, Field

from gateway.bff.orders.schemas import OrderShown
from gateway.bff.parts import PartProblem
from gateway.schemas.users import Account, Activity


class Overview(BaseModel):
    """A person's first page."""

    profile: Account | None = Field(description="The own account.")
    statistics: Activity | None = Field(description="Counts of the own events.")
    # --- about order ---
    orders: list[OrderShown] | None = Field(description="The last ten own orders, newest first.")
    # --- end about order ---
    problems: list[PartProblem] = Field(description="An entry for each part that is null.")
