-- The tries of a task are 'attempts crashes bounces token'; the token is that of the last attempt that was
-- counted, or of the burial: it tells whoever settles again that it was heard before.
local function tries_parts(tries)
  if not tries then
    return 0, 0, 0, '0'
  end
  local attempts, crashes, bounces, token = string.match(tries, '^(%d+) (%d+) (%d+) (%d+)$')
  return tonumber(attempts), tonumber(crashes), tonumber(bounces), token
end

local function tries_text(attempts, crashes, bounces, token)
  return string.format('%d %d %d %s', attempts, crashes, bounces, token)
end
