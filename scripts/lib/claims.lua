-- A worker may claim on a second line beside its first, named before a dot in the nonce; each keeps its latest claim.
local function claim_line(worker, nonce)
  local line = string.match(nonce, '^(%a+)%.')
  return line and (worker .. ' ' .. line) or worker
end

-- Forgets what was claimed before a moment (us): no lease of it is left. A worker that lives may repeat a later claim.
local function forget_claims(key, worker, before_us)
  local lines = {worker, worker .. ' wake'}
  for index = 1, #lines do
    local claim = redis.call('HGET', key, lines[index])
    local token = claim and tonumber(string.match(claim, '^%S+ (%d+) ') or 0)
    if token and token < before_us then
      redis.call('HDEL', key, lines[index])
    end
  end
end
