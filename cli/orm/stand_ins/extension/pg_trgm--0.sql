CREATE FUNCTION similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION word_similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION strict_word_similarity(text, text) RETURNS real AS 'SELECT 0::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION similarity_op(text, text) RETURNS boolean AS 'SELECT false' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION similarity_dist(text, text) RETURNS real AS 'SELECT 1::real' LANGUAGE sql IMMUTABLE;
CREATE FUNCTION show_trgm(text) RETURNS text[] AS 'SELECT ARRAY[]::text[]' LANGUAGE sql IMMUTABLE;
CREATE OPERATOR % (LEFTARG = text, RIGHTARG = text, FUNCTION = similarity_op);
CREATE OPERATOR <-> (LEFTARG = text, RIGHTARG = text, FUNCTION = similarity_dist);
-- void_in reads no argument and returns 0: no trigrams, so that rows can be inserted and none is found.
CREATE FUNCTION no_trigrams(text, internal, internal) RETURNS internal AS 'void_in' LANGUAGE internal IMMUTABLE;
CREATE FUNCTION no_trigrams(text, internal, smallint, internal, internal, internal, internal) RETURNS internal
    AS 'void_in' LANGUAGE internal IMMUTABLE;
CREATE FUNCTION no_match(internal, smallint, text, integer, internal, internal, internal, internal) RETURNS boolean
    AS 'void_in' LANGUAGE internal IMMUTABLE;
CREATE OPERATOR CLASS gin_trgm_ops FOR TYPE text USING gin AS
    FUNCTION 1 bttextcmp(text, text),
    FUNCTION 2 no_trigrams(text, internal, internal),
    FUNCTION 3 no_trigrams(text, internal, smallint, internal, internal, internal, internal),
    FUNCTION 4 no_match(internal, smallint, text, integer, internal, internal, internal, internal);
