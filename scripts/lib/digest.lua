-- A record begins with its digest (8 bytes). An outcome is stored as 'token digest-and-outcome' with the same digest,
-- so that a repeated enqueue is recognized after the task has ended. If another program wrote this field, the digest
-- does not match, so an enqueue with that id is refused.
local function digest_of(record)
  return string.sub(record, 1, 8)
end

local function outcome_digest(kept)
  local space = string.find(kept, ' ', 1, true) or 0
  return string.sub(kept, space + 1, space + 8)
end
