"""The statements of sample_record at a million rows: how its table is filled, and its list."""

from sample_record.schemas import SampleRecordFilter
from sample_record.services.list_sample_records import list_sample_records
from tests.support.statements import EACH, FEW, ID, MIDDLE, PERSON, StatementTable, number, page

_PERSON = number(4711)

TABLE = StatementTable(
    fill=(
        f"""INSERT INTO sample_records (id, user_id, name, archived)
            SELECT {ID}, {PERSON}, 'x', {FEW} {EACH}""",
    ),
    lists={
        "list_own": [
            lambda session: list_sample_records(session, _PERSON, page(), SampleRecordFilter()),
            lambda session: list_sample_records(session, _PERSON, MIDDLE, SampleRecordFilter(archived=False)),
            lambda session: list_sample_records(session, _PERSON, page(), SampleRecordFilter(archived=True)),
        ],
    },
)
