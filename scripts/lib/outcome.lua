-- An outcome is kept as 'token digest-and-outcome'; the digest is that of the record, so that a repeated enqueue is known.
local function keep_outcome(outcomes, finished, id, token, outcome, forget_at)
  redis.call('HSET', outcomes, id, token .. ' ' .. outcome)
  redis.call('ZADD', finished, forget_at, id)
end

-- The first bytes of what follows the token.
local function outcome_digest(kept)
  local space = string.find(kept, ' ', 1, true)
  return string.sub(kept, space + 1, space + 8)
end
