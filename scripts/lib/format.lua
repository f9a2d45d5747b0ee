-- KEYS format
-- Raises the format of the shard to at least `least`. Older scripts, which would damage the new data, then refuse it.
local function need_format(least)
  if (tonumber(format) or 1) < least then
    redis.call('SET', FORMAT, least)
    format = least
  end
end
