-- KEYS traits
-- include: chunks
-- Ends those of the picked tasks that may not start any more. Returns how many it ended.
local function admit(ids, scores, now_ms)
  -- In a shard that still has the first format, no task has traits.
  local traits = format and fields(TRAITS, ids) or {}
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
  return end_too_late(ids, scores, traits, now_ms)
end
