// Casts of JSON to arrays and maps for Trino, in SQL. They say what those of the
// same names in udf_json.go say.

package query

import "strings"

// trinoCasts are the functions that read JSON as arrays and maps. Each element
// is read by one of its own, which gives NULL where it cannot.
func trinoCasts() []trinoFunction {
	out := []trinoFunction{
		{"tocsin_json_element_text", `(t varchar) RETURNS varchar
RETURN CASE WHEN t <> 'null' THEN tocsin_json_plain(t) END`},

		{"tocsin_json_element_json", `(t varchar) RETURNS varchar
RETURN CASE WHEN t <> 'null' THEN tocsin_json_plain(t) END`},

		{"tocsin_json_element_integer", `(t varchar) RETURNS bigint
RETURN CASE WHEN t = 'true' THEN 1 WHEN t = 'false' THEN 0 WHEN starts_with(t, '"') THEN tocsin_integer(tocsin_json_plain(t), true)
  ELSE coalesce(tocsin_integer(t, true), TRY_CAST(round(tocsin_number(t, true)) AS bigint)) END`},

		{"tocsin_json_element_double", `(t varchar) RETURNS double
RETURN CASE WHEN t = 'true' THEN 1e0 WHEN t = 'false' THEN 0e0 ELSE tocsin_number(tocsin_json_plain(t), true) END`},

		{"tocsin_json_element_boolean", `(t varchar) RETURNS boolean
RETURN CASE WHEN t IN ('true', 'false') THEN t = 'true'
  WHEN starts_with(t, '"') THEN CASE WHEN lower(tocsin_json_plain(t)) IN ('true', 't', '1') THEN true WHEN lower(tocsin_json_plain(t)) IN ('false', 'f', '0') THEN false END
  ELSE tocsin_number(t, true) <> 0 END`},

		// Keys and raw values of an object by turns, of equal keys the first; NULL: it
		// is none.
		{"tocsin_json_members", `(s varchar) RETURNS array(varchar)
BEGIN
  DECLARE tokens array(varchar) DEFAULT tocsin_json_tokens(s);
  DECLARE found array(varchar) DEFAULT ARRAY[];
  DECLARE keys array(varchar) DEFAULT ARRAY[];
  DECLARE t, key varchar;
  DECLARE i, depth, start bigint DEFAULT 0;
  IF coalesce(element_at(tokens, 1), '') <> '{' OR TRY(json_parse(s)) IS NULL THEN
    RETURN NULL;
  END IF;
  WHILE i < cardinality(tokens) DO
    SET i = i + 1;
    SET t = tokens[i];
    IF t = '}' OR t = ']' THEN
      SET depth = depth - 1;
      IF depth = 0 THEN
        RETURN found;
      ELSEIF depth = 1 AND key IS NOT NULL THEN
        SET found = found || ARRAY[key, tocsin_json_raw(tokens, start, i)];
      END IF;
    ELSEIF t = '{' OR t = '[' THEN
      SET depth = depth + 1;
      IF depth = 2 THEN
        SET start = i;
      END IF;
    ELSEIF depth = 1 AND substr(t, -1) = ':' THEN
      SET key = CASE WHEN NOT contains(keys, tocsin_json_key(t)) THEN tocsin_json_key(t) END;
      SET keys = keys || tocsin_json_key(t);
    ELSEIF depth = 1 AND t <> ',' AND key IS NOT NULL THEN
      SET found = found || ARRAY[key, t];
    END IF;
  END WHILE;
  RETURN found;
END`},

		{"tocsin_json_halves", `(m array(varchar), of bigint) RETURNS array(varchar)
RETURN CASE WHEN cardinality(m) = 0 THEN ARRAY[] ELSE transform(sequence(1, cardinality(m) / 2), i -> m[2 * i - of]) END`},

		{"tocsin_json_keys", `(s varchar, lax boolean) RETURNS array(varchar) RETURNS NULL ON NULL INPUT
RETURN CASE WHEN tocsin_json_members(s) IS NOT NULL THEN tocsin_json_halves(tocsin_json_members(s), 1)
  WHEN NOT lax THEN repeat(CAST(CAST('cast: ' || substr(s, 1, 60) || ' is no map (try_cast gives NULL instead)' AS bigint) AS varchar), 1) END`},
	}
	for _, of := range [...]struct{ name, t, presto string }{{"text", "varchar", "varchar"}, {"json", "varchar", "json"}, {"integer", "bigint", "bigint"}, {"double", "double", "double"}, {"boolean", "boolean", "boolean"}} {
		out = append(out,
			manyOf("tocsin_json_array_"+of.name, "tocsin_json_raws(s)", of.name, of.t, "array("+of.presto+")"),
			manyOf("tocsin_json_values_"+of.name, "tocsin_json_halves(tocsin_json_members(s), 0)", of.name, of.t, "map(varchar, "+of.presto+")"))
	}
	return out
}

// manyOf is a function that reads the raw values that from gives; one that cannot
// be read spoils all.
func manyOf(name, from, element, t, to string) trinoFunction {
	return trinoFunction{name, strings.NewReplacer("FROM", from, "ELEMENT", "tocsin_json_element_"+element, "TYPE", t, "TO", to).Replace(`(s varchar, lax boolean) RETURNS array(TYPE) RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE raws array(varchar) DEFAULT FROM;
  IF tocsin_trim(s) = 'null' THEN
    RETURN NULL;
  END IF;
  IF raws IS NULL OR any_match(raws, t -> t <> 'null' AND ELEMENT(t) IS NULL) THEN
    RETURN CASE WHEN NOT lax THEN repeat(CAST(CAST('cast: ' || substr(s, 1, 60) || ' is no TO (try_cast gives NULL instead)' AS bigint) AS TYPE), 1) END;
  END IF;
  RETURN transform(raws, t -> CASE WHEN t <> 'null' THEN ELEMENT(t) END);
END`)}
}
