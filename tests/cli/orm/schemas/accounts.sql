-- As a backend over a schema of its own has it: citext, generated columns, a function as default, a composite foreign key,
-- comments, a trigram index, an enum without values, tables in another schema, and names like those of the chassis.
CREATE SCHEMA accounts;
CREATE EXTENSION citext;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION pgcrypto;
CREATE EXTENSION pg_trgm;
SET search_path = accounts, public;

CREATE TYPE permission AS ENUM ();
CREATE TYPE factor AS ENUM ('totp', 'web-authn');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '[^@]+@[^@]+');
CREATE TABLE public.tenants (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    tenant_id uuid REFERENCES public.tenants,
    username citext NOT NULL UNIQUE CHECK (username ~ '^[a-z]'),
    address email,
    email_confirmed_at timestamptz,
    phone_confirmed_at timestamptz,
    confirmed_at timestamptz GENERATED ALWAYS AS (LEAST(email_confirmed_at, phone_confirmed_at)) STORED,
    permissions permission[],
    status smallint NOT NULL DEFAULT 0 CHECK (status IN (0, 1)),
    tier text NOT NULL DEFAULT 'free' CHECK (tier IN ('free', 'paid')),
    display text GENERATED ALWAYS AS (upper(tier)) VIRTUAL,
    last_ip inet,
    quota interval,
    secret bytea DEFAULT gen_random_bytes(16)
);
COMMENT ON TABLE users IS 'People who may "log in".';
COMMENT ON COLUMN users.tier IS E'What they pay for.\nSee tiers.';
CREATE INDEX users_name ON users USING gin (tier gin_trgm_ops);
CREATE TABLE factors (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind factor NOT NULL,
    friendly_name text,
    PRIMARY KEY (user_id, kind)
);
CREATE TABLE challenges (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL,
    kind factor NOT NULL,
    valid int8range,
    FOREIGN KEY (user_id, kind) REFERENCES factors
);
CREATE TABLE inbox (id integer PRIMARY KEY, text text);
CREATE TABLE outbox (position integer NOT NULL);

INSERT INTO users (username, address, email_confirmed_at, last_ip) VALUES ('ada', 'ada@example.com', '2026-01-01Z', '10.0.0.1');
INSERT INTO factors SELECT id, 'web-authn' FROM users;
INSERT INTO challenges (user_id, kind, valid) SELECT user_id, kind, '[1,5)' FROM factors;
INSERT INTO inbox VALUES (1, 'hello');
INSERT INTO outbox VALUES (1);
