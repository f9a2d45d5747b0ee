-- KEYS format
-- Tells older scripts, which would damage what is written now, to leave the shard alone.
local function need_format(least)
  if (tonumber(format) or 1) < least then
    redis.call('SET', FORMAT, least)
  end
end
