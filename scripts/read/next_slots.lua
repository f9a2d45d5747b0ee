#!lua flags=no-writes
-- READ  Reports when the next slot of a schedule is, in many shards at once. Costs one command if none has schedules.
--
-- SHARD firing
-- Returns {now_ms, (shard, slot_ms)*} for each shard that has a slot to come; shard counts from 1
-- Cost O(shards)
-- include: time
-- include: text
-- include: many

local firsts = {}
for first = 1, #KEYS, FIRING + 1 do
  firsts[#firsts + 1] = first
end
local reply = {text(math.floor(server_us() / 1000))}
if count_existing(KEYS, firsts, 1, #firsts, {FIRING}) == 0 then
  return reply
end
for shard = 1, #firsts do
  local first = redis.pcall('ZRANGE', KEYS[firsts[shard] + FIRING], 0, 0, 'WITHSCORES')
  if first[2] then
    reply[#reply + 1] = shard
    reply[#reply + 1] = text(tonumber(first[2]))
  end
end
return reply
