-- The type with PostgreSQL's functions for text: it compares as text does, not without regard to case.
CREATE TYPE citext;
CREATE FUNCTION citextin(cstring) RETURNS citext AS 'textin' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextout(citext) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextrecv(internal) RETURNS citext AS 'textrecv' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextsend(citext) RETURNS bytea AS 'textsend' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE TYPE citext (
    INPUT = citextin, OUTPUT = citextout, RECEIVE = citextrecv, SEND = citextsend,
    INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'S', COLLATABLE = true
);
CREATE CAST (citext AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (citext AS varchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS citext) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (varchar AS citext) WITHOUT FUNCTION AS ASSIGNMENT;

-- The operators are there because dumps name them with their schema.
CREATE FUNCTION citext_eq(citext, citext) RETURNS boolean AS 'texteq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_ne(citext, citext) RETURNS boolean AS 'textne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_lt(citext, citext) RETURNS boolean AS 'text_lt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_le(citext, citext) RETURNS boolean AS 'text_le' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_gt(citext, citext) RETURNS boolean AS 'text_gt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_ge(citext, citext) RETURNS boolean AS 'text_ge' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_regex(citext, citext) RETURNS boolean AS 'textregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_not_regex(citext, citext) RETURNS boolean AS 'textregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_iregex(citext, citext) RETURNS boolean AS 'texticregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_not_iregex(citext, citext) RETURNS boolean AS 'texticregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_like(citext, citext) RETURNS boolean AS 'textlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_not_like(citext, citext) RETURNS boolean AS 'textnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_ilike(citext, citext) RETURNS boolean AS 'texticlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext_not_ilike(citext, citext) RETURNS boolean AS 'texticnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR = (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_eq);
CREATE OPERATOR <> (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_ne);
CREATE OPERATOR < (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_lt);
CREATE OPERATOR <= (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_le);
CREATE OPERATOR > (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_gt);
CREATE OPERATOR >= (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_ge);
CREATE OPERATOR ~ (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_regex);
CREATE OPERATOR !~ (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_not_regex);
CREATE OPERATOR ~* (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_iregex);
CREATE OPERATOR !~* (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_not_iregex);
CREATE OPERATOR ~~ (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_like);
CREATE OPERATOR !~~ (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_not_like);
CREATE OPERATOR ~~* (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_ilike);
CREATE OPERATOR !~~* (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_not_ilike);
CREATE FUNCTION citext_regex(citext, text) RETURNS boolean AS 'textregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR ~ (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_regex);
CREATE FUNCTION citext_not_regex(citext, text) RETURNS boolean AS 'textregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR !~ (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_not_regex);
CREATE FUNCTION citext_iregex(citext, text) RETURNS boolean AS 'texticregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR ~* (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_iregex);
CREATE FUNCTION citext_not_iregex(citext, text) RETURNS boolean AS 'texticregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR !~* (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_not_iregex);
CREATE FUNCTION citext_like(citext, text) RETURNS boolean AS 'textlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR ~~ (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_like);
CREATE FUNCTION citext_not_like(citext, text) RETURNS boolean AS 'textnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR !~~ (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_not_like);
CREATE FUNCTION citext_ilike(citext, text) RETURNS boolean AS 'texticlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR ~~* (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_ilike);
CREATE FUNCTION citext_not_ilike(citext, text) RETURNS boolean AS 'texticnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR !~~* (LEFTARG = citext, RIGHTARG = text, FUNCTION = citext_not_ilike);
