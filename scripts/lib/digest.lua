-- A record begins with its digest. An outcome is kept as 'token digest-and-outcome', with the digest of the record, so
-- that a repeated enqueue is known. Of what somebody else wrote there any digest differs.
local function digest_of(record)
  return string.sub(record, 1, 8)
end

local function outcome_digest(kept)
  local space = string.find(kept, ' ', 1, true) or 0
  return string.sub(kept, space + 1, space + 8)
end
