-- Removes one hash field per item; most tasks have none in the hashes that only troubled ones use.
local function drop_fields(key, items)
  if redis.call('EXISTS', key) == 1 then
    call_in_chunks('HDEL', key, items)
  end
end
