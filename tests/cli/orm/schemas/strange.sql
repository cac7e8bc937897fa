-- Names that mean something in Python or in SQLAlchemy, that are no identifiers, or that become the same; and rare types.
CREATE TYPE "Status" AS ENUM ('in-progress', 'in_progress', '', '5', 'None', 'name', 'ß', 'a"b\c''d');
CREATE TYPE "Text" AS ENUM ('a');
CREATE EXTENSION vector;
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE status (
    id integer PRIMARY KEY,
    "from" text, class integer, metadata jsonb, registry json, self integer REFERENCES status,
    "fooBar" integer, foo_bar integer, "FooBar" integer, "__mapper_args__" text, "_sa_instance_state" text,
    str text, int text, list text, datetime timestamp[], uuid uuid, text text, enum "Status", mapped_column text,
    "1st" integer, "a b" integer, "$" integer, "größe" numeric, "数" integer, "quo""te" text
);
CREATE TABLE "Base" (id integer PRIMARY KEY, "none" "Text");
CREATE TABLE "none" (id integer PRIMARY KEY);
CREATE TABLE "class" (id integer PRIMARY KEY);
CREATE TABLE "we ird""x" (id integer PRIMARY KEY);
CREATE TABLE "Foo" (id integer PRIMARY KEY);
CREATE TABLE foo (id integer PRIMARY KEY);
CREATE TABLE "1" (id integer PRIMARY KEY);
CREATE TABLE nothing ();
CREATE TABLE "keyLess" (a integer NOT NULL, "bC" text, "values" text, ref integer REFERENCES status);
CREATE TABLE named (a integer NOT NULL, "bC" text NOT NULL);
CREATE TABLE rare (
    id integer PRIMARY KEY,
    point point, points point[], pair pair, vector vector(2), xml xml, range int4range, ranges int4multirange, money money, bits bit varying, oid oid,
    tsv tsvector, "char" "char", name name, matrix integer[][], many "Status"[], uuids uuid[], time time, timetz timetz,
    json json, mac macaddr, vague numeric, exact numeric(10, 2), real real, days date[], spans interval[], jsons jsonb[]
);
CREATE VIEW seen AS SELECT id, enum, "fooBar" FROM status;

INSERT INTO status (id, metadata, registry, datetime, enum, self) VALUES (1, 'null', '[1]', '{2026-01-01}', '', 1);
INSERT INTO "Base" VALUES (1, 'a');
INSERT INTO "keyLess" VALUES (1, 'x', 'y', 1);
INSERT INTO named VALUES (1, 'x');
INSERT INTO rare VALUES (
    1, '(1,2)', '{}', '(1,b)', '[1,2]', NULL, '[1,3)', '{[1,3)}', 1.5, '101', 1, 'a', 'c', 'n', '{{1},{2}}', '{5,name}', '{}', '10:00',
    '10:00+01', '{}', '08:00:2b:01:02:03', 1.5, 1.25, 1.5, '{2026-01-01}', '{1 day}', ARRAY['1']::jsonb[]
);
