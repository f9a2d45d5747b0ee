-- KEYS failures
-- include: msgpack
-- include: known_failures
-- The failed attempts of a task are stored as 'score failure failure ...', the newest first, each as MessagePack. The
-- score is that of the newest. If they have more than MOST_BYTES together, the oldest are cut off.
local MOST_BYTES = 65536

local function add_failure(id, score, failure)
  redis.call('HSET', FAILURES, id, score .. ' ' .. string.sub(failure .. failures_of(id), 1, MOST_BYTES))
end

-- Why a task is dead of which no other attempt may begin, as MessagePack; a DeathReason in redisched/model.py.
local OUT_OF_TIME = '\166reason\191out of time for another attempt'

-- A failure that also tells that the task is dead because of its deadline. A failure is a map; if a key is in it twice,
-- the last one counts.
local function as_last(failure)
  local entries = string.byte(failure) or 0
  if entries < 128 or entries > 142 then
    return failure
  end
  return string.char(entries + 1) .. string.sub(failure, 2) .. OUT_OF_TIME
end

-- The failure of a task that is dead although no attempt of it has just failed. The map is {name: '', error, failed_ms,
-- reason}.
local function overdue(error, now_ms)
  return '\132\164name\160\165error\217' .. string.char(#error) .. error
    .. '\169failed_ms' .. packed_number(now_ms) .. OUT_OF_TIME
end

-- The failure of an attempt whose process died: nobody is left to report it. The map is
-- {name: '', error: 'its process died', worker, started_ms, failed_ms}.
local function death_under(worker, started_ms, now_ms)
  local name, started = string.sub(worker, 1, 255), math.min(tonumber(started_ms), 2 ^ 53)
  return '\133\164name\160\165error\176its process died\166worker\217' .. string.char(#name) .. name
    .. '\170started_ms' .. packed_number(started) .. '\169failed_ms' .. packed_number(now_ms)
end
