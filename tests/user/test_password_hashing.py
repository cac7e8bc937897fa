import asyncio
import subprocess
import sys
from collections.abc import Iterator
from time import process_time

import pytest
from passlib.hash import argon2
from structlog.testing import CapturingLogger
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from cli.dev.files import ROOT
from user import password_hashing as passwords
from user.password_hashing import (
    WeakPassword,
    check_strength,
    hash_password,
    needs_rehash,
    normalise_password,
    verify_password,
)

HASH_AT_ONCE = """
import asyncio
from user.password_hashing import hash_password

async def hash_some():
    await asyncio.gather(*(hash_password("right") for _ in range(4)))

asyncio.run(hash_some())
"""
OWN = ("ada.lovelace", "countess@lovelace.example.org")


def hash_with(kind: str = "ID", memory_kib: int = 19 * 1024, rounds: int = 2) -> str:
    """A hash of "right" made with other parameters."""
    return str(argon2.using(type=kind, memory_cost=memory_kib, rounds=rounds, parallelism=1).hash("right"))  # type: ignore[no-untyped-call]


@pytest.fixture(autouse=True)
def cheap_hashes() -> None:
    """Use production's hasher, which is the subject."""


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Switches threads so often that races appear."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


async def is_weak(password: str, *own: str) -> bool:
    """Whether a password is refused."""
    try:
        await check_strength(password, *own)
    except WeakPassword:
        return True
    return False


async def test_a_password_is_verified_by_its_hash() -> None:
    """Each hash has its own salt; only the right password matches, and no password matches without a hash."""
    one, two = await hash_password("right"), await hash_password("right")

    assert one != two
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert [await verify_password(password, one) for password in ("right", "wrong", "Right", "")] == [True] + [
        False
    ] * 3
    assert await verify_password("nobody has this password", None) is False


@pytest.mark.long
def test_the_first_passwords_of_a_process_may_come_at_once() -> None:
    """Several passwords that arrive before the first hash are hashed too."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HASH_AT_ONCE], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")


async def test_no_character_of_a_long_password_is_ignored() -> None:
    """Two passwords of 128 characters that differ in the last one are two passwords, in any script."""
    for character in "x", "語", "🔑":
        password = character * 127
        password_hash = await hash_password(password + "1")

        assert await verify_password(password + "1", password_hash)
        assert not await verify_password(password + "2", password_hash)
        assert not await verify_password(password, password_hash)


async def test_one_password_may_be_spelt_in_two_ways() -> None:
    """Composed or decomposed, full-width or plain: the same characters log in."""
    composed, decomposed = "gr\u00fc\u00dfe", "gru\u0308\u00dfe"

    assert normalise_password(composed) == normalise_password(decomposed)
    assert await verify_password(decomposed, await hash_password(composed))
    assert await verify_password("right", await hash_password("\uff52\uff49\uff47\uff48\uff54"))


async def test_a_password_too_long_to_be_anybodys_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typed password may become 18 times longer by normalisation: no error, and no log line."""
    log = CapturingLogger()
    monkeypatch.setattr(passwords, "log", log)
    longest = "\ufdfa" * 1024

    assert len(normalise_password(longest)) == 18 * 1024
    assert await verify_password(longest, await hash_password("right")) is False
    assert await verify_password(longest, None) is False
    assert log.calls == []


@pytest.mark.parametrize("stored", ["nonsense", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$", "$2b$12$é"])
async def test_a_hash_that_cannot_be_read_is_a_wrong_password(monkeypatch: pytest.MonkeyPatch, stored: str) -> None:
    """No password matches, the caller gets no details, and the log has an error without the hash."""
    log = CapturingLogger()
    monkeypatch.setattr(passwords, "log", log)

    assert await verify_password("right", stored) is False
    ((level, message, fields),) = [(call.method_name, call.args, call.kwargs) for call in log.calls]
    assert (level, message, fields) == ("error", ("a stored password hash cannot be read",), {})


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (hash_with(), False),
        (hash_with(memory_kib=8 * 1024), True),
        (hash_with(rounds=1), True),
        (hash_with(kind="I"), True),
    ],
    ids=["today's", "less memory", "fewer passes", "Argon2i"],
)
async def test_a_hash_made_otherwise_is_verified_and_to_be_renewed(stored: str, *, expected: bool) -> None:
    """A hash contains its parameters: the password is right, and the hash can be renewed."""
    assert await verify_password("right", stored)
    assert needs_rehash(stored) is expected


async def test_common_passwords_are_refused() -> None:
    """Every common password of 12 or more characters in zxcvbn's list is weak, in capitals too."""
    common = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= 12]

    taken = [password for password in common if not await is_weak(password)]

    assert len(common) > 200
    assert taken == []
    assert await is_weak("QWERTY123456")


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "qzkvwxQZKVWX",
        "aaaaaaaaaaaa",
        "a" * 128,
        "ab" * 64,
        "abcdefghijkl",
        "123456789012",
        "qwertyuiop[]",
        "P@ssw0rd1234",
        "password2024",
        "Password12345!",
        "microservice",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44" * 2,
    ],
)
async def test_a_pattern_is_refused(password: str) -> None:
    """Repeats, sequences, rows of keys, common passwords with years and disguises are weak."""
    assert await is_weak(password)


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace",
        "Ada.LovelaceADA.lovelace",
        "adalovelace2024",
        "lovelacelovelace",
        "countess@lovelace.example.org",
        "countesscountess",
        "Countess1234",
    ],
)
async def test_ones_own_name_is_refused(password: str) -> None:
    """Name, address and their parts make a weak password for their owner only."""
    assert await is_weak(password, *OWN)


async def test_a_name_of_any_length_is_refused() -> None:
    """A name longer than the rated part is found too."""
    name = "q8zr5kx2vj7wm4tp9hn3cb6yd1gf0sla" * 2

    assert await is_weak(name, name)
    assert not await is_weak(name)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "coffee guitar",
        "the cat sat down",
        "purple-otter-42-lamp",
        "kX9#vQ2m!tRz",
        "4168\x01683123\n",
        "q8zr5kx2vj7w" + "a" * 116,
        "a" * 16 + "correct horse battery",
        "これは十分に長い合言葉です",
        "пять слов достаточно",
    ],
)
async def test_a_passphrase_is_taken(password: str) -> None:
    """A few unrelated words are enough, in any script; weak additions do not make them weaker."""
    assert not await is_weak(password, *OWN)


async def test_people_are_judged_by_their_own_names(hasty_threads: None) -> None:
    """Concurrent ratings use only the names of their own person."""
    names = [f"{name}{name[::-1]}zq" for name in ("kpvrtd", "xlwmbg", "hjcfnz", "rtqkwv")]

    own = await asyncio.gather(*(is_weak(name, name) for name in names * 5))
    others = await asyncio.gather(*(is_weak(name, other) for name in names for other in names if other != name))

    assert (set(own), set(others)) == ({True}, {False})


@pytest.mark.long
async def test_no_password_takes_long_to_judge() -> None:
    """The worst known input, 128 disguised characters, takes under 3 s of CPU, and none on the event loop."""
    worst = ("4@8({[<3691!|0$5+7%2" * 7)[:128]
    begun = process_time()

    judging = asyncio.create_task(is_weak(worst))
    await asyncio.sleep(0)

    assert not judging.done()
    assert not await judging
    assert process_time() - begun < 3
