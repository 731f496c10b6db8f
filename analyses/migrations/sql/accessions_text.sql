-- array_to_string is only STABLE, for the sake of types other than text; generated columns need IMMUTABLE.
CREATE FUNCTION accessions_text(text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT array_to_string($1, ' ') $$;
