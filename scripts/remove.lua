#!lua flags=allow-oom
-- SHARD -> SHARD  Removes all keys of a shard that has no task, with what is kept of tasks that have ended.
--
-- The shard map stays: programs that know it go on sending tasks to the shards of the queue.
--
-- KEYS waiting tasks leases held tries failures dead outcomes finished cancelling traits expiring checkpoints reports
-- KEYS watched unique successors lapsing schedules fired firing declared claims fence wake reaper repairs barrier paused
-- KEYS format
-- Returns {'REMOVED'} the shard had no task and no schedule; of its keys only that of the shard map is left
-- Returns {'NOT_EMPTY'} it has tasks that wait, are leased or are dead, or schedules; nothing is changed
-- Cost O(outcomes)

check_keys()
if redis.call('HLEN', TASKS) + redis.call('ZCARD', WAITING) + redis.call('HLEN', SCHEDULES) > 0 then
  return {'NOT_EMPTY'}
end
for _, key in ipairs({LEASES, HELD, DEAD, TRIES, FAILURES, OUTCOMES, FINISHED, CANCELLING, TRAITS, EXPIRING}) do
  redis.call('DEL', key)
end
for _, key in ipairs({CHECKPOINTS, REPORTS, WATCHED, UNIQUE, SUCCESSORS, LAPSING, FIRED, FIRING, DECLARED, CLAIMS}) do
  redis.call('DEL', key)
end
for _, key in ipairs({FENCE, WAKE, REAPER, REPAIRS, BARRIER, PAUSED, FORMAT}) do
  redis.call('DEL', key)
end
return {'REMOVED'}
