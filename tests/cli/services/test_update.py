from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.services.discovery import ROOT
from cli.services.kubernetes import service_file
from cli.services.locks import lock_file
from cli.services.regions import Region, WholeFile, replaced, whole
from cli.services.update import Merged, merge, update
from tests.cli.services.clones import run
from tests.support.git import commit, git

SHOP = 'port = 8010\ndatabase = "none"\nowns = ["pages/tour.md"]\n'
COMPOSE = """\
version: 1
# --- rendered: list, from */service.toml (bin/cli render) ---
# --- end of list ---
volumes: 1
"""


class Repository:
    """A project in git, as small as a project can be: the base's on the branch ``base``, ours on ``main``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        return git(self.folder, *arguments)

    def commit(self, **files: str | None) -> None:
        """Commit files by their paths; None removes one."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")
        commit(self.folder)

    def text(self, path: str) -> str | None:
        """Return the text of a file in the working tree."""
        file = self.folder / path
        return file.read_text(encoding="utf-8") if file.exists() else None


def listed(content: str, rest: str = COMPOSE) -> str:
    """Return a file with a region."""
    return replaced(rest, Region("compose.yml", "list", "*/service.toml", content))


def addresses(content: str) -> str:
    """Return a file that is rendered as a whole."""
    return whole(None, WholeFile("addresses.env", "*/service.toml", content))


def about(text: str) -> str:
    """Return a passage about the shop."""
    return f"<!-- --- about shop --- -->\n{text}\n<!-- --- end about shop --- -->\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The base and our project, at their common commit."""
    repository = Repository(tmp_path)
    repository.commit(
        **{
            "compose.yml": listed("shop\n"),
            "addresses.env": addresses("SHOP=1\n"),
            "shop/service.toml": SHOP,
            "shop/main.py": "first\n",
            "tests/shop/first": "first\n",
            "pages/tour.md": "first\n",
            lock_file("shop"): "a==1\n",
            "requirements/dev.txt": "a==1\n",
            service_file("shop"): addresses("shop\n"),
            "readme.md": "one\n" + about("first") + "two\nthree\n",
        }
    )
    repository.git("branch", "base")
    return repository


def later(repository: Repository, **files: str | None) -> None:
    """Commit files as the base's later version."""
    repository.git("checkout", "-q", "base")
    repository.commit(**files)
    repository.git("checkout", "-q", "main")


def test_rendered_text_never_conflicts(repository: Repository) -> None:
    """Both sides rendered other services: what people wrote around it is merged, and the region is to be rendered."""
    later(
        repository,
        **{
            "compose.yml": listed("shop\ngateway\n", COMPOSE.replace("version: 1", "version: 2")),
            "addresses.env": addresses("SHOP=1\nGATEWAY=2\n"),
        },
    )
    repository.commit(
        **{
            "compose.yml": listed("shop\nours\n", COMPOSE.replace("volumes: 1", "volumes: 2")),
            "addresses.env": addresses("SHOP=1\nOURS=2\n"),
        }
    )

    assert merge(repository.folder, "base", ROOT) == Merged((), has_stale_locks=False)

    assert repository.text("compose.yml") == COMPOSE.replace("1", "2")
    assert repository.text("addresses.env") == addresses("SHOP=1\nOURS=2\n")


def test_a_removed_service_stays_removed(repository: Repository) -> None:
    """Whatever the base has changed or added in it, in its tests and in what it owns is not brought back."""
    later(
        repository,
        **{
            "shop/main.py": "second\n",
            "shop/service.toml": SHOP.replace('"]', '", "pages/album.md"]'),
            "shop/added.py": "new\n",
            "tests/shop/first": "second\n",
            "pages/tour.md": "second\n",
            "pages/album.md": "new\n",
            lock_file("shop"): "a==2\n",
            service_file("shop"): addresses("shop\nnew\n"),
            "readme.md": "one\n" + about("second") + "two\nfour\n",
            "more.md": "more\n" + about("new"),
        },
    )
    repository.git("rm", "-rq", "shop", "tests/shop", "pages", lock_file("shop"), "deploy")
    repository.commit(**{"compose.yml": listed(""), "readme.md": "one\ntwo\nthree\n"})

    assert merge(repository.folder, "base", ROOT) == Merged((), has_stale_locks=False)

    files = {str(file.relative_to(repository.folder)) for file in repository.folder.rglob("*") if file.is_file()}
    assert {file for file in files if not file.startswith(".git/")} == {
        "compose.yml",
        "addresses.env",
        "requirements/dev.txt",
        "readme.md",
        "more.md",
    }
    assert repository.text("readme.md") == "one\ntwo\nfour\n"
    assert repository.text("more.md") == "more\n"


def test_a_service_that_resembles_a_removed_one_gets_nothing_of_it(repository: Repository) -> None:
    """Git would take it for the removed one under a new name, and add what the base has added there."""
    repository.git("mv", "shop", "desk")
    repository.commit()
    later(repository, **{"shop/main.py": "second\n", "shop/added.py": "new\n"})

    assert merge(repository.folder, "base", ROOT).conflicts == ()

    assert {file.name for file in (repository.folder / "desk").iterdir()} == {"service.toml", "main.py"}
    assert repository.text("desk/main.py") == "first\n"
    assert not (repository.folder / "shop").exists()


def test_what_both_sides_wrote_is_a_conflict(repository: Repository) -> None:
    """The file has git's marks, and nothing else is held up."""
    later(repository, **{"readme.md": "one\ntheirs\nthree\n", "new.md": "new\n"})
    repository.commit(**{"readme.md": "one\nours\nthree\n"})

    assert merge(repository.folder, "base", ROOT).conflicts == ("readme.md",)

    assert "<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n" in (repository.text("readme.md") or "")
    assert repository.text("new.md") == "new\n"


