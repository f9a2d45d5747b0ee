-- KEYS traits
-- include: chunks
-- The traits of the picked tasks whose unique key is held until they start.
local keyed, any_keyed = {}, false

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
  for index = 1, #ids do
    if string.find(' ' .. (traits[index] or ''), ' unique=%x+ started ') then
      keyed[ids[index]], any_keyed = traits[index], true
    end
  end
  return end_too_late(ids, scores, traits, now_ms)
end

-- Frees the unique keys of leased tasks that are held until a task starts.
local function free_keys(ids)
  -- include: started_keys
  leave_started(ids, keyed)
end
