"""What of a service is written from a table: the types of its columns, what is sent, and what is refused."""

import enum
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, mapped_column

from chassis.postgres.times import UtcTimestamp
from chassis.postgres.unknown import UnknownType
from cli.errors import CommandError
from cli.services.create import ddl_of
from cli.services.reflecting.choosing import choose
from cli.services.reflecting.forms import Form, form_of
from cli.services.reflecting.serving import Served
from cli.services.reflecting.writing import schemas_module, table_module


class Color(enum.StrEnum):
    """An enum."""

    RED = "red"


ENUM = sa.Enum(Color, name="color")


def served(name: str = "things", key: str = "id", **columns: Any) -> Served:  # noqa: ANN401 - columns
    """Return a table with these columns, and an id that PostgreSQL makes unless there is another one."""

    class Base(DeclarativeBase):
        pass

    made = {"id": mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)} if key == "id" else {}
    return Served(type("Thing", (Base,), {"__tablename__": name, **made, **columns}), [key])


def lines(text: str, name: str) -> list[str]:
    """Return the fields of a class in a module."""
    body = text.partition(f"class {name}")[2].partition("\n\n\n")[0]
    return [line.strip() for line in body.splitlines()[3:] if line.strip()]


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (sa.SmallInteger(), ("SmallInt", "int")),
        (sa.Integer(), ("Int", "int")),
        (sa.BigInteger(), ("BigInt", "int")),
        (sa.Text(), ("Text", "str")),
        (pg.CITEXT(), ("Text", "str")),
        (sa.String(20), ("Annotated[str, Field(max_length=20)]", "str")),
        (sa.CHAR(2), ("Annotated[str, Field(max_length=2)]", "str")),
        (sa.Numeric(5, 2), ("Annotated[Numeric, Field(max_digits=5, decimal_places=2)]", "Number")),
        (sa.Numeric(5, -2), ("Annotated[Numeric, Field(max_digits=7, decimal_places=0)]", "Number")),
        (sa.Numeric(), ("Annotated[Numeric, Field(max_digits=38)]", "Number")),
        (sa.Double(), ("Float", "float")),
        (pg.REAL(), ("Float", "float")),
        (sa.Boolean(), ("bool", "bool")),
        (sa.Uuid(), ("Id", "UUID")),
        (UtcTimestamp(), ("Timestamp", "datetime")),
        (pg.TIMESTAMP(timezone=True), ("Timestamp", "datetime")),
        (sa.Date(), ("Day", "date")),
        (pg.TIME(), ("Time", "time")),
        (pg.JSON(), ("Json", "AnyJson")),
        (pg.JSONB(), ("Json", "AnyJson")),
        (sa.LargeBinary(), ("Bytes", "BytesRead")),
        (ENUM, ("Annotated[tables.Color, Field(strict=False)]", "tables.Color")),
        (
            pg.ARRAY(sa.Text()),
            ("Annotated[list[Text], Field(max_length=MOST_ITEMS)]", "list[str | None] | list[list[AnyJson]]"),
        ),
        (pg.ARRAY(sa.Integer(), dimensions=2), None),
        (pg.TIME(timezone=True), None),
        (pg.TSVECTOR(), None),
        (pg.INTERVAL(), None),
        (pg.INET(), None),
        (pg.INT4RANGE(), None),
        (pg.BIT(), None),
        (UnknownType("point"), None),
        (pg.ARRAY(UnknownType("point")), None),
    ],
    ids=repr,
)
def test_each_type_has_its_form_or_none(kind: Any, form: tuple[str, str] | None) -> None:  # noqa: ANN401 - a type
    """Numbers have the bounds of their width, texts those of their length; other types are not served."""
    assert form_of(sa.Column("x", kind)) == (form and Form(*form))


def test_what_is_sent() -> None:
    """What the database fills may be left out, or is read only; what may be null may be set to null."""
    thing = served(
        title=mapped_column(sa.Text, nullable=False),
        note=mapped_column(sa.Text),
        color=mapped_column(ENUM, nullable=False, server_default=sa.FetchedValue()),
        slug=mapped_column("URLSlug", sa.String(9), nullable=False),
        shouted=mapped_column(sa.Text, sa.Computed("upper(title)")),
        area=mapped_column(pg.INT4RANGE, nullable=False, server_default=sa.FetchedValue()),
        metadata_=mapped_column("metadata", pg.JSONB),
        json_=mapped_column("json", pg.JSONB),
        created_at=mapped_column("createdAt", UtcTimestamp, nullable=False, server_default=sa.FetchedValue()),
        updated_at=mapped_column("updatedAt", UtcTimestamp, nullable=False),
    )
    text = schemas_module(thing, "gift_card")

    assert list(thing.obstacles()) == []
    assert lines(text, "GiftCardCreate") == [
        "title: Text", "note: Text | None = None", "color: Color = MISSING", "url_slug: UrlSlug",
        "metadata: Json | None = None", "json_: Json | None = None",
    ]  # fmt: skip
    assert lines(text, "GiftCardUpdate") == [
        "title: Text = MISSING", "note: Text | None = None", "color: Color = MISSING", "url_slug: UrlSlug = MISSING",
        "metadata: Json | None = None", "json_: Json | None = None",
    ]  # fmt: skip
    assert [line.partition(":")[0] for line in lines(text, "GiftCardRead")] == [
        "id", "title", "note", "color", "url_slug", "shouted", "metadata", "json_", "created_at", "updated_at",
    ]  # fmt: skip
    assert '"metadata": Model.metadata_,' in table_module(thing, "gift_card")
    assert 'KEY_PATH = "/{gift_card_id}"' in text


