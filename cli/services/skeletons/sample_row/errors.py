"""Errors of the sample row service."""

from chassis.core.errors import Conflict, InvalidRequest, NotFound


class SampleRowNotFound(NotFound):
    """There is none with this key."""

    code = "sample_row_not_found"
    message = "There is none at this address; GET /api/v1/sample-rows lists all."


class ValueTaken(Conflict):
    """A value must be unique, or must not overlap with that of another row."""

    code = "value_taken"
    message = "Another row has these values already."


class ReferenceNotFound(Conflict):
    """A value refers to a row that does not exist."""

    code = "reference_not_found"
    message = "A value refers to a row that does not exist."


class StillReferenced(Conflict):
    """Other rows refer to it."""

    code = "still_referenced"
    message = "Other rows refer to this one; delete or change them first."


class RuleViolated(InvalidRequest):
    """A rule of the table, or a trigger, refuses the values."""

    code = "rule_violated"
    message = "A rule of the table does not allow these values."


class ValueMissing(InvalidRequest):
    """A column must have a value."""

    code = "value_missing"
    message = "A column must have a value."


class ValueInvalid(InvalidRequest):
    """A value is too large, or not one of its column's type."""

    code = "value_invalid"
    message = "A value is too large for its column, or not of its type."
