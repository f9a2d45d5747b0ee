-- An outcome is kept as 'token digest-and-outcome'.
local function keep_outcome(outcomes, finished, id, token, outcome, forget_at)
  redis.call('HSET', outcomes, id, token .. ' ' .. outcome)
  redis.call('ZADD', finished, forget_at, id)
end
