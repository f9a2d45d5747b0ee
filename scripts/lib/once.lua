-- KEYS traits
-- include: ending
-- include: traits
-- include: unfinished
-- If the task may start only once and has started, ends it as lost instead of letting it wait again, because nobody knows
-- how far its handler came. Returns true if it was ended.
local function end_if_started_once(id, score, now_ms)
  -- In a shard that still has the first format, no task has traits.
  local _, retention_ms, outcome = string.match(format and redis.call('HGET', TRAITS, id) or '', ONCE)
  if not outcome then
    return false
  end
  finish({id}, {id, unfinished(id, score, outcome, now_ms)}, {forget_score(now_ms, tonumber(retention_ms)), id})
  return true
end

-- Takes back the note that a task has started, for a worker that knows that it has not.
local function forget_start(id)
  local traits = format and redis.call('HGET', TRAITS, id) or ''
  if string.find(traits or '', ONCE) then
    write_traits(id, without_limits(traits))
  end
end
