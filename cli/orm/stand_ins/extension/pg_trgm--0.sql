-- Functions of PostgreSQL's text search take the places of its own, which are written in C; nothing calls them, as all
-- tables are empty.
CREATE FUNCTION similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION word_similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION strict_word_similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION similarity_op(text, text) RETURNS boolean AS 'SELECT false' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION similarity_dist(text, text) RETURNS real AS 'SELECT 1::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION show_trgm(text) RETURNS text[] AS 'SELECT ARRAY[]::text[]' LANGUAGE sql IMMUTABLE;
CREATE OPERATOR % (LEFTARG = text, RIGHTARG = text, FUNCTION = similarity_op);
CREATE OPERATOR <-> (LEFTARG = text, RIGHTARG = text, FUNCTION = similarity_dist);
CREATE OPERATOR CLASS gin_trgm_ops FOR TYPE text USING gin AS
    FUNCTION 1 bttextcmp(text, text),
    FUNCTION 2 gin_extract_tsvector(tsvector, internal, internal),
    FUNCTION 3 gin_extract_tsquery(tsvector, internal, smallint, internal, internal, internal, internal),
    FUNCTION 4 gin_tsquery_consistent(internal, smallint, tsvector, integer, internal, internal, internal, internal);
CREATE OPERATOR CLASS gist_trgm_ops FOR TYPE text USING gist AS
    FUNCTION 1 gtsvector_consistent(internal, tsvector, smallint, oid, internal),
    FUNCTION 2 gtsvector_union(internal, internal),
    FUNCTION 3 gtsvector_compress(internal),
    FUNCTION 4 gtsvector_decompress(internal),
    FUNCTION 5 gtsvector_penalty(internal, internal, internal),
    FUNCTION 6 gtsvector_picksplit(internal, internal),
    FUNCTION 7 gtsvector_same(gtsvector, gtsvector, internal),
    STORAGE gtsvector;
