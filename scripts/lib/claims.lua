-- KEYS claims
-- The field of `claims` for this request. A worker may send two independent series of claims; the second has a name,
-- which stands before a dot in the nonce. For each series, the latest claim is kept.
local function claim_line(worker, nonce)
  local line = string.match(nonce, '^(%a+)%.')
  return line and (worker .. ' ' .. line) or worker
end

-- Forgets claims that were made before a moment (us), when none of their leases can be left. Later claims stay, because
-- a live worker may repeat them. If there are many, such as from workers that no longer exist, a call checks only some
-- of them, from the scan cursor `place` on.
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
