-- KEYS tasks tries failures cancelling traits expiring outcomes finished
-- include: text
-- include: score
-- include: chunks
-- When an outcome is forgotten, as a score of `finished`. A negative retention is one that nobody asked for: the outcome
-- may be forgotten sooner if many others end, and stands BAND below those that stay for their whole time.
local function forget_score(now_ms, retention_ms)
  if retention_ms < 0 then
    return text(now_ms - retention_ms - BAND)
  end
  return text(now_ms + retention_ms)
end

-- Of the keys that only few tasks are in, those that have any. A key of another type fails here, before a write. No task
-- has traits where the format is still the first.
local function used_extras()
  local used = {}
  local function note(key)
    if redis.call('HLEN', key) > 0 then
      used[#used + 1] = key
    end
  end
  note(TRIES)
  note(FAILURES)
  note(CANCELLING)
  if format then
    redis.call('ZCARD', EXPIRING)
    note(TRAITS)
  end
  return used
end

-- Removes all that is known of tasks but their outcome.
local function forget_tasks(ids, extras)
  call_in_chunks('HDEL', TASKS, ids)
  for _, key in ipairs(extras) do
    call_in_chunks('HDEL', key, ids)
  end
  if extras[#extras] == TRAITS then
    call_in_chunks('ZREM', EXPIRING, ids)
  end
end

-- Ends tasks with their outcomes, given as id, outcome and so on, which are forgotten at these scores, given as score, id
-- and so on. An outcome is kept as 'token digest-and-outcome'; under the token 0 nobody is told to have acked it.
local function finish(ids, outcomes, forgets)
  local extras = used_extras()
  redis.call('HLEN', TASKS)
  redis.call('ZCARD', FINISHED)
  call_in_chunks('HSET', OUTCOMES, outcomes)
  call_in_chunks('ZADD', FINISHED, forgets)
  forget_tasks(ids, extras)
end
