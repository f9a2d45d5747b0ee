#!lua flags=no-writes
-- READ  Reports whether tasks with these ids and digests are in this shard, if the caller's shard map is the queue's.
--
-- KEYS tasks outcomes
-- ARG shard_map  text    the shard map that the caller knows
-- ROW id      text    task
-- ROW digest  bytes   digest of its record
-- Returns {'EXISTS'} per task: the same task is here; it may have ended
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest
-- Returns {'UNKNOWN'} per task: there is no task with this id
-- Returns {'STALE_SHARD_MAP'} per task: the queue has another shard map
-- Cost O(tasks)
-- include: chunks
-- include: digest
-- include: shard_map
-- include: rows

if known_shard_map() ~= shard_map then
  return for_each_row('STALE_SHARD_MAP')
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
