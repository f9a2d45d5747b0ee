-- A holder is 'token score started_ms worker'. Only the token decides who may settle a task.
local function holds(holder, token)
  return holder and string.find(holder, token .. ' ', 1, true) == 1
end

-- Nothing if another program wrote something else there: the scrubber removes that.
local function holder_parts(holder)
  return string.match(holder or '', '^(%d+) (%d+) (%d+) (.*)$')
end
