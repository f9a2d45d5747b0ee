-- KEYS traits
-- include: chunks
-- include: expiry
-- Judges tasks that were picked: those that may not start any more end here. Answers how many ended.
local function admit(ids, now_ms)
  local traits = fields(TRAITS, ids)
  for index = 1, #ids do
    if traits[index] then
      return (expire(ids, traits, now_ms))
    end
  end
  return 0
end
