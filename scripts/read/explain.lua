#!lua flags=no-writes
-- READ  Reports a task as read/task does, and what else decides when it runs, all at one moment.
--
-- KEYS waiting tasks paused reaper unique
-- ROW id  text  task; only one
-- Returns {now_ms, place, number, holder, tries, failure, outcome, request, traits, checkpoint, record, ahead, paused, reaper, shard_map, key_holder} see lib/describe.lua; ahead is how many due tasks of this shard are claimed before this one, '' if it does not wait or is not due; key_holder is the task that holds its unique key; what does not exist is ''
-- Cost O(bands in use * log waiting)
-- include: time
-- include: describe
-- include: score
-- include: bands
-- include: shard_map

local now_ms = math.floor(server_us() / 1000)
local id
for _, one in rows() do
  id = one
end

-- How many due tasks sort before a due one: all of better priorities, and of its own those that were due earlier.
local function ahead_of(score)
  local own = score - score % BAND
  local count = redis.call('ZRANK', WAITING, id) - redis.call('ZCOUNT', WAITING, '-inf', '(' .. text(own))
  for base in bands(WAITING, 0) do
    if base >= own then
      break
    end
    count = count + redis.call('ZCOUNT', WAITING, text(base), text(base + now_ms))
  end
  return text(count)
end

local reply = describe({id})
local place, number, traits = reply[1], tonumber(reply[2]), ' ' .. reply[8]
local digest = string.match(traits, ' unique=(%x+) ')
local is_due = place == 'waiting' and number % BAND <= now_ms
table.insert(reply, 1, text(now_ms))
local at = #reply
reply[at + 1] = redis.call('HGET', TASKS, id) or ''
reply[at + 2] = is_due and ahead_of(number) or ''
reply[at + 3] = redis.call('GET', PAUSED) or ''
reply[at + 4] = redis.call('GET', REAPER) or ''
reply[at + 5] = known_shard_map()
reply[at + 6] = digest and redis.call('HGET', UNIQUE, digest) or ''
return reply
