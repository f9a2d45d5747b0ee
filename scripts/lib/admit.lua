-- KEYS traits
-- include: chunks
-- Judges tasks that were picked: those that may not start any more end here. Answers how many ended.
local function admit(ids, now_ms)
  -- No task has traits where the format is still the first.
  local traits = format and fields(TRAITS, ids) or {}
  local any = false
  for index = 1, #ids do
    any = any or traits[index]
  end
  if not any then
    return 0
  end
  -- What only this needs is set up here, as it costs more than all the rest.
  -- include: expiry
  check_keys()
  return (expire(ids, traits, now_ms))
end
