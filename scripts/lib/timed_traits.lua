-- include: text
-- include: moment
-- The traits of a new task as they are stored, until which moment (ms) it may start, nil if it does not expire, and the
-- format that they need.
local function timed_traits(traits, now_ms)
  local others, until_when, ending = string.match(traits, '^(.-)expires=([+@]%d+) (.*)$')
  local kept = string.gsub(' ' .. (others or traits), ' deadline=([+@]%d+) ', function(deadline)
    return ' deadline=' .. text(moment_of(deadline, now_ms)) .. ' '
  end)
  kept = string.sub(kept, 2)
  local format_of = kept == '' and 2 or 3
  if not others then
    return kept, nil, format_of
  end
  local moment = text(moment_of(until_when, now_ms))
  return kept .. 'expires=' .. moment .. ' ' .. ending, moment, format_of
end
