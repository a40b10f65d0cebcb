-- questions.sql: PostgreSQL as somebody would lay it out who knows the questions beforehand: a table a
-- resource type, and an index for exactly each question of questions.txt. Made before anything is loaded:
-- tables, functions. The second half, behind the mark, after loading: indexes and statistics.

-- Times with their zone, as an index may hold them (the text names its zone, so nothing is assumed).
CREATE FUNCTION instant(t text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT t::timestamptz';
-- Upper and lower case, and the two letters of the Russian alphabet that search does not tell apart.
CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT translate(lower(t), 'ёй', 'еи')$$;

CREATE TABLE patient (id text PRIMARY KEY, body jsonb NOT NULL);
CREATE TABLE practitioner (LIKE patient INCLUDING ALL);
CREATE TABLE coverage (LIKE patient INCLUDING ALL);
CREATE TABLE condition (LIKE patient INCLUDING ALL);
CREATE TABLE encounter (LIKE patient INCLUDING ALL);
CREATE TABLE observation (LIKE patient INCLUDING ALL);
CREATE TABLE medicationrequest (LIKE patient INCLUDING ALL);

-- loaded

CREATE INDEX ON patient USING gin ((body->'identifier') jsonb_path_ops);
CREATE INDEX ON patient (folded(body#>>'{name,0,family}') text_pattern_ops);
CREATE INDEX ON patient (folded(body#>>'{name,1,family}') text_pattern_ops);
CREATE INDEX ON patient ((body->>'birthDate'));
CREATE INDEX ON coverage ((body#>>'{beneficiary,reference}'));
CREATE INDEX ON condition USING gin ((body->'code'->'coding') jsonb_path_ops);
CREATE INDEX ON condition ((body#>>'{subject,reference}'));
CREATE INDEX ON encounter ((body#>>'{subject,reference}'));
CREATE INDEX ON encounter (instant(body#>>'{period,start}'));
CREATE INDEX ON encounter (instant(body#>>'{period,end}'));
CREATE INDEX ON observation ((body#>>'{subject,reference}'));
CREATE INDEX ON observation ((body#>>'{encounter,reference}'));
CREATE INDEX ON observation ((substr(body#>>'{encounter,reference}', 11)));
CREATE INDEX ON observation ((body->>'status'));
CREATE INDEX ON observation (instant(body->>'effectiveDateTime'), id);
CREATE INDEX ON observation ((body#>>'{code,coding,0,code}'), instant(body->>'effectiveDateTime'));
CREATE INDEX ON observation ((body#>>'{category,0,coding,0,code}'), instant(body->>'effectiveDateTime'), id);
CREATE INDEX ON observation ((body#>>'{valueQuantity,code}'), ((body#>>'{valueQuantity,value}')::numeric));
CREATE INDEX ON observation ((body#>>'{code,coding,0,code}'), (body#>>'{valueQuantity,code}'), ((body#>>'{valueQuantity,value}')::numeric));
CREATE INDEX ON medicationrequest (instant(body->>'authoredOn'));
VACUUM (FREEZE, ANALYZE);
