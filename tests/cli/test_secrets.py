"""The secrets of a development stack."""

import json
from pathlib import Path

from cli.dev.secrets import ensure_secrets

LINKS = [("order", "user"), ("user", "order"), ("client", "user")]


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """The second start reads the secrets of the first."""
    first = ensure_secrets(tmp_path / "secrets.json", LINKS)

    assert ensure_secrets(tmp_path / "secrets.json", LINKS) == first


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    """The file is closed to group and others."""
    ensure_secrets(tmp_path / "secrets.json", LINKS)

    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_new_link_gets_keys_without_touching_the_others(tmp_path: Path) -> None:
    """A link added later gets its keys, and everything else stays."""
    before = ensure_secrets(tmp_path / "secrets.json", LINKS)

    after = ensure_secrets(tmp_path / "secrets.json", [*LINKS, ("order", "product"), ("product", "order")])

    assert after.keys() - before.keys() == {"LINK_KEY__ORDER__PRODUCT", "LINK_KEY__PRODUCT__ORDER"}
    assert {name: after[name] for name in before} == before


def test_keys_of_a_removed_link_are_forgotten(tmp_path: Path) -> None:
    """A removed link leaves no key behind."""
    ensure_secrets(tmp_path / "secrets.json", LINKS)

    ensure_secrets(tmp_path / "secrets.json", LINKS[:2])

    assert "CLIENT" not in (tmp_path / "secrets.json").read_text()


def test_no_two_secrets_are_alike(tmp_path: Path) -> None:
    """Every key and password is generated separately."""
    ensure_secrets(tmp_path / "secrets.json", LINKS)

    values = json.loads((tmp_path / "secrets.json").read_text()).values()

    assert len(values) == len(set(values))
