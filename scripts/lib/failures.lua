-- KEYS failures
-- include: msgpack
-- include: known_failures
-- The failed attempts of a task are stored as 'score failure failure ...', the newest first, each as MessagePack. The
-- score is that of the newest. If they have more than MOST_BYTES together, the oldest are cut off.
local MOST_BYTES = 65536

local function add_failure(id, score, failure)
  redis.call('HSET', FAILURES, id, score .. ' ' .. string.sub(failure .. failures_of(id), 1, MOST_BYTES))
end

-- The failure of an attempt whose process died: nobody is left to report it. The map is
-- {name: '', error: 'its process died', worker, started_ms, failed_ms}.
local function death_under(worker, started_ms, now_ms)
  local name, started = string.sub(worker, 1, 255), math.min(tonumber(started_ms), 2 ^ 53)
  return '\133\164name\160\165error\176its process died\166worker\217' .. string.char(#name) .. name
    .. '\170started_ms' .. packed_number(started) .. '\169failed_ms' .. packed_number(now_ms)
end
