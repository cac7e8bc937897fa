"""The statements of sample_row: its list is a range of the primary key's index. Add each filter that you add."""

from tests.support.statements import StatementTable

TABLE = StatementTable(lists={"list_all": []})
