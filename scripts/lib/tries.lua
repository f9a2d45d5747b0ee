-- The tries of a task are 'attempts crashes bounces token'; the token is that of the last attempt that was
-- counted, or of the burial: it tells whoever settles again that it was heard before.
local COUNT = '(%d' .. string.rep('%d?', 8) .. ') '
local ALL_TRIES = '^' .. COUNT .. COUNT .. COUNT .. '(%d+)$'

-- What is no tries, as only somebody else can have written it, counts for none: its task still runs, and ends.
local function tries_parts(tries)
  local attempts, crashes, bounces, token = string.match(tries or '', ALL_TRIES)
  return tonumber(attempts or 0), tonumber(crashes or 0), tonumber(bounces or 0), token or '0'
end

local function tries_text(attempts, crashes, bounces, token)
  return string.format('%d %d %d %s', attempts, crashes, bounces, token)
end
