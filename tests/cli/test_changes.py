"""Which changes of files a running stack follows."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.dev.changes import Changes, Following
from cli.errors import CommandError


@dataclass
class Stack:
    """A stack that follows a folder, or refuses."""

    folder: Path
    problem: str = ""
    followed: int = 0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the files as they are."""
        self.changes = Changes(self.folder)
        self.following = Following(self.follow, self.said.append)

    def look(self) -> None:
        """Look once, as `make run` does."""
        self.following.look(self.changes.look())

    def follow(self) -> None:
        """Count, or raise the problem."""
        self.followed += 1
        if self.problem:
            raise CommandError(self.problem)

    def change(self, file: str) -> int:
        """Change a file, and look until the change has settled; returns how often it was followed."""
        before = self.followed
        with (self.folder / file).open("a") as text:
            text.write("#\n")
        for _ in range(3):
            self.look()
        return self.followed - before


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of one service, beside a folder that is none."""
    for file in ("gift/service.toml", "gift/settings.py", "gift/routes.py", "other/settings.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    return Stack(tmp_path)


def test_only_files_that_declare_something_are_followed(stack: Stack) -> None:
    """A change is followed once; routes and what is no service are left to the reload of each service."""
    files = ("gift/settings.py", "gift/routes.py", "other/settings.py", ".env", "gift/service.toml")

    assert {file: stack.change(file) for file in files} == dict(zip(files, (1, 0, 0, 1, 1), strict=True))


def test_a_change_that_goes_on_is_not_followed_yet(stack: Stack) -> None:
    """While a folder is still being written, nothing happens; afterwards all of it is one change."""
    for number in range(3):
        (stack.folder / "gift" / "settings.py").write_text("#" * number)
        stack.look()
    assert stack.followed == 0

    (stack.folder / "other" / "service.toml").touch()  # it becomes a service
    for _ in range(3):
        stack.look()
    assert stack.followed == 1


def test_after_a_problem_any_change_is_a_new_attempt(stack: Stack) -> None:
    """The problem is printed each time; once it is corrected, only declaring files are followed again."""
    stack.problem = "gift is wrong."
    assert [stack.change("gift/settings.py"), stack.change("gift/routes.py")] == [1, 1]
    assert [said.partition("\n")[0] for said in stack.said] == ["gift is wrong."] * 2

    stack.problem = ""
    assert [stack.change("gift/routes.py"), stack.change("gift/routes.py")] == [1, 0]


def test_a_service_that_goes_is_followed(stack: Stack) -> None:
    """Removing a declaration is a change."""
    (stack.folder / "gift" / "service.toml").unlink()
    for _ in range(3):
        stack.look()

    assert stack.followed == 1
