"""Errors of the sample record service."""

from chassis.core.errors import NotFound


class SampleRecordNotFound(NotFound):
    """The person has none with this id; another person may have."""

    code = "sample_record_not_found"
    message = "You have no sample record with this id; GET /api/v1/sample-records lists yours."
