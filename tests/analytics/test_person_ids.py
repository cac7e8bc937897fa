from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion.person_ids import person_id, spellings
from chassis.core.types import new_id
from tests.analytics.sending import EVENTS as EVENTS_PATH
from tests.analytics.sending import Stored

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


async def test_ids_are_normalised_where_they_enter(
    keyed: httpx.AsyncClient, stored: Stored, apps: dict[str, FastAPI]
) -> None:
    """Ids are normalised in Segment's messages, in our events, and in CloudEvents in headers."""
    ada, browser, before = new_id(), uuid4(), uuid4()
    alias = {"userId": f"{{{ada}}}", "anonymousId": browser.hex, "previousId": before.urn}
    answers = [
        await keyed.post("/v1/alias", json=alias),
        await keyed.post("/v1/page", json={"userId": "Ada Lovelace", "anonymousId": "B-1"}),
        await keyed.post(EVENTS_PATH, json={"type": "page", "userid": ada.hex}),
        await keyed.post(
            EVENTS_PATH,
            json={},
            headers={"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "x", "ce-userid": ada.urn},
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 201, 201]

    documents = await stored()

    people = [(one["user_id"], one["anonymous_id"], one["data"].get("previousId")) for one in documents]
    assert people == [
        (str(ada), str(browser), str(before)),
        ("Ada Lovelace", "B-1", None),
        (str(ada), None, None),
        (str(ada), None, None),
    ]


@pytest.mark.parametrize("userid", ["ada", "", 5, ["x"], "0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f708"])
async def test_an_account_is_named_by_its_uuid(keyed: httpx.AsyncClient, stored: Stored, userid: object) -> None:
    """Any account id but a UUID is refused, and the error has its position."""
    answer = await keyed.post(EVENTS_PATH, json={"type": "page", "userid": userid})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/userid")
    assert await stored() == []
