#!lua flags=no-writes
-- READ  Reports what there is to do in many shards at once, so that a worker need not ask them one by one.
--
-- Empty shards are found and skipped in groups. If a key has the wrong type, its shard is reported as not sound; the
-- reports of the other keys and shards are not affected.
--
-- SHARD waiting leases held tasks dead outcomes finished reaper paused layout
-- ARG worker  text  the worker that asks
-- Returns {now_ms, shard_maps, (shard, next_due_ms, next_expiry_ms, forget_ms, death_ms, led_until_ms, size, is_sound)*} shard_maps: one per shard; then one group of values per shard that is not empty; shard counts from 1; a time is '' if there is none; led_until_ms: until when another worker reaps the shard; size: how many entries it has; is_sound: 1 if the sizes of its keys agree with each other
-- Cost O(shards + shards with something * bands in use * log waiting)
-- include: time
-- include: text
-- include: score
-- include: many

local MOST_BANDS = 32
-- The keys of a shard that contain tasks.
local OF_TASKS = {WAITING, LEASES, HELD, TASKS, DEAD, OUTCOMES, FINISHED}
local firsts = {}
for first = 1, #KEYS, LAYOUT + 1 do
  firsts[#firsts + 1] = first
end
local now_ms = math.floor(server_us() / 1000)
local reply = {text(now_ms), strings(KEYS, firsts, LAYOUT)}
local is_sound

-- The reply of a command. If it is an error, such as for a key of the wrong type, the shard is marked as not sound, and
-- `otherwise` is given, the reply for an empty key.
local function sound(answer, otherwise)
  if type(answer) == 'table' and answer.err then
    is_sound = 0
    return otherwise
  end
  return answer
end

-- When the first task of a shard is due. After MOST_BANDS bands without a due task it gives up and answers: now.
local function next_due(waiting)
  local low, nearest = 0, nil
  for _ = 1, MOST_BANDS do
    local head = sound(redis.pcall('ZRANGEBYSCORE', waiting, text(low), ABOVE_HIGHEST, 'WITHSCORES', 'LIMIT', 0, 1), {})
    if not head[1] then
      return nearest and text(nearest) or ''
    end
    local run_at = tonumber(head[2]) % BAND
    local base = tonumber(head[2]) - run_at
    if run_at <= now_ms then
      return text(now_ms)
    end
    nearest = math.min(nearest or run_at, run_at)
    low = base + BAND
  end
  return text(now_ms)
end

local function lowest(key)
  local first = sound(redis.pcall('ZRANGE', key, 0, 0, 'WITHSCORES'), {})
  return first[2] and text(tonumber(first[2])) or ''
end

-- When the first outcome is forgotten, whether it is one of those that may be forgotten sooner or one of the others.
local function next_forgotten(finished)
  local first = sound(redis.pcall('ZRANGEBYSCORE', finished, '0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1), {})
  local spare = tonumber(lowest(finished)) or 0
  local moment = tonumber(first[2])
  if spare < 0 then
    moment = math.min(moment or BAND, spare + BAND)
  end
  return moment and text(moment) or ''
end

-- When a claim of a paused shard leases tasks again; '' if that is not known. nil if the shard is not paused.
local function resume_time(paused)
  local until_ms = string.match(sound(redis.pcall('GET', paused), false) or '', '^%d+ (%d+) ')
  if until_ms == '0' then
    return ''
  end
  return until_ms and tonumber(until_ms) > now_ms and until_ms or nil
end

local function led_elsewhere(reaper)
  local leader, until_ms = string.match(sound(redis.pcall('GET', reaper), false) or '', '^(%S+) (%d+) ')
  return leader and leader ~= worker and tonumber(until_ms) > now_ms and until_ms or ''
end

local function look_into(shard, first)
  is_sound = 1
  local waiting, leases, finished = KEYS[first + WAITING], KEYS[first + LEASES], KEYS[first + FINISHED]
  local waits, leased = sound(redis.pcall('ZCARD', waiting), 0), sound(redis.pcall('ZCARD', leases), 0)
  local held, tasks = sound(redis.pcall('HLEN', KEYS[first + HELD]), 0), sound(redis.pcall('HLEN', KEYS[first + TASKS]), 0)
  local dead = sound(redis.pcall('ZCARD', KEYS[first + DEAD]), 0)
  local outcomes, ended = sound(redis.pcall('HLEN', KEYS[first + OUTCOMES]), 0), sound(redis.pcall('ZCARD', finished), 0)
  if waits + leased + dead ~= tasks or leased ~= held or outcomes ~= ended then
    is_sound = 0
  end
  local at = #reply
  reply[at + 1] = shard
  reply[at + 2] = waits > 0 and (resume_time(KEYS[first + PAUSED]) or next_due(waiting)) or ''
  reply[at + 3] = leased > 0 and lowest(leases) or ''
  reply[at + 4] = ended > 0 and next_forgotten(finished) or ''
  reply[at + 5] = dead > 0 and lowest(KEYS[first + DEAD]) or ''
  reply[at + 6] = led_elsewhere(KEYS[first + REAPER])
  reply[at + 7] = waits + leased + held + tasks + dead + outcomes + ended
  reply[at + 8] = is_sound
end

-- Reports the shards from `low` to `high` that are not empty. It halves the range repeatedly and skips empty halves.
local function look_into_all(low, high)
  if count_existing(KEYS, firsts, low, high, OF_TASKS) == 0 then
    return
  elseif low == high then
    look_into(low, firsts[low])
  else
    local middle = math.floor((low + high) / 2)
    look_into_all(low, middle)
    look_into_all(middle + 1, high)
  end
end

look_into_all(1, #firsts)
return reply
