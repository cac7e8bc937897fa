"""Errors of the sample document service."""

from chassis.core.errors import Conflict, NotFound


class SampleDocumentNotFound(NotFound):
    """The person has none with this id; another person may have."""

    code = "sample_document_not_found"
    message = "You have none with this id; GET /api/v1/sample-documents lists yours."


class IdTaken(Conflict):
    """The id was used before, by another person."""

    code = "id_taken"
    message = "This id is taken; make a new UUID."