@pytest.mark.parametrize(
    ("column", "created"),
    [
        (mapped_column(sa.Integer, sa.Identity(), primary_key=True), []),
        (mapped_column(sa.Uuid, primary_key=True, server_default=sa.FetchedValue()), []),
        (mapped_column(sa.Uuid, primary_key=True), ["id: Id = MISSING"]),
        (mapped_column(sa.Text, primary_key=True), ["id: KeyText = MISSING"]),
        (mapped_column(sa.String(36), primary_key=True), ["id: Id_ = MISSING"]),
        (mapped_column(sa.String(8), primary_key=True), ["id: Id_"]),
        (mapped_column(sa.Integer, primary_key=True, autoincrement=False), ["id: Int"]),
        (mapped_column(sa.Uuid, sa.ForeignKey("others.id"), primary_key=True), ["id: Id"]),
    ],
    ids=["identity", "default", "uuid", "text", "uuid as text", "short text", "number", "reference"],
)
def test_a_key_is_made_or_sent(column: Any, created: list[str]) -> None:  # noqa: ANN401 - a column
    """PostgreSQL makes it, or orm/overrides.py unless it is sent, or it has to be sent; it is never changed."""

    class Base(DeclarativeBase):
        pass

    class Other(Base):
        __tablename__ = "others"
        id = mapped_column(sa.Uuid, primary_key=True)

    model = type("Thing", (Base,), {"__tablename__": "things", "id": column, "title": mapped_column(sa.Text)})
    text = schemas_module(Served(model, ["id"]), "thing")

    assert lines(text, "ThingCreate")[:-1] == created
    assert lines(text, "ThingUpdate") == ["title: Text | None = None"]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (served(), "it has no column that a request could change"),
        (
            served(place=mapped_column(UnknownType("point"), nullable=False), x=mapped_column(sa.Text)),
            "its column place must be filled, and values of type point have no form in JSON",
        ),
        (
            served(key="at", at=mapped_column(pg.INTERVAL, primary_key=True), x=mapped_column(sa.Text)),
            "its key has the column at of type interval",
        ),
        (
            served(key="größe", größe=mapped_column(sa.Integer, primary_key=True), x=mapped_column(sa.Text)),
            "its key has the column größe, whose name cannot be that of a parameter",
        ),
    ],
    ids=["nothing to change", "no form", "key", "name"],
)
def test_a_table_that_cannot_be_served_is_refused_with_the_reason(table: Served, reason: str) -> None:
    """The message names the column and its type."""
    assert list(table.obstacles()) == [reason]
    with pytest.raises(CommandError, match=f"things cannot be served: {reason}"):
        choose([table], "things", "")


def test_the_tables_to_choose_from_are_listed() -> None:
    """The only one is taken; otherwise the message has their keys and columns, and the command to run."""
    one, other, none = served("a", x=mapped_column(sa.Text)), served("b", y=mapped_column(sa.Text)), served("c")

    assert choose([one, none], None, "create") is one
    assert choose([one, other], "b", "create") is other
    with pytest.raises(CommandError) as error:
        choose([one, other, none], None, "create")
    assert str(error.value).splitlines() == [
        "Choose one of the tables.",
        "  a: key id; columns id, x",
        "  b: key id; columns id, y",
        "  c cannot be served: it has no column that a request could change",
        "For example: create --table a",
    ]
    with pytest.raises(CommandError, match="There is no table 'd' with a primary key"):
        choose([one, other], "d", "create")
    with pytest.raises(CommandError, match="No table can be served"):
        choose([none], None, "create")


PASSWORD = "a-password-of-theirs"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("reflected", None, None), "needs --schema"),
        (("postgres", "x.sql", None), "--schema belongs to --database reflected"),
        (("none", None, "t"), "--table belongs to --database reflected"),
        (("reflected", "no-such-file.sql", None), "no-such-file.sql cannot be read: No such file"),
        (("reflected", "/", None), "cannot be read: Is a directory"),
        (("reflected", "/dev/null", None), "is empty"),
        (("reflected", f"postgresql://a:{PASSWORD}@127.0.0.1:1/a", None), "refused|pg_dump"),
        (("reflected", f"postgresql://a:{PASSWORD}@127.0.0.1:x/a", None), "The address of the database|port"),
        (("reflected", f"postgresql://a:{PASSWORD}@127.0.0.1:1/a?schema=other", None), "names schema other"),
        (("reflected", f"postgres://127.0.0.1:1/a?user=a&password={PASSWORD}", None), "is not supported"),
    ],
)
def test_a_schema_that_cannot_be_read_is_refused(options: tuple[Any, str, str], reason: str) -> None:
    """The message says what can be, and never has the password of an address."""
    with pytest.raises(CommandError, match=reason) as error:
        ddl_of(*options)

    assert PASSWORD not in str(error.value)
