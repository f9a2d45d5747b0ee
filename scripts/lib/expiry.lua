-- KEYS waiting traits expiring
-- include: chunks
-- include: ending
-- include: keep
-- include: msgpack
-- The traits of a task are short texts, one after the other. The last is `expires=moment retention_ms outcome`: if the
-- task has not started by that moment (ms), it ends with this outcome, to which the time of its end is added.
local EXPIRES = 'expires=(%d+) (%-?%d+) (.*)$'

-- Ends those of the waiting tasks that have expired. What is added to their outcomes is the time of the end, and an empty
-- result (nil), as MessagePack. Returns how many it ended.
local function expire(ids, scores, traits, now_ms)
  local expired, outcomes, forgets = {}, {}, {}
  local tail = packed_number(now_ms) .. '\192'
  for index = 1, #ids do
    local id = ids[index]
    local moment, retention_ms, outcome = string.match(traits[index] or '', EXPIRES)
    if moment and tonumber(moment) <= now_ms then
      local count = #expired
      expired[count + 1] = id
      outcomes[2 * count + 1], outcomes[2 * count + 2] = id, '0 ' .. with_task(outcome .. tail, id, scores[index])
      forgets[2 * count + 1], forgets[2 * count + 2] = forget_score(now_ms, tonumber(retention_ms)), id
    end
  end
  if #expired > 0 then
    finish(expired, outcomes, forgets)
    call_in_chunks('ZREM', WAITING, expired)
  end
  return #expired
end

-- Removes the expiry of a task that has started: later attempts cannot expire.
local function forget_expiry(id)
  local traits = redis.call('HGET', TRAITS, id)
  if traits and string.find(traits, EXPIRES) then
    local others = string.gsub(traits, EXPIRES, '')
    redis.call('ZREM', EXPIRING, id)
    if others == '' then
      redis.call('HDEL', TRAITS, id)
    else
      redis.call('HSET', TRAITS, id, others)
    end
  end
end
