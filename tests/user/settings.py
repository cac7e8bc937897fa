"""Values of user's own settings that cannot work."""

from cli.dev.secrets import make_signing_key
from tests.support.settings import MARK

WRONG = {
    "jwt_private_key": [MARK, make_signing_key().replace("\n", "")[:100]],
    "smtp_url": [MARK, f"http://{MARK}@mail", f"smtp://ada:{MARK}@mail:0"],
    "mail_from": ["nobody", "a@", "a@example.org, b@example.org", "a@example.org\nBcc: b@example.org"],
    "plain_registration": ["perhaps"],
    "app_url": ["shop.example.org", "https://shop.example.org/?a=b", "https://shop.example.org/#a"],
}
