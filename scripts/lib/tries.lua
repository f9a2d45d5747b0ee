-- The tries of a task are 'attempts crashes redeliveries token'. The token is that of the last attempt that was
-- counted, or of the burial. If a worker settles the task again with the same token, the script sees that it is a
-- repeated call.
local COUNT = '(%d' .. string.rep('%d?', 8) .. ') '
local ALL_TRIES = '^' .. COUNT .. COUNT .. COUNT .. '(%d+)$'

-- If another program wrote something else, all counts are 0: the task still runs and ends.
local function tries_parts(tries)
  local attempts, crashes, redeliveries, token = string.match(tries or '', ALL_TRIES)
  return tonumber(attempts or 0), tonumber(crashes or 0), tonumber(redeliveries or 0), token or '0'
end

local function tries_text(attempts, crashes, redeliveries, token)
  return string.format('%d %d %d %s', attempts, crashes, redeliveries, token)
end
