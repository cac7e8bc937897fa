CREATE FUNCTION gen_random_bytes(integer) RETURNS bytea AS 'SELECT NULL::bytea' LANGUAGE sql;
CREATE FUNCTION gen_salt(text) RETURNS text AS 'SELECT NULL::text' LANGUAGE sql;
CREATE FUNCTION gen_salt(text, integer) RETURNS text AS 'SELECT NULL::text' LANGUAGE sql;
CREATE FUNCTION crypt(text, text) RETURNS text AS 'SELECT NULL::text' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION digest(text, text) RETURNS bytea AS 'SELECT NULL::bytea' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION digest(bytea, text) RETURNS bytea AS 'SELECT NULL::bytea' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION hmac(text, text, text) RETURNS bytea AS 'SELECT NULL::bytea' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea AS 'SELECT NULL::bytea' LANGUAGE sql IMMUTABLE;
