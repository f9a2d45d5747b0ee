-- A holder, the value in `held`, is 'token score started_ms worker'. Only a caller with this token may settle the task.
local function holds(holder, token)
  return holder and string.find(holder, token .. ' ', 1, true) == 1
end

-- Gives token, score, started_ms and worker, or nil if another program wrote something else, which scrub.lua removes.
local function holder_parts(holder)
  return string.match(holder or '', '^(%d+) (%d+) (%d+) (.*)$')
end
