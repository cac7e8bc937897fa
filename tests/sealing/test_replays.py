import asyncio

from fastapi import FastAPI

from tests.sealing.aliases import CountEffects
from tests.sealing.messages import Forge, send

COPIES = 50


async def test_a_replay_is_refused_everywhere(
    mutations: list[Forge], url: dict[str, str], replicas: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """A message sent again, to the same worker or to another on the same database, has no second effect."""
    for forge in mutations:
        wire, places = forge.valid(), (url[forge.callee], url[forge.callee], replicas[forge.callee])
        answers = [await send(place, wire) for place in places]
        assert [answer.status for answer in answers] == [201, 401, 401]

    assert await count_effects() == len(mutations)


async def test_a_replay_to_the_other_replica_first_is_refused_here(
    mutations: list[Forge], url: dict[str, str], replicas: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """It makes no difference which replica received the message first."""
    for forge in mutations:
        wire = forge.valid()
        answers = [await send(place, wire) for place in (replicas[forge.callee], url[forge.callee])]
        assert [answer.status for answer in answers] == [201, 401]

    assert await count_effects() == len(mutations)


async def test_of_fifty_copies_at_once_one_has_its_effect(
    mutations: list[Forge], url: dict[str, str], replicas: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """Copies that arrive at the same moment at two replicas have one effect."""
    for forge in mutations:
        wire, places = forge.valid(), (url[forge.callee], replicas[forge.callee])
        answers = await asyncio.gather(*(send(places[number % 2], wire) for number in range(COPIES)))
        assert sorted(answer.status for answer in answers) == [201, *[401] * (COPIES - 1)]

    assert await count_effects() == len(mutations)


async def test_the_same_request_sealed_anew_is_no_replay(
    events: Forge, url: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """Each sealing has its own request id."""
    answers = [await send(url["analytics"], events.valid()) for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 201]
    assert await count_effects() == 3


async def test_a_refused_message_is_not_remembered(
    apps: dict[str, FastAPI], events: Forge, url: dict[str, str], clean: None
) -> None:
    """Only an authenticated caller can fill the replay store."""

    async def remembered() -> set[str]:
        async with apps["analytics"].state.application.store.use() as database:
            return {str(row["_id"]) async for row in database["sealed_requests"].find()}

    before = await remembered()

    for wire in (events.message(late_ms=31_000).wire, events.crafted(aud="user"), events.crafted(h={"x": "y"})):
        assert (await send(url["analytics"], wire)).status == 401

    assert await remembered() - before == set()


# --- about order ---
async def test_a_read_may_be_read_again(reading: Forge, url: dict[str, str]) -> None:
    """A replayed read is answered, without an effect, and sealed for the original caller."""
    message = reading.message()

    opened = [message.open(await send(url["product"], message.wire)) for _ in range(2)]

    assert [answer.status for answer in opened] == [404, 404]


# --- end about order ---
