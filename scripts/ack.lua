#!lua flags=allow-oom
-- LEASED -> SUCCEEDED|CANCELLED  Ends tasks whose handler returned or was cancelled, and keeps their outcome for a time.
--
-- KEYS[1] tasks       hash  id -> record
-- KEYS[2] leases      zset  id by expiry (ms)
-- KEYS[3] held        hash  id -> holder
-- KEYS[4] tries       hash  id -> tries
-- KEYS[5] failures    hash  id -> last failure
-- KEYS[6] cancelling  hash  id -> request
-- KEYS[7] outcomes    hash  id -> token and outcome
-- KEYS[8] finished    zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- ARGV[1..] id            text   task
-- ARGV[2..] token         int    under which it is held
-- ARGV[3..] retention_ms  int    how long the outcome is kept; negative where it may be forgotten sooner
-- ARGV[4..] outcome       bytes  digest (8 bytes) and outcome
-- Returns {'ACKED'} per task
-- Returns {'ALREADY'} per task: acked before under this token
-- Returns {'LOST'} per task: not held under this token; nothing was changed
-- Cost O(tasks * log finished)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: holder
-- include: outcome

local now_ms = math.floor(server_us() / 1000)
local ids = column(1, 4)
local holders = fields(KEYS[3], ids)
local statuses, acked, kept, forgets, count = {}, {}, {}, {}, 0
local seen = {}
local retention_ms, forget_at

for index = 1, #ids do
  local id, token = ids[index], ARGV[index * 4 - 2]
  if holds(holders[index], token) and not seen[id] then
    -- Most tasks of a call share their retention with the one before.
    if retention_ms ~= ARGV[index * 4 - 1] then
      retention_ms = ARGV[index * 4 - 1]
      forget_at = forget_score(now_ms, tonumber(retention_ms))
    end
    seen[id] = token
    statuses[index] = 'ACKED'
    count = count + 1
    acked[count] = id
    kept[2 * count - 1], kept[2 * count] = id, token .. ' ' .. ARGV[index * 4]
    forgets[2 * count - 1], forgets[2 * count] = forget_at, id
  elseif seen[id] == token or holds(redis.call('HGET', KEYS[7], id), token) then
    statuses[index] = 'ALREADY'
  else
    statuses[index] = 'LOST'
  end
end

if count > 0 then
  -- What a key of another type makes fail comes before anything is written. Only troubled tasks use these hashes.
  local tries, failures = redis.call('HLEN', KEYS[4]), redis.call('HLEN', KEYS[5])
  local requests = redis.call('HLEN', KEYS[6])
  redis.call('HLEN', KEYS[1])
  redis.call('ZCARD', KEYS[2])
  redis.call('ZCARD', KEYS[8])
  call_in_chunks('HSET', KEYS[7], kept)
  call_in_chunks('ZADD', KEYS[8], forgets)
  call_in_chunks('ZREM', KEYS[2], acked)
  call_in_chunks('HDEL', KEYS[3], acked)
  call_in_chunks('HDEL', KEYS[1], acked)
  if tries > 0 then
    call_in_chunks('HDEL', KEYS[4], acked)
  end
  if failures > 0 then
    call_in_chunks('HDEL', KEYS[5], acked)
  end
  if requests > 0 then
    call_in_chunks('HDEL', KEYS[6], acked)
  end
end
return statuses
