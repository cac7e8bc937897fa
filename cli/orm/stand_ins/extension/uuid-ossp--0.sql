CREATE FUNCTION uuid_generate_v1() RETURNS uuid AS 'SELECT gen_random_uuid()' LANGUAGE sql;
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid AS 'SELECT gen_random_uuid()' LANGUAGE sql;
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid AS 'SELECT gen_random_uuid()' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION uuid_generate_v4() RETURNS uuid AS 'SELECT gen_random_uuid()' LANGUAGE sql;
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid AS 'SELECT gen_random_uuid()' LANGUAGE sql IMMUTABLE;
