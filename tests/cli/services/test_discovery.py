from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.services import SERVICES
from cli.services.discovery import ROOT, Service, discover
from cli.services.project import check_project_name

MINIMAL = 'port = 8009\ndatabase = "none"\n'
KEYS = "port, database, libraries, limits, egress_ports, dashboard, owns and front"


def declare(root: Path, text: str, name: str = "gift_card") -> None:
    """Make a folder with a declaration."""
    (root / name).mkdir()
    (root / name / "service.toml").write_text(text)


def test_a_service_is_a_folder_that_says_so(tmp_path: Path) -> None:
    """Services come by their ports; a folder without service.toml is none."""
    declare(tmp_path, 'port = 8010\ndatabase = "mongodb"\nlibraries = ["rich"]\n')
    declare(tmp_path, 'port = 8009\ndatabase = "reflected"\ndashboard = "/board"\n', "board")
    (tmp_path / "docs").mkdir()

    assert discover(tmp_path) == (
        Service("board", 8009, "reflected", dashboard="/board"),
        Service("gift_card", 8010, "mongodb", ("rich",)),
    )


def test_the_image_of_a_service_has_that_one_alone(tmp_path: Path) -> None:
    """Its folder is all that is there."""
    declare(tmp_path, (ROOT / "user/service.toml").read_text(), "user")

    assert discover(tmp_path) == tuple(service for service in SERVICES if service.name == "user")


def test_a_name_of_two_words_has_the_form_that_each_place_allows() -> None:
    """Variables have underscores; hosts, images and resources of Kubernetes have hyphens."""
    service = Service("gift_card", 8009, "postgres")

    assert (service.host, service.slug) == ("gift-card-service", "gift-card")
    assert (service.url_variable, service.store_variable) == ("GIFT_CARD_SERVICE_URL", "GIFT_CARD_DATABASE_URL")


def test_a_database_with_another_team_s_tables_has_an_owner_of_its_own() -> None:
    """It has its own role, address, secrets and schema; any other database is the service's in each respect."""
    shared, own = Service("gift_card", 8009, "reflected"), Service("gift_card", 8009, "postgres")

    assert (shared.database, shared.owner, shared.own_schema) == ("gift_card", "gift_card_owner", "gift_card")
    assert (shared.store_variable, shared.owner_variable) == ("GIFT_CARD_DATABASE_URL", "GIFT_CARD_OWNER_URL")
    assert (own.database, own.owner, own.own_schema) == ("gift_card_service", "gift_card_service", None)
    assert own.store_variable == own.owner_variable
    assert (shared.migrator, own.migrator) == ("gift_card_owner", "gift_card")
    assert shared.libraries == own.libraries


def test_no_service_has_the_name_of_an_owner(tmp_path: Path) -> None:
    """Its role and its secrets would be the other's."""
    declare(tmp_path, 'port = 8009\ndatabase = "reflected"')
    declare(tmp_path, 'port = 8010\ndatabase = "none"', "gift_card_owner")

    with pytest.raises(CommandError, match="gift_card_owner is the name of the owner of the database of gift_card"):
        discover(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('database = "none"', "gift_card/service.toml: add the key 'port'."),
        ("port = 8009", "gift_card/service.toml: add the key 'database'."),
        (f"{MINIMAL}prot = 1", f"gift_card/service.toml: there is no key 'prot'. The keys are {KEYS}."),
        ('port = "8009"\ndatabase = "none"', "gift_card/service.toml: port should be a valid integer; it is '8009'."),
        ('port = true\ndatabase = "none"', "gift_card/service.toml: port should be a valid integer; it is True."),
        ('port = 80\ndatabase = "none"', "port should be greater than or equal to 1024; it is 80."),
        ('port = 8009\ndatabase = "mysql"', "database should be 'postgres', 'mongodb', 'reflected' or 'none'; it is"),
        (f"{MINIMAL}libraries = [1]", "libraries, item 1 should be a valid string; it is 1."),
        (f'{MINIMAL}libraries = ["rich >= 1"]', "libraries, item 1 must look like pydantic[email]; it is 'rich >= 1'."),
        (f'{MINIMAL}limits.login = ["login"]', "limits.login, item 1 must be a path, as in /dashboard; it is 'login'."),
        (f'{MINIMAL}limits.login = ["/a;b {{"]', "limits.login, item 1 must be a path, as in /dashboard; it is"),
        (f'{MINIMAL}limits."Log in" = ["/a"]', "limits.Log in must be a class of routes, as in login; it is 'Log in'."),
        (f"{MINIMAL}egress_ports = [0]", "egress_ports, item 1 should be greater than or equal to 1; it is 0."),
        (f"{MINIMAL}dashboard = 3", "dashboard should be a valid string; it is 3."),
        ("port = ", "gift_card/service.toml is not TOML: Invalid value"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file and the key, and says what it should be."""
    declare(tmp_path, text)

    with pytest.raises(CommandError) as refused:
        discover(tmp_path)

    assert message in str(refused.value)


def test_two_services_cannot_have_one_port(tmp_path: Path) -> None:
    """The message names both, and a port that is free."""
    declare(tmp_path, MINIMAL)
    declare(tmp_path, MINIMAL, "board")

    with pytest.raises(
        CommandError, match=r"gift_card/.*: port 8009 is the port of board\. Choose another, such as 8010"
    ):
        discover(tmp_path)


def test_one_service_fronts_the_others(tmp_path: Path) -> None:
    """Two of them would send each other what people send."""
    declare(tmp_path, f"{MINIMAL}front = true")
    declare(tmp_path, 'port = 8010\ndatabase = "none"\nfront = true', "board")

    with pytest.raises(CommandError, match="gift_card and board both have front = true"):
        discover(tmp_path)


@pytest.mark.parametrize(
    "name", ["Gift", "gift-card", "gift__card", "_gift", "9gift", "client", "postgres", "dev", "tests"]
)
def test_a_folder_needs_a_name_that_a_service_can_have(tmp_path: Path, name: str) -> None:
    """Lower-case words, and none that another part of the project has."""
    declare(tmp_path, MINIMAL, name)

    with pytest.raises(CommandError, match=f"'{name}' is not a name for a service"):
        discover(tmp_path)


@pytest.mark.parametrize(
    "name", ["Acme", "acme_shop", "acme--shop", "-acme", "acme-", "1acme", "acme.shop", "", "a" * 41]
)
def test_a_project_needs_a_name_that_images_and_namespaces_can_have(name: str) -> None:
    """Lower-case words with hyphens, not too long."""
    with pytest.raises(CommandError, match="is not a name for a project"):
        check_project_name(name)
