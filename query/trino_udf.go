// The functions that Trino does not have and our statements call, in SQL. They
// say what those of the same names in duckdb_udf.go say.

package query

import (
	"fmt"
	"strings"
)

// A trinoFunction is an inline function: what follows its name.
type trinoFunction struct{ name, text string }

func (f trinoFunction) declaration() string { return "FUNCTION " + f.name + f.text }

// trinoFunctions is read only. A function calls only those above it.
//
// JSON is read by its tokens, since the JSON functions of Trino lose what a
// record says: of equal keys json_parse keeps the last, 1.50 becomes 1.5, 1e999
// the text "Infinity".
var trinoFunctions = [...]trinoFunction{
	// Strings, with the colon behind a key; brackets; commas; other scalars.
	{"tocsin_json_tokens", `(s varchar) RETURNS array(varchar)
RETURN regexp_extract_all(s, '"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[{}\[\],]|[^\[\]{},:"\s]+')`},

	// What the key of a token means.
	{"tocsin_json_key", `(t varchar) RETURNS varchar
RETURN CASE WHEN strpos(t, '\') = 0 THEN split_part(t, '"', 2) ELSE json_extract_scalar(regexp_replace(t, '\s*:\z'), '$') END`},

	// A scalar as text.
	{"tocsin_json_plain", `(t varchar) RETURNS varchar
RETURN CASE WHEN starts_with(t, '"') THEN json_extract_scalar(t, '$') ELSE t END`},

	// The value of tokens i to j, without white space.
	{"tocsin_json_raw", `(tokens array(varchar), i bigint, j bigint) RETURNS varchar
RETURN array_join(transform(slice(tokens, i, j - i + 1), t -> CASE WHEN t LIKE '%":' OR t NOT LIKE '"%:' THEN t ELSE regexp_replace(t, '\s+:\z', ':') END), '')`},

	// The raw values below a path, through arrays at any place; null is none, and
	// of equal keys the first counts. open are the containers around a token: a
	// for an array, o for an object, f for one whose key was found.
	{"tocsin_json_below", `(s varchar, path array(varchar)) RETURNS array(varchar)
BEGIN
  DECLARE tokens array(varchar) DEFAULT tocsin_json_tokens(s);
  DECLARE hits array(varchar) DEFAULT ARRAY[];
  DECLARE open, t varchar DEFAULT '';
  DECLARE i, nested, start, taken bigint DEFAULT 0;
  DECLARE wanted boolean DEFAULT true;
  WHILE i < cardinality(tokens) DO
    SET i = i + 1;
    SET t = tokens[i];
    IF nested > 0 THEN
      IF t = '{' OR t = '[' THEN
        SET nested = nested + 1;
      ELSEIF t = '}' OR t = ']' THEN
        SET nested = nested - 1;
        IF nested = 0 AND start > 0 THEN
          SET hits = hits || tocsin_json_raw(tokens, start, i);
          SET start = 0;
        END IF;
      END IF;
    ELSEIF t = '}' OR t = ']' THEN
      IF t = '}' THEN
        SET taken = taken - 1;
      END IF;
      SET open = substr(open, 1, length(open) - 1);
      SET wanted = substr(open, -1) = 'a';
    ELSEIF substr(t, -1) = ':' THEN
      SET wanted = false;
      IF substr(open, -1) = 'o' THEN
        SET wanted = tocsin_json_key(t) = path[taken];
        IF wanted THEN
          SET open = substr(open, 1, length(open) - 1) || 'f';
        END IF;
      END IF;
    ELSEIF t <> ',' THEN
      IF NOT wanted THEN
        IF t = '{' OR t = '[' THEN
          SET nested = 1;
        END IF;
      ELSEIF t = '[' THEN
        SET open = open || 'a';
      ELSEIF t = '{' AND taken < cardinality(path) THEN
        SET open = open || 'o';
        SET taken = taken + 1;
        SET wanted = false;
      ELSEIF t = '{' THEN
        SET nested = 1;
        SET start = i;
      ELSE
        IF taken = cardinality(path) AND t <> 'null' THEN
          SET hits = hits || t;
        END IF;
        SET wanted = open <> ''; -- what stands behind the value is not looked at
      END IF;
    END IF;
  END WHILE;
  RETURN hits;
END`},

	{"tocsin_json_values", `(s varchar, path array(varchar)) RETURNS array(varchar)
RETURN transform(tocsin_json_below(s, path), t -> tocsin_json_plain(t))`},

	{"tocsin_json_at", `(s varchar, path array(varchar)) RETURNS varchar
BEGIN
  DECLARE hits array(varchar) DEFAULT tocsin_json_below(s, path);
  RETURN CASE cardinality(hits) WHEN 0 THEN NULL WHEN 1 THEN tocsin_json_plain(hits[1]) ELSE '[' || array_join(hits, ',') || ']' END;
END`},

	// The texts, numbers and truth values at any depth. Where a key stands twice
	// somewhere, the values of a second one in the same object are cut out:
	// starts are the numbers of keys seen around the objects that are open.
	{"tocsin_json_deep", `(s varchar) RETURNS array(varchar)
BEGIN
  DECLARE tokens array(varchar) DEFAULT tocsin_json_tokens(s);
  DECLARE keys array(varchar) DEFAULT transform(filter(tokens, t -> substr(t, -1) = ':'), t -> tocsin_json_key(t));
  DECLARE seen array(varchar) DEFAULT ARRAY[];
  DECLARE starts array(bigint) DEFAULT ARRAY[];
  DECLARE i, k, nested, cut bigint DEFAULT 0;
  DECLARE t varchar;
  IF cardinality(array_distinct(keys)) < cardinality(keys) THEN
    WHILE i < cardinality(tokens) DO
      SET i = i + 1;
      SET t = tokens[i];
      IF substr(t, -1) = ':' THEN
        SET k = k + 1;
      END IF;
      IF cut > 0 THEN
        IF t = '{' OR t = '[' THEN
          SET nested = nested + 1;
        ELSEIF t = '}' OR t = ']' THEN
          SET nested = nested - 1;
        END IF;
        IF nested = 0 THEN
          SET tokens = slice(tokens, 1, cut - 1) || slice(tokens, i + 1, cardinality(tokens));
          SET i = cut - 1;
          SET cut = 0;
        END IF;
      ELSEIF t = '{' THEN
        SET starts = starts || cardinality(seen);
      ELSEIF t = '}' THEN
        SET seen = slice(seen, 1, coalesce(element_at(starts, -1), 0));
        SET starts = slice(starts, 1, cardinality(starts) - 1);
      ELSEIF substr(t, -1) = ':' THEN
        IF contains(slice(seen, 1 + coalesce(element_at(starts, -1), 0), cardinality(seen)), keys[k]) THEN
          SET cut = i + 1;
          SET nested = 0;
        ELSE
          SET seen = seen || keys[k];
        END IF;
      END IF;
    END WHILE;
  END IF;
  RETURN transform(filter(tokens, t -> strpos('{}[],', t) = 0 AND substr(t, -1) <> ':' AND t <> 'null'), t -> tocsin_json_plain(t));
END`},

	// The value of an exact path, whose steps are .key and #index, as text.
	{"tocsin_json_value", `(s varchar, steps array(varchar)) RETURNS varchar
BEGIN
  DECLARE tokens array(varchar) DEFAULT tocsin_json_tokens(s);
  DECLARE t, step varchar DEFAULT '';
  DECLARE i, nested, start, taken, place bigint DEFAULT 0;
  DECLARE wanted boolean DEFAULT true;
  WHILE i < cardinality(tokens) DO
    SET i = i + 1;
    SET t = tokens[i];
    IF nested > 0 THEN
      IF t = '{' OR t = '[' THEN
        SET nested = nested + 1;
      ELSEIF t = '}' OR t = ']' THEN
        SET nested = nested - 1;
        IF nested = 0 AND start > 0 THEN
          RETURN tocsin_json_raw(tokens, start, i);
        END IF;
      END IF;
    ELSEIF t = '}' OR t = ']' THEN
      RETURN NULL;
    ELSEIF starts_with(step, '.') AND substr(t, -1) = ':' THEN
      SET wanted = step = '.' || tocsin_json_key(t);
    ELSEIF t = ',' THEN
      SET place = place + 1;
      SET wanted = step = '#' || CAST(place AS varchar);
    ELSEIF NOT wanted THEN
      IF t = '{' OR t = '[' THEN
        SET nested = 1;
      END IF;
    ELSEIF taken = cardinality(steps) THEN
      IF t = '{' OR t = '[' THEN
        SET nested = 1;
        SET start = i;
      ELSE
        RETURN nullif(tocsin_json_plain(t), CASE WHEN t = 'null' THEN t END);
      END IF;
    ELSE
      SET taken = taken + 1;
      SET step = steps[taken];
      SET place = 0;
      SET wanted = t = '[' AND step = '#0';
      IF (t = '{') <> starts_with(step, '.') OR t <> '{' AND t <> '[' THEN
        RETURN NULL;
      END IF;
    END IF;
  END WHILE;
  RETURN NULL;
END`},

	// The elements of an array as they stand; NULL: it is none.
	{"tocsin_json_raws", `(s varchar) RETURNS array(varchar)
BEGIN
  DECLARE tokens array(varchar) DEFAULT tocsin_json_tokens(s);
  DECLARE found array(varchar) DEFAULT ARRAY[];
  DECLARE t varchar;
  DECLARE i, depth, start bigint DEFAULT 0;
  IF json_array_length(s) IS NULL OR TRY(json_parse(s)) IS NULL THEN
    RETURN NULL;
  END IF;
  WHILE i < cardinality(tokens) DO
    SET i = i + 1;
    SET t = tokens[i];
    IF t = '}' OR t = ']' THEN
      SET depth = depth - 1;
      IF depth = 0 THEN
        RETURN found;
      ELSEIF depth = 1 THEN
        SET found = found || tocsin_json_raw(tokens, start, i);
      END IF;
    ELSEIF t = '{' OR t = '[' THEN
      SET depth = depth + 1;
      IF depth = 2 THEN
        SET start = i;
      END IF;
    ELSEIF depth = 1 AND t <> ',' THEN
      SET found = found || t;
    END IF;
  END WHILE;
  RETURN found;
END`},

	// The elements of an array as texts; NULL: it is none.
	{"tocsin_json_texts", `(s varchar) RETURNS array(varchar)
RETURN transform(tocsin_json_raws(s), t -> CASE WHEN t <> 'null' THEN tocsin_json_plain(t) END)`},

	// The tokens of a text, and empty texts between delimiters.
	{"tocsin_words", `(s varchar) RETURNS array(varchar)
RETURN split(translate(s, U&'` + unicodeLiteral(delimiters) + `', '` + strings.Repeat(" ", len(delimiters)) + `'), ' ')`},

	{"tocsin_trim", `(s varchar) RETURNS varchar
RETURN trim(BOTH U&' \0009\000A\000B\000C\000D' FROM s)`},

	{"tocsin_number", `(x varchar, lax boolean) RETURNS double RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE s varchar DEFAULT tocsin_trim(x);
  IF regexp_like(s, '\A[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\z') AND is_finite(CAST(s AS double)) THEN
    RETURN CAST(s AS double);
  END IF;
  RETURN CASE WHEN NOT lax THEN CAST('cast: ' || substr(x, 1, 60) || ' is no number (try_cast gives NULL instead)' AS double) END;
END`},

	{"tocsin_integer", `(x varchar, lax boolean) RETURNS bigint RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE s varchar DEFAULT tocsin_trim(x);
  DECLARE n bigint;
  IF regexp_like(s, '\A[-+]?[0-9]+\z') THEN
    SET n = TRY_CAST(s AS bigint);
  END IF;
  RETURN CASE WHEN n IS NOT NULL OR lax THEN n ELSE CAST('cast: ' || substr(x, 1, 60) || ' is no bigint (try_cast gives NULL instead)' AS bigint) END;
END`},

	{"tocsin_boolean", `(x varchar, lax boolean) RETURNS boolean RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE s varchar DEFAULT lower(tocsin_trim(x));
  RETURN CASE WHEN s IN ('true', 't', '1') THEN true WHEN s IN ('false', 'f', '0') THEN false
    WHEN NOT lax THEN CAST('cast: ' || substr(x, 1, 60) || ' is no boolean (try_cast gives NULL instead)' AS boolean) END;
END`},

	{"tocsin_time", `(x varchar, lax boolean) RETURNS timestamp(6) RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE s varchar DEFAULT tocsin_trim(x);
  DECLARE zone varchar DEFAULT regexp_extract(s, '[-+][0-9]{2}:[0-9]{2}\z');
  DECLARE t timestamp(6);
  IF regexp_like(s, '\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?(?:Z|[-+](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?)?\z') THEN
    SET t = TRY_CAST(substr(s, 1, 10) || ' ' || coalesce(nullif(substr(s, 12, 5), ''), '00:00') || ':' || coalesce(nullif(substr(s, 18, 2), ''), '00')
      || coalesce(substr(regexp_extract(s, '\.[0-9]+'), 1, 7), '') AS timestamp(6));
    IF zone IS NOT NULL AND length(s) > 16 THEN
      SET t = date_add('minute', (CASE WHEN starts_with(zone, '-') THEN 1 ELSE -1 END) * (CAST(substr(zone, 2, 2) AS bigint) * 60 + CAST(substr(zone, 5, 2) AS bigint)), t);
    END IF;
  END IF;
  IF year(t) BETWEEN 1 AND 9999 THEN
    RETURN t;
  END IF;
  RETURN CASE WHEN NOT lax THEN CAST('cast: ' || substr(x, 1, 60) || ' is no timestamp (try_cast gives NULL instead)' AS timestamp(6)) END;
END`},

	{"tocsin_url_decode", `(s varchar) RETURNS varchar
RETURN CASE WHEN NOT regexp_like(s, '%(?:[^0-9A-Fa-f]|[0-9A-Fa-f](?:[^0-9A-Fa-f]|\z)|\z)') THEN url_decode(s) END`},

	// An address of the other family is in no network, though Trino keeps those
	// of IPv4 as ::ffff:0:0/96.
	{"tocsin_subnet", `(network varchar, x varchar) RETURNS boolean RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE ip ipaddress;
  IF regexp_like(tocsin_trim(x), '\A[0-9A-Fa-f:.]+\z') THEN
    SET ip = TRY_CAST(tocsin_trim(x) AS ipaddress);
  END IF;
  RETURN coalesce(contains(network, ip) AND (strpos(network, ':') = 0 OR NOT contains('::ffff:0:0/96', ip)), false);
END`},

	// The first bits of an address of one family, as 0 and 1.
	{"tocsin_bits", `(x varchar, n bigint, six boolean) RETURNS varchar RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE ip ipaddress;
  DECLARE digits varchar;
  IF regexp_like(tocsin_trim(x), '\A[0-9A-Fa-f:.]+\z') THEN
    SET ip = TRY_CAST(tocsin_trim(x) AS ipaddress);
  END IF;
  IF ip IS NULL OR contains('::ffff:0:0/96', ip) = six THEN
    RETURN NULL;
  END IF;
  SET digits = to_hex(CAST(ip AS varbinary));
  RETURN substr(array_join(transform(sequence(CASE WHEN six THEN 1 ELSE 25 END, 32, 4), i -> lpad(to_base(from_base(substr(digits, i, 4), 16), 2), 16, '0')), ''), 1, n);
END`},
}

// unicodeLiteral writes a text of one-byte letters for U&'…'.
func unicodeLiteral(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\%04X`, c)
	}
	return b.String()
}
