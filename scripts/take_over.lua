#!lua
-- NEW -> DEAD  Takes over dead tasks from an earlier shard of their unique keys, with all that is stored of them.
--
-- KEYS dead tasks outcomes tries failures traits checkpoints reports
-- ARG shard_map   text   the shard map that the caller knows
-- ROW id          text   task
-- ROW died_ms     int    since when it is dead
-- ROW record      bytes  its record; this and the others as they are stored there, '' for what it does not have
-- ROW attempts    text   its tries
-- ROW failed      bytes  its failures
-- ROW asked       text   its traits
-- ROW checkpoint  bytes  its checkpoint
-- ROW report      bytes  how far its handlers had come, and its log
-- Returns {'MOVED'} per task: it is dead in this shard now
-- Returns {'ALREADY'} per task: this shard knows it; not changed
-- Returns {'STALE_SHARD_MAP'} per task: the queue has another shard map; nothing was written
-- Cost O(tasks * log dead)
-- include: shard_map
-- include: rows
-- include: format

check_keys()
if known_shard_map() ~= shard_map then
  return for_each_row('STALE_SHARD_MAP')
end

local function keep(key, id, value)
  if value ~= '' then
    redis.call('HSET', key, id, value)
  end
end

local statuses = {}
for row, id, died_ms, record, attempts, failed, asked, checkpoint, report in rows() do
  if redis.call('HEXISTS', TASKS, id) == 1 or redis.call('HEXISTS', OUTCOMES, id) == 1 then
    statuses[row] = 'ALREADY'
  else
    need_format(3)
    keep(TASKS, id, record)
    keep(TRIES, id, attempts)
    keep(FAILURES, id, failed)
    keep(TRAITS, id, asked)
    keep(CHECKPOINTS, id, checkpoint)
    keep(REPORTS, id, report)
    redis.call('ZADD', DEAD, died_ms, id)
    statuses[row] = 'MOVED'
  end
end
return statuses
