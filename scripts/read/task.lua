#!lua flags=no-writes
-- READ  Reports the states of tasks and all that is stored about them, except their records, which may be large.
--
-- ROW id  text  task
-- Returns {now_ms, (place, number, holder, tries, failure, outcome, request, traits, checkpoint)*} see lib/describe.lua
-- Cost O(tasks * log waiting)
-- include: time
-- include: describe

local ids = {}
for row, id in rows() do
  ids[row] = id
end
local facts = describe(ids)
table.insert(facts, 1, text(math.floor(server_us() / 1000)))
return facts