def test_a_rendered_file_that_the_base_gave_up_goes(repository: Repository) -> None:
    """It was rendered anew on our side, which is no reason to keep it."""
    later(repository, **{"addresses.env": None})
    repository.commit(**{"addresses.env": addresses("SHOP=1\nOURS=2\n")})

    assert merge(repository.folder, "base", ROOT).conflicts == ()

    assert repository.text("addresses.env") is None


def test_locks_that_both_sides_made_are_the_bases_and_to_be_made_anew(repository: Repository) -> None:
    """A merge of two locks would be the lock of neither."""
    later(repository, **{"requirements/dev.txt": "a==2\n"})
    repository.commit(**{"requirements/dev.txt": "a==1\nb==1\n"})

    assert merge(repository.folder, "base", ROOT) == Merged((), has_stale_locks=True)

    assert repository.text("requirements/dev.txt") == "a==2\n"


def test_a_binary_file_of_both_sides_is_a_conflict(repository: Repository) -> None:
    """Ours stays in place, whole."""
    repository.git("checkout", "-q", "base")
    (repository.folder / "picture.png").write_bytes(b"\x89PNG\0\xff1")
    repository.commit()
    repository.git("checkout", "-q", "main")
    (repository.folder / "picture.png").write_bytes(b"\x89PNG\0\xff2")
    repository.commit()

    assert merge(repository.folder, "base", ROOT).conflicts == ("picture.png",)

    assert (repository.folder / "picture.png").read_bytes() == b"\x89PNG\0\xff2"


def test_an_update_can_be_taken_back(repository: Repository) -> None:
    """Nothing is committed: git merge --abort leaves the tree as it was."""
    later(repository, **{"shop/main.py": "second\n", "readme.md": "theirs\n"})
    repository.git("rm", "-rq", "shop", "tests/shop", "pages", lock_file("shop"), "deploy")
    repository.commit(**{"readme.md": "ours\n"})
    merge(repository.folder, "base", ROOT)

    repository.git("merge", "--abort")

    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        (
            "nothing",
            r"There is no revision 'nothing' here. First: git remote add base ADDRESS_OF_THE_BASE && git fetch base",
        ),
        ("other", "have no commit in common"),
    ],
)
def test_a_revision_that_cannot_be_merged_is_refused(repository: Repository, revision: str, message: str) -> None:
    """The tree stays as it is."""
    repository.git("branch", "other", repository.git("commit-tree", "-m", "Other", "HEAD^{tree}").strip())

    with pytest.raises(CommandError, match=message):
        merge(repository.folder, revision, ROOT)

    assert repository.git("status", "--porcelain") == ""


def test_a_known_base_is_fetched(repository: Repository) -> None:
    """Its address is asked for once."""
    repository.git("remote", "add", "base", "../base")

    with pytest.raises(CommandError, match=r"here. First: git fetch base \("):
        merge(repository.folder, "base/nothing", ROOT)


def test_what_is_merged_already_is_up_to_date(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command succeeds, and changes nothing."""
    repository.commit(**{"own.md": "ours\n"})
    (repository.folder / "own.md").write_text("not committed yet\n")
    monkeypatch.setattr("cli.services.update.ROOT", repository.folder)

    update("base")

    assert capsys.readouterr().out == "Up to date: base is merged already.\n"
    assert repository.git("status", "--porcelain").split() == ["M", "own.md"]


LATER = [
    ("chassis/core/clock.py", "Clocks:", "Clocks, later:"),
    ("cli/services/compose.py", "pull_policy: never", "pull_policy: never  # later"),
    ("README.md", "No Docker, no root.", "No Docker, no root, later."),
    # --- about order ---
    ("order/README.md", "# ", "# Later "),
    ("docs/order-sequence.md", "# ", "# Later "),
    ("docs/architecture.md", "## An order", "## An order, later"),
    # --- end about order ---
]
"""What a later version of the base has changed: its file, and a text with its new one."""


@pytest.mark.long
def test_a_project_with_another_name_and_services_of_its_own_takes_a_later_version(clone: Path) -> None:
    """What is its own stays: the name, its service, what it removed. The rest comes along, and nothing conflicts."""
    git(clone, "branch", "base")
    run(clone, "cli", "project", "rename", "acme")
    commit(clone)
    run(clone, "cli", "service", "create", "gift_card")
    commit(clone)
    # --- about order ---
    run(clone, "cli", "service", "remove", "order")
    commit(clone)
    # --- end about order ---
    git(clone, "checkout", "--quiet", "base")
    for path, before, after in LATER:
        text = (clone / path).read_text()
        assert before in text
        (clone / path).write_text(text.replace(before, after, 1))
    run(clone, "cli", "render")
    commit(clone)
    git(clone, "checkout", "--quiet", "main")

    run(clone, "cli", "update", "base")
    run(clone, "cli", "render")
    commit(clone)

    assert git(clone, "log", "-1", "--format=%p").count(" ") == 1
    # --- about order ---
    assert git(clone, "ls-files", "order", "docs/order-sequence.md") == ""
    assert "An order" not in (clone / "docs/architecture.md").read_text()
    # --- end about order ---
    assert "# later" in (clone / "docker-compose.yml").read_text()
    assert "acme-dev/jobs" in (clone / "docker-compose.yml").read_text()
    assert "`gift_card`" in (clone / "README.md").read_text()
    assert "no root, later." in (clone / "README.md").read_text()
    for check in (
        ["cli", "render", "--check"],
        ["ruff", "check"],
        ["pytest", "-n", "0", "-q", "tests/docs/test_pages.py"],
    ):
        run(clone, *check)
