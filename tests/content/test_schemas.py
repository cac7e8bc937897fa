"""The schemas of pages beside the generated models, which change when the other team's tables do."""

from content.orm.tables import Page
from content.schemas import PageRead
from tests.support.foreign import never_null


def test_what_may_be_null_in_the_table_may_be_null_in_answers() -> None:
    """A null list of tags is answered as an empty one, as Prisma does."""
    columns = {name: getattr(Page, {"metadata": "metadata_"}.get(name, name)) for name in PageRead.model_fields}

    assert never_null(PageRead, columns) == ["tags"]
