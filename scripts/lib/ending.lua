-- KEYS tasks tries failures cancelling checkpoints traits expiring outcomes finished watched unique
-- include: text
-- include: score
-- include: chunks
-- When an outcome is forgotten, as a score of `finished`. A negative retention is the default one, which the user did
-- not set: the outcome may be forgotten sooner if many tasks end. Its score is lowered by BAND, so that such outcomes
-- come before those that are kept for their whole retention.
local function forget_score(now_ms, retention_ms)
  if retention_ms < 0 then
    return text(now_ms - retention_ms - BAND)
  end
  return text(now_ms + retention_ms)
end

-- The keys that are not empty, among those that hold only few tasks. If one has the wrong type, the script fails here,
-- before it writes. In a shard that still has the first format, no task has traits or a checkpoint.
local function used_extras()
  local used = {}
  for _, key in ipairs({TRIES, FAILURES, CANCELLING, format and CHECKPOINTS or nil, format and TRAITS or nil}) do
    if redis.call('HLEN', key) > 0 then
      used[#used + 1] = key
    end
  end
  if format then
    redis.call('ZCARD', EXPIRING)
    used.has_keys = redis.call('HLEN', UNIQUE) > 0
    if used.has_keys then
      check_keys()
    end
  end
  return used
end

-- Removes all data of tasks except their outcomes. `extras` is what used_extras returned.
local function forget_tasks(ids, extras)
  if extras.has_keys then
    -- include: unique
    leave_keys(ids)
  end
  call_in_chunks('HDEL', TASKS, ids)
  for _, key in ipairs(extras) do
    call_in_chunks('HDEL', key, ids)
  end
  if format and extras[#extras] == TRAITS then
    call_in_chunks('ZREM', EXPIRING, ids)
  end
end

-- Ends tasks and stores their outcomes. `outcomes` is the list id, outcome, id, outcome ...; `forgets` is the list
-- score, id, score, id ... for `finished`. An outcome is stored as 'token digest-and-outcome'. Its token is 0 if no
-- worker acked the task, so that no later ack is answered with ALREADY. Callers that wait for these tasks are told.
local function finish(ids, outcomes, forgets)
  local extras = used_extras()
  local is_watched = redis.call('HLEN', WATCHED) > 0
  redis.call('HLEN', TASKS)
  redis.call('ZCARD', FINISHED)
  call_in_chunks('HSET', OUTCOMES, outcomes)
  call_in_chunks('ZADD', FINISHED, forgets)
  forget_tasks(ids, extras)
  if is_watched then
    -- include: watched
    tell_end(ids)
  end
end
