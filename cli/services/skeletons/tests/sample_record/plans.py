"""A million sample records, and the queries of the lists: each must read a bounded number of rows."""

from sample_record.schemas import SampleRecordFilter
from sample_record.services.list_sample_records import list_sample_records
from tests.support.plans import EACH, ID, MIDDLE, PERSON, Plans, number, page

_ADA = number(4711)

PLANS = Plans(
    fill=(f"INSERT INTO sample_records (id, user_id, name, archived) SELECT {ID}, {PERSON}, 'x', n % 10 = 0 {EACH}",),
    lists={
        "list_own": [
            lambda session: list_sample_records(session, _ADA, page(), SampleRecordFilter()),
            lambda session: list_sample_records(session, _ADA, MIDDLE, SampleRecordFilter(archived=False)),
            lambda session: list_sample_records(session, _ADA, page(), SampleRecordFilter(archived=True)),
        ],
    },
)
