"""The statements of sample_row, for tests of plans: a range of the key's index."""

from tests.support.statements import StatementTable

TABLE = StatementTable(lists={"list_all": []})
