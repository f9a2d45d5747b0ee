-- KEYS paused
-- `paused` is 'since_ms until_ms who': since when and until when claims lease nothing; until_ms is 0 if the shard stays
-- paused until somebody resumes it.
--
-- When a paused shard resumes by itself, as text: '' if never. nil if the shard is not paused.
local function resume_time(now_ms)
  local until_ms = string.match(redis.call('GET', PAUSED) or '', '^%d+ (%d+) ')
  if until_ms == '0' then
    return ''
  end
  return until_ms and tonumber(until_ms) > now_ms and until_ms or nil
end
