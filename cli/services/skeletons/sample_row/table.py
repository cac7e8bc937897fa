"""The table that is served, and its columns by the names that they have in requests and answers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from sample_row.orm import tables

Model = tables.SampleRows
KEY: tuple[InstrumentedAttribute[Any], ...] = (Model.id,)
"""The primary key."""
COLUMNS: Mapping[str, InstrumentedAttribute[Any]] = {
    "id": Model.id,
    "group_id": Model.group_id,
    "title": Model.title,
    "note": Model.note,
    "state": Model.state,
    "labels": Model.labels,
    "details": Model.details,
    "price": Model.price,
    "created_at": Model.created_at,
    "updated_at": Model.updated_at,
}
"""The fields of an answer. What is left out here is not read."""
