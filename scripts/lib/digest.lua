-- A record begins with its digest. An outcome is kept as 'token digest-and-outcome', with the digest of the record, so
-- that a repeated enqueue is known. If another program wrote something else there, the digest does not match, and an
-- enqueue under that id is refused.
local function digest_of(record)
  return string.sub(record, 1, 8)
end

local function outcome_digest(kept)
  local space = string.find(kept, ' ', 1, true) or 0
  return string.sub(kept, space + 1, space + 8)
end
