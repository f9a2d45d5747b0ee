-- KEYS claims
-- A worker may claim on a second line beside its first, named before a dot in the nonce; each keeps its latest claim.
local function claim_line(worker, nonce)
  local line = string.match(nonce, '^(%a+)%.')
  return line and (worker .. ' ' .. line) or worker
end

-- Forgets what was claimed before a moment (us): no lease of it is left. A worker that lives may repeat a later claim.
-- Where there are many, as of workers that came and went, a call looks at some of them, from the place given on.
local SWEPT = 20

local function forget_claims(before_us, place)
  local start = redis.call('HLEN', CLAIMS) > SWEPT and place or '0'
  local found = redis.call('HSCAN', CLAIMS, start, 'COUNT', SWEPT)[2]
  for index = 1, #found, 2 do
    local token = tonumber(string.match(found[index + 1], '^%S+ (%d+) ') or 0)
    if token < before_us then
      redis.call('HDEL', CLAIMS, found[index])
    end
  end
end
