from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS
from tests.user.mailbox import Mailbox


async def test_registering_asks_to_confirm_the_address(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """An account created by an admin, like one created by its owner, gets a mail whose token confirms the address."""
    admin = await make_user("root", role="admin")
    new = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    made = await people["user"].post(USERS, json=new, headers=bearer(admin))
    assert made.json()["email_verified_at"] is None

    confirmed = await people["user"].post(f"{USERS}/email-verification/confirm", json={"token": await mailbox.token()})

    assert confirmed.status_code == 204
    ada = await people["user"].get(f"{USERS}/{made.json()['id']}", headers=bearer(admin))
    assert ada.json()["email_verified_at"]


async def test_a_new_address_takes_effect_when_it_is_confirmed(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """The old address stays until the new one is confirmed; afterwards the old one is notified."""
    headers = bearer(await make_user("ada"))
    change = {"email": "lovelace@example.org", "password": PASSWORD}

    before = await people["user"].patch(f"{USERS}/profile", json=change, headers=headers)
    mail = await mailbox.newest()
    await people["user"].post(f"{USERS}/email-verification/confirm", json={"token": await mailbox.token()})

    after = await people["user"].get(f"{USERS}/profile", headers=headers)
    assert (before.json()["email"], mail.to) == ("ada@example.org", "lovelace@example.org")
    assert after.json()["email"] == "lovelace@example.org"
    assert (await mailbox.newest(2)).to == "ada@example.org"


async def test_an_address_that_an_admin_gives_is_to_be_confirmed_and_the_old_one_is_told(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """Mails go to both addresses, so an account cannot be taken over unnoticed."""
    ada, admin = await make_user("ada"), await make_user("root", role="admin")

    change = {"email": "lovelace@example.org"}
    await people["user"].patch(f"{USERS}/{ada.id}", json=change, headers=bearer(admin))

    await mailbox.newest(2)
    subjects = {mail.to: mail.subject for mail in mailbox.mails}
    assert subjects == {
        "lovelace@example.org": "Confirm your email address",
        "ada@example.org": "Your email address has been changed",
    }


async def test_nobody_learns_of_others_by_a_change_of_address(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """A taken address gets the same answer as a free one, and no mail is sent to its owner."""
    await make_user("eve")
    headers = bearer(await make_user("ada"))
    taken = {"email": "EVE@example.org", "password": PASSWORD}
    free = {"email": "free@example.org", "password": PASSWORD}

    answers = [await people["user"].patch(f"{USERS}/profile", json=body, headers=headers) for body in (taken, free)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert [mail.to for mail in mailbox.mails] in ([], ["free@example.org"])
    assert (await mailbox.newest()).to == "free@example.org"


async def test_an_address_that_was_taken_meanwhile_is_not_confirmed(
    people: People, make_user: MakeUser, mailbox: Mailbox, bearer: Bearer
) -> None:
    """The later confirmation is refused, and the old address stays."""
    headers = bearer(await make_user("ada"))
    change = {"email": "eve@example.org", "password": PASSWORD}
    await people["user"].patch(f"{USERS}/profile", json=change, headers=headers)
    token = await mailbox.token()
    await make_user("eve")

    refused = await people["user"].post(f"{USERS}/email-verification/confirm", json={"token": token})

    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
    assert (await people["user"].get(f"{USERS}/profile", headers=headers)).json()["email"] == "ada@example.org"
