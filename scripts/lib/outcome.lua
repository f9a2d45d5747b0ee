-- When an outcome is forgotten, as a score of `finished`. A negative retention is one that nobody asked for: the outcome
-- may be forgotten sooner if many others end, and stands BAND below those that stay for their whole time.
local function forget_score(now_ms, retention_ms)
  if retention_ms < 0 then
    return text(now_ms - retention_ms - BAND)
  end
  return text(now_ms + retention_ms)
end

-- An outcome is kept as 'token digest-and-outcome'.
local function keep_outcome(outcomes, finished, id, token, outcome, forget_at)
  redis.call('HSET', outcomes, id, token .. ' ' .. outcome)
  redis.call('ZADD', finished, forget_at, id)
end
