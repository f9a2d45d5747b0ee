#!lua flags=no-writes
-- READ  Tells whether tasks are known here, by their ids and digests, as long as the queue has the layout named.
--
-- KEYS tasks outcomes
-- ARG layout  text    what the caller takes for the layout
-- ROW id      text    task
-- ROW digest  bytes   of its record
-- Returns {'EXISTS'} per task: the same task is here, it may have ended
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest
-- Returns {'UNKNOWN'} per task: there is none of this id
-- Returns {'STALE'} per task: the queue has another layout
-- Cost O(tasks)
-- include: chunks
-- include: digest
-- include: layout
-- include: rows

if known_layout() ~= layout then
  return for_each_row('STALE')
end
local ids = {}
for row, id in rows() do
  ids[row] = id
end
local known, ended = fields(TASKS, ids), fields(OUTCOMES, ids)
local statuses = {}
for row, _, digest in rows() do
  local found = known[row] and digest_of(known[row]) or (ended[row] and outcome_digest(ended[row]))
  statuses[row] = not found and 'UNKNOWN' or (found == digest and 'EXISTS' or 'CONFLICT')
end
return statuses
