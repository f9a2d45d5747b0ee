-- KEYS traits
-- include: chunks
-- The traits of the picked tasks whose unique key is held until they start, by id; nil if there are none.
local keyed

-- Ends those of the picked tasks that may not start any more. Returns how many it ended.
local function admit(ids, scores, now_ms)
  local traits = fields(TRAITS, ids)
  local any = false
  for index = 1, #ids do
    any = any or traits[index]
  end
  if not any then
    return 0
  end
  -- Included here and not at the top: this setup costs more than the rest of a claim, and few claims need it.
  -- include: too_late
  check_keys()
  for index = 1, #ids do
    if string.find(' ' .. (traits[index] or ''), ' unique=%x+ started ') then
      keyed = keyed or {}
      keyed[ids[index]] = traits[index]
    end
  end
  return end_too_late(ids, scores, traits, now_ms)
end
