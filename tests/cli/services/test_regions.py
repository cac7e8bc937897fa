import pytest

from cli.services.regions import Refused, Region, WholeFile, replaced, whole

NEW = """\
ours: 1
  # --- rendered: list, from */service.toml (bin/cli render) ---
  # --- end of list ---
ours: 2
"""
REGION = Region("compose.yml", "list", "*/service.toml", "  a: 1\n")
RENDERED = replaced(NEW, REGION)
FILE = WholeFile("addresses.env", "*/service.toml", "A=1\n")


def test_a_new_region_is_filled_and_the_rest_stays() -> None:
    """The mark gets a digest; a second time changes nothing."""
    before, mark, content, *after = RENDERED.splitlines()

    assert (before, content, after) == ("ours: 1", "  a: 1", ["  # --- end of list ---", "ours: 2"])
    assert mark.startswith("  # --- rendered: list, from */service.toml (bin/cli render, ")
    assert replaced(RENDERED, REGION) == RENDERED


def test_an_outdated_region_is_rendered_anew() -> None:
    """It matches its digest, so it was not edited."""
    other = Region("compose.yml", "list", "*/service.toml", "  b: 2\n")

    assert replaced(replaced(RENDERED, other), REGION) == RENDERED


@pytest.mark.parametrize("edited", ["  a: 2\n", "", "  a: 1\n  b: 1\n", "<<<<<<< ours\n  a: 1\n"])
def test_an_edited_region_is_refused(edited: str) -> None:
    """The message says what to edit instead; force discards the edit."""
    text = RENDERED.replace("  a: 1\n", edited)
    other = Region("compose.yml", "list", "*/service.toml", "  b: 2\n")

    with pytest.raises(
        Refused, match=r"compose.yml, region 'list': was edited by hand. It is rendered from \*/service"
    ):
        replaced(text, other)

    assert replaced(text, other, force=True) == replaced(NEW, other)


def test_an_edit_that_agrees_is_no_edit() -> None:
    """Text that would be rendered now is taken, whatever its digest."""
    other = Region("compose.yml", "list", "*/service.toml", "  b: 2\n")

    assert replaced(RENDERED.replace("a: 1", "b: 2"), other) == replaced(NEW, other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ours: 1\n", r"the region 'list' is missing. Add two comments where it belongs: '--- rendered: list, from"),
        (NEW + NEW, r"the region 'list' is there 2 times"),
        (NEW.replace("end of list", "end"), r"the region 'list' has no end. Add '--- end of list ---'"),
    ],
)
def test_missing_marks_are_named(text: str, message: str) -> None:
    """The message has the marks to add."""
    with pytest.raises(Refused, match=f"compose.yml: {message}"):
        replaced(text, REGION)


def test_markdown_has_marks_of_its_own() -> None:
    """They are comments there, too."""
    text = "<!-- --- rendered: list, from x (bin/cli render) --- -->\n<!-- --- end of list --- -->\n"

    rendered = replaced(text, REGION)

    assert rendered.splitlines()[0].endswith(") --- -->")
    assert replaced(rendered, REGION) == rendered


def test_a_region_of_a_function_keeps_what_people_chose() -> None:
    """Its text is the input of the rendering, so it has no digest."""
    region = Region("compose.yml", "list", "x", lambda present: present.replace("old", "new"))
    text = NEW.replace("  # --- end", "  tag: mine, old\n  # --- end")

    once = replaced(text, region)

    assert "  tag: mine, new\n" in once
    assert replaced(once.replace("mine", "yours"), region).count("yours, new") == 1


def test_a_whole_file_says_where_it_comes_from() -> None:
    """A second time changes nothing, and a newer rendering replaces an older one."""
    text = whole(None, FILE)

    assert text.splitlines()[0].startswith("# Rendered from */service.toml (bin/cli render, ")
    assert whole(text, FILE) == text
    assert whole(text, WholeFile("addresses.env", "*/service.toml", "B=2\n")).endswith("\nB=2\n")


@pytest.mark.parametrize("edited", ["A=2\n", whole(None, FILE).replace("A=1", "A=2"), ""])
def test_an_edited_whole_file_is_refused(edited: str) -> None:
    """So is one that was not rendered; force replaces it."""
    with pytest.raises(Refused, match=r"addresses.env: was edited by hand. It is rendered from \*/service.toml"):
        whole(edited, FILE)

    assert whole(edited, FILE, force=True) == whole(None, FILE)
