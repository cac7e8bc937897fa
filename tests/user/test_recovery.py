import asyncio

from fastapi import FastAPI
from sqlalchemy import text

from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having
from tests.user.logins import PASSWORD, USERS
from tests.user.mailbox import TOKEN, Mailbox

NEW_PASSWORD = "wombat teapot lantern"


async def can_log_in(people: People, name: str, password: str) -> bool:
    """Whether a name and password log in."""
    answer = await people["user"].post(f"{USERS}/login", json={"username": name, "password": password})
    return answer.status_code == 200


async def ask_for_reset(people: People, email: str = "ada@example.org") -> None:
    """Request the mail for setting a new password."""
    asked = await people["user"].post(f"{USERS}/password-reset", json={"email": email})
    assert (asked.status_code, asked.content) == (202, b"")


async def reset(people: People, token: str, password: str = NEW_PASSWORD) -> int:
    """Set a new password with a token."""
    body = {"token": token, "password": password}
    return (await people["user"].post(f"{USERS}/password-reset/confirm", json=body)).status_code


async def test_a_forgotten_password_is_replaced(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """The token from the mail sets a new password, and the old one is refused."""
    await make_user("ada")
    await ask_for_reset(people, "ADA@example.org")

    assert await reset(people, await mailbox.token()) == 204

    assert await can_log_in(people, "ada", NEW_PASSWORD)
    assert not await can_log_in(people, "ada", PASSWORD)


async def test_a_reset_ends_every_session(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """All sessions, however they began, have ended."""
    ada = await make_user("ada")
    await ask_for_reset(people)

    await reset(people, await mailbox.token())

    assert (await people["user"].get(f"{USERS}/profile", headers=bearer(ada))).status_code == 401


async def test_a_reset_proves_the_address(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """Using a mail's token confirms the address of the mail."""
    await make_user("ada")
    await ask_for_reset(people)

    await reset(people, await mailbox.token())

    admin = await make_user("root", role="admin")
    (ada,) = (await people["user"].get(USERS, params={"q": "ada"}, headers=bearer(admin))).json()["items"]
    assert ada["email_verified_at"]


async def test_a_reset_is_told_to_the_owner(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """A second mail reports the change, and contains no token."""
    await make_user("ada")
    await ask_for_reset(people)

    await reset(people, await mailbox.token())

    notice = await mailbox.newest(2)
    assert (notice.to, notice.subject) == ("ada@example.org", "Your password has been changed")
    assert not TOKEN.search(notice.text)


async def test_nobody_learns_who_has_an_account(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """For an address without account the answer is the same, and no mail is sent."""
    ada = await make_user("ada")
    await ask_for_reset(people, "eve@example.org")
    await ask_for_reset(people, ada.email)

    assert (await mailbox.newest()).to == ada.email
    assert len(mailbox.mails) == 1


async def test_a_token_works_once(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """Of many concurrent uses one succeeds; the others are refused."""
    await make_user("ada")
    await ask_for_reset(people)
    token = await mailbox.token()

    statuses = await asyncio.gather(*(reset(people, token) for _ in range(5)))

    assert sorted(statuses) == [204, 400, 400, 400, 400]


async def test_a_newer_mail_replaces_an_older_one(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """The token of the first mail is refused after a second one is sent."""
    await make_user("ada")
    await ask_for_reset(people)
    first = await mailbox.token()
    await ask_for_reset(people)
    second = await mailbox.token(2)

    assert (await reset(people, first), await reset(people, second)) == (400, 204)


async def test_a_token_expires(people: People, make_user: MakeUser, mailbox: Mailbox, apps: dict[str, FastAPI]) -> None:
    """Half an hour after the mail its token is refused."""
    await make_user("ada")
    await ask_for_reset(people)
    token = await mailbox.token()
    async with apps["user"].state.application.store.transaction() as session:
        await session.execute(text("UPDATE email_tokens SET expires_at = expires_at - interval '30 minutes'"))

    assert await reset(people, token) == 400


async def test_a_weak_password_does_not_use_the_token_up(people: People, make_user: MakeUser, mailbox: Mailbox) -> None:
    """After a weak choice the same token works again."""
    await make_user("ada")
    await ask_for_reset(people)
    token = await mailbox.token()

    assert (await reset(people, token, "passwordpassword"), await reset(people, token)) == (422, 204)


async def test_a_token_is_good_for_its_purpose_alone(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """The token that confirms an address does not set a password."""
    ada = await make_user("ada")
    await people["user"].post(f"{USERS}/email-verification", headers=bearer(ada))

    assert await reset(people, await mailbox.token()) == 400


async def test_resets_are_throttled_by_address_whether_there_is_an_account_or_not(
    people: People, mailbox: Mailbox
) -> None:
    """After some mails the next is a 429 with Retry-After."""
    statuses = [
        (await people["user"].post(f"{USERS}/password-reset", json={"email": "eve@example.org"})).status_code
        for _ in range(6)
    ]

    assert statuses == [202] * 5 + [429]


async def test_without_a_mail_server_it_is_said_beforehand(
    people: People, make_user: MakeUser, mailbox: Mailbox, apps: dict[str, FastAPI], bearer: Bearer
) -> None:
    """Without a mail server every route that needs one is a 503, before any effect."""
    headers = bearer(await make_user("ada"))

    with having(apps["user"], mailer=None):
        answers = [
            await people["user"].post(f"{USERS}/password-reset", json={"email": "ada@example.org"}),
            await people["user"].post(f"{USERS}/email-verification", headers=headers),
            await people["user"].patch(
                f"{USERS}/profile", json={"email": "new@example.org", "password": PASSWORD}, headers=headers
            ),
        ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "mail_not_configured")}


async def test_a_person_for_whom_an_admin_made_an_account_chooses_the_password(
    people: People, admin: dict[str, str], mailbox: Mailbox
) -> None:
    """Without a password in the request, a mail asks for one; it opens the account, and confirms the address."""
    eve = {"username": "eve", "email": "eve@example.org"}
    made = await people["user"].post(USERS, json=eve, headers=admin)
    mail = await mailbox.newest()

    assert (made.status_code, made.json()["email_verified_at"]) == (201, None)
    assert (mail.to, mail.subject) == ("eve@example.org", "Choose your password")
    assert await reset(people, await mailbox.token()) == 204
    assert await can_log_in(people, "eve", NEW_PASSWORD)
    read = await people["user"].get(f"{USERS}/{made.json()['id']}", headers=admin)
    assert read.json()["email_verified_at"] is not None


async def test_without_mail_an_account_needs_a_password(
    people: People, admin: dict[str, str], apps: dict[str, FastAPI]
) -> None:
    """The refusal names the reason, and no account is added."""
    with having(apps["user"], mailer=None):
        made = await people["user"].post(USERS, json={"username": "eve", "email": "eve@example.org"}, headers=admin)

    assert (made.status_code, made.json()["code"]) == (503, "mail_not_configured")
    assert (await people["user"].get(f"{USERS}/stats/count")).json() == {"count": 1}
