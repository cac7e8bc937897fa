"""Errors of the content service."""

from chassis.core.errors import Conflict, Forbidden, NotFound


class PageNotFound(NotFound):
    """There is no such page, or it is not published and the reader is no editor."""

    code = "page_not_found"
    message = "There is no such page; GET /api/v1/pages lists what is published."


class EditorsOnly(Forbidden):
    """Pages that are not published are listed for editors."""

    message = "Only editors list pages that are not published: leave 'status' out, or log in with the role 'editor'."


class SlugTaken(Conflict):
    """Another page has this slug, published or not."""

    code = "slug_taken"
    message = "Another page has this slug; choose another one."


class SectionNotFound(Conflict):
    """No section has the id that the page refers to."""

    code = "section_not_found"
    message = "There is no section with this id; leave 'section_id' out, or send another one."
