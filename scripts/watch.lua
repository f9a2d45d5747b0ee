#!lua flags=allow-oom
-- WAITING|LEASED -> WAITING|LEASED  Notes that a caller waits for the end of tasks, and reports their states as read/task does.
--
-- Whatever ends a task publishes its id on the channels of its watchers, and removes them; see lib/watched.lua. A caller
-- that waits longer calls again before its time is over. Of callers that no longer exist, the entries go with the task,
-- or when the next caller is noted.
--
-- KEYS watched
-- ARG channel   text  where the caller listens
-- ARG watch_ms  int   for how long the caller is expected to wait
-- ROW id        text  task
-- Returns {'WATCHED', now_ms, (place, number, holder, tries, failure, outcome, request, traits, checkpoint)*} see lib/describe.lua
-- Cost O(tasks * (log waiting + MOST_WATCHERS))
-- include: time
-- include: describe

-- A task has at most so many watchers. One more takes the place of the oldest, which finds the end when it looks again.
local MOST_WATCHERS = 100

local now_ms = math.floor(server_us() / 1000)
local ids = {}
for row, id in rows() do
  ids[row] = id
end
check_keys()

-- The stored watchers with this one, and without those whose time is over.
local function with_watcher(stored)
  local parts = {text(now_ms + watch_ms) .. ' ' .. channel}
  for until_ms, other in string.gmatch(stored or '', '(%d+) (%S+)') do
    if #parts < MOST_WATCHERS and other ~= channel and tonumber(until_ms) > now_ms then
      parts[#parts + 1] = until_ms .. ' ' .. other
    end
  end
  return table.concat(parts, ' ')
end

local facts, watchers, entries = describe(ids), fields(WATCHED, ids), {}
for index = 1, #ids do
  local place = facts[(index - 1) * FACTS + 1]
  if place == 'waiting' or place == 'leased' then
    entries[#entries + 1], entries[#entries + 2] = ids[index], with_watcher(watchers[index])
  end
end
call_in_chunks('HSET', WATCHED, entries)
table.insert(facts, 1, text(now_ms))
table.insert(facts, 1, 'WATCHED')
return facts
