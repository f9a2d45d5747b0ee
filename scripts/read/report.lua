#!lua flags=no-writes
-- READ  Reports the state of a task as read/task does, how far its handler has come, and its log.
--
-- KEYS reports
-- ARG after  int   number of a line; only later ones are read
-- ROW id     text  task; only one
-- Returns {now_ms, place, number, holder, tries, failure, outcome, request, traits, checkpoint, progress, dropped, first, lines} see lib/describe.lua; dropped is how many lines are not kept any more, and first the number of the first of these lines
-- Cost O(log waiting + MOST_BYTES)
-- include: time
-- include: describe
-- include: reports

local ids = {}
for row, id in rows() do
  ids[row] = id
end
local reply = describe(ids)
table.insert(reply, 1, text(math.floor(server_us() / 1000)))
local _, _, _, dropped, _, progress, lines = report_parts(redis.call('HGET', REPORTS, ids[1]))
local before = math.max(after, dropped)
local rest = lines_after(lines, before - dropped)
local at = #reply
reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = progress, text(dropped), text(before + 1), rest
return reply
