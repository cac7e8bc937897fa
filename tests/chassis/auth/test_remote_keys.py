import asyncio

import pytest

from chassis.auth.remote import REFETCH_S, RETRY_S, RemoteKeys
from chassis.auth.tokens import UnknownKey
from chassis.core.errors import DeadlineExceeded, ServiceUnavailable
from tests.chassis.auth.issuer import Clock, Issuer


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> RemoteKeys:
    """The issuer's keys, as another service fetches them."""
    return RemoteKeys(issuer, "user", clock)


async def is_known(keys: RemoteKeys, key_id: str) -> bool:
    """Return whether there is a key of this id."""
    try:
        await keys.get(key_id)
    except UnknownKey:
        return False
    return True


async def test_keys_are_fetched_once(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """Many requests at once, and later ones, fetch the key set a single time."""
    assert all(await asyncio.gather(*(is_known(keys, issuer.kid) for _ in range(20))))
    clock.now += 1000 * REFETCH_S
    assert await is_known(keys, issuer.kid)

    assert issuer.asked == 1


async def test_made_up_key_ids_cost_the_issuer_nothing(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """The key set is fetched at most once in REFETCH_S seconds, however many unknown ids are looked up."""
    await keys.get(issuer.kid)
    clock.now += REFETCH_S

    for _ in range(2):
        assert not any(await asyncio.gather(*(is_known(keys, f"made up {number}") for number in range(20))))
        clock.now += REFETCH_S - 0.1

    assert issuer.asked == 2


async def test_a_new_key_is_found(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """After a rotation the new key is known within REFETCH_S seconds, and the old one is forgotten."""
    old = issuer.kid
    await keys.get(old)
    issuer.rotate()

    at_once = await is_known(keys, issuer.kid)
    clock.now += REFETCH_S
    later = await is_known(keys, issuer.kid)

    assert (at_once, later) == (False, True)
    assert not await is_known(keys, old)


@pytest.mark.parametrize("failure", [ServiceUnavailable(), DeadlineExceeded(), ValueError("not JSON")], ids=repr)
async def test_keys_are_kept_while_the_issuer_is_down(
    keys: RemoteKeys, issuer: Issuer, clock: Clock, failure: Exception
) -> None:
    """After a failed fetch the known keys stay, and an unknown id is merely unknown."""
    await keys.get(issuer.kid)
    issuer.failure = failure
    clock.now += REFETCH_S

    assert not await is_known(keys, "made up")
    assert await is_known(keys, issuer.kid)
    assert issuer.asked == 2


@pytest.mark.parametrize("document", [None, {}, {"keys": "none"}])
async def test_a_malformed_key_set_takes_no_key_away(
    keys: RemoteKeys, issuer: Issuer, clock: Clock, document: object
) -> None:
    """A malformed answer of the issuer counts like no answer."""
    await keys.get(issuer.kid)
    issuer.document = document
    clock.now += REFETCH_S

    assert not await is_known(keys, "made up")
    assert await is_known(keys, issuer.kid)


async def test_without_any_key_tokens_cannot_be_checked(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """Until the key set is first fetched a token is answered 503, not 401; a second after an outage it works."""
    issuer.failure = ServiceUnavailable()

    with pytest.raises(ServiceUnavailable, match="keys of user cannot be fetched"):
        await keys.get(issuer.kid)

    issuer.failure = None
    clock.now += RETRY_S
    assert await is_known(keys, issuer.kid)


async def test_a_key_is_known_before_it_signs(keys: RemoteKeys, issuer: Issuer) -> None:
    """The regular refresh fetches a new key even when made-up ids have used up the look-up, and removes the old one."""
    old = issuer.kid
    assert await is_known(keys, old)
    issuer.rotate()
    assert not await is_known(keys, issuer.kid)

    await keys.refresh()

    assert (await is_known(keys, issuer.kid), await is_known(keys, old)) == (True, False)


async def test_a_refresh_takes_no_key_away_while_the_issuer_is_down(keys: RemoteKeys, issuer: Issuer) -> None:
    """Tokens are accepted for as long as the issuer is down."""
    await keys.refresh()
    issuer.failure = ServiceUnavailable()

    await keys.refresh()

    assert await is_known(keys, issuer.kid)
