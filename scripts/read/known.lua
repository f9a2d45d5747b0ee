#!lua flags=no-writes
-- READ  Tells whether tasks are known here, by their ids and digests, as long as the queue has the layout named.
--
-- KEYS[1] tasks     hash    id -> record
-- KEYS[2] outcomes  hash    id -> token and outcome of an ended task
-- KEYS[3] layout    string  counts of shards; absent for one shard
-- ARGV[1] layout    text    what the caller takes for the layout
-- ARGV[2..] id      text    task
-- ARGV[3..] digest  bytes   of its record
-- Returns {'EXISTS'} per task: the same task is here, it may have ended
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest
-- Returns {'UNKNOWN'} per task: there is none of this id
-- Returns {'STALE'} per task: the queue has another layout
-- Cost O(tasks)
-- include: chunks
-- include: digest
-- include: layout

local ids, digests = column(2, 2), column(3, 2)
if layout_of(KEYS[3]) ~= ARGV[1] then
  return repeated('STALE', #ids)
end
local known, ended = fields(KEYS[1], ids), fields(KEYS[2], ids)
local statuses = {}
for index = 1, #ids do
  local digest = known[index] and digest_of(known[index]) or (ended[index] and outcome_digest(ended[index]))
  statuses[index] = not digest and 'UNKNOWN' or (digest == digests[index] and 'EXISTS' or 'CONFLICT')
end
return statuses
