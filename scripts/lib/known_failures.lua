-- KEYS failures
-- The failures of a task, without the score that stands before them; '' if it has none, or another program wrote them.
local function failures_of(id)
  return string.match(redis.call('HGET', FAILURES, id) or '', '^%d+ (.*)$') or ''
end
