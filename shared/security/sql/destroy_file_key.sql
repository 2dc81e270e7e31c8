-- A key whose reference begins with `file-` belongs to a file that was brought in; whoever works
-- off files may destroy such a key, and no other.
create function destroy_file_key(p_kid text) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    update subject_keys set wrapped = null, destroyed_at = now()
    where kid = p_kid and p_kid like 'file-%' and destroyed_at is null
    returning true
$$;
