-- A worker may claim on a second line beside its first, named before a dot in the nonce; each keeps its latest claim.
local function claim_line(worker, nonce)
  local line = string.match(nonce, '^(%a+)%.')
  return line and (worker .. ' ' .. line) or worker
end
