from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion.person_ids import person_id, spellings

ADA = "0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"


@pytest.mark.parametrize(
    "spelling",
    [
        ADA,
        ADA.upper(),
        ADA.replace("-", ""),
        f"{{{ADA}}}",
        f"({ADA.upper()})",
        f"urn:uuid:{ADA}",
        f"URN:UUID:{ADA.upper()}",
        f"uuid:{ADA}",
        f" {ADA} ",
        "0193B5a2-c7f07d5e8a1b3c4d-5e6f7081",
    ],
)
def test_a_uuid_has_one_spelling(spelling: str) -> None:
    """A UUID is normalised, in every spelling."""
    assert person_id(spelling) == ADA


@pytest.mark.parametrize(
    "text",
    ["ada", "", "{", "{}", "ada@example.org", f"{ADA}0", ADA[:-1], f"{{{ADA}", f"{ADA}}}", f"({ADA}}}"],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    """Other text may be a name in another system, where case matters."""
    assert person_id(text) == text
    assert spellings(text) == [text]


@given(text=st.text(max_size=50))
def test_an_id_is_normalised_once(text: str) -> None:
    """Normalising an id twice changes nothing."""
    assert person_id(person_id(text)) == person_id(text)


@given(ada=st.uuids(), bob=st.uuids())
def test_all_spellings_are_of_one_person(ada: UUID, bob: UUID) -> None:
    """Each spelling belongs to this id only."""
    assert {person_id(one) for one in spellings(str(ada))} == {str(ada)}
    assert spellings(str(ada))[0] == str(ada)
    if ada != bob:
        assert set(spellings(str(ada))).isdisjoint(spellings(str(bob)))


def test_what_python_and_others_write_is_among_the_spellings() -> None:
    """The spellings include those stored before ids were normalised."""
    ada = uuid4()

    assert {str(ada), ada.hex, ada.urn, f"{{{ada}}}", str(ada).upper(), ada.hex.upper()} <= set(spellings(str(ada)))
