-- include: unique
-- include: traits
-- Ends the scope of the keys that are held until a task starts. The trait goes with it, so a task that is released
-- does not take its key again.
local function leave_started(ids, traits_of)
  for index = 1, #ids do
    local id, traits = ids[index], traits_of[ids[index]]
    if traits then
      leave_key(id, traits)
      local others = string.sub(string.gsub(' ' .. traits, UNIQUE_TRAIT, ' '), 2)
      write_traits(id, others, start_limit(others))
    end
  end
end
