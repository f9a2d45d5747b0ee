-- KEYS declared
-- A field of `declared` begins with the epoch in which an application declares its schedules; see announce.lua. A
-- worker that was told another epoch earlier may declare no more.

-- Whether a later epoch of the application has declared schedules in this shard. If not, this epoch is noted. A caller
-- that speaks for no application gives ''.
local function is_superseded(application, epoch)
  if application == '' then
    return false
  end
  local stored = redis.call('HGET', DECLARED, application) or ''
  local latest, rest = string.match(stored, '^(%d+)(.*)$')
  if latest and tonumber(latest) > tonumber(epoch) then
    return true
  elseif latest ~= epoch then
    redis.call('HSET', DECLARED, application, epoch .. (rest or ''))
  end
  return false
end
