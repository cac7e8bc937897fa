import pytest

from tests.support.tools import not_run, require

BROWSER = ("browser", "apt install chromium")


def skipped(reason: str) -> pytest.TestReport:
    """The report of a skipped test."""
    place = ("tests/test_tools.py", 1, f"Skipped: {reason}")
    return pytest.TestReport("x", ("x", 1, "x"), {}, "skipped", place, "setup")


def test_a_missing_tool_skips_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says what to install."""
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"^browser tests not run: apt install chromium$"):
        require(None, *BROWSER)


def test_a_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``CI=true`` every test has to run."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        require(None, *BROWSER)


def test_a_tool_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of an installed tool is returned, in CI as elsewhere."""
    monkeypatch.setenv("CI", "true")

    assert require("/usr/bin/chromium", *BROWSER) == "/usr/bin/chromium"


def test_the_closing_lines_count_what_was_not_run() -> None:
    """There is one line for each missing tool."""
    browser, other = "browser tests not run: apt install chromium", "edge tests not run: apt install nginx"

    assert not_run([skipped(browser), skipped(other), skipped(browser)]) == [f"2 {browser}", f"1 {other}"]
