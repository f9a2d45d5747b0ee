#!lua flags=no-writes
-- READ  Reports the states of tasks and all that is stored about them, except their records, which may be large.
--
-- Results and failures may be large, too. Then the reply has only the first of the tasks, so that Redis is not kept
-- from other clients for long; the caller asks for the others again.
--
-- ROW id  text  task
-- Returns {now_ms, (place, number, holder, tries, failure, outcome, request, traits, checkpoint)*} see lib/describe.lua
-- Cost O(tasks * log waiting + MOST_BYTES)
-- include: time
-- include: describe

local MOST_BYTES = 400000

local now_ms = text(math.floor(server_us() / 1000))
local ids = {}
for row, id in rows() do
  ids[row] = id
end
local reply = describe(ids, MOST_BYTES)
table.insert(reply, 1, now_ms)
return reply
