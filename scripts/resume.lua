#!lua flags=allow-oom
-- SHARD -> SHARD  Ends the pause of a shard, and wakes a worker.
--
-- KEYS paused
-- Returns {'RESUMED'} it was paused, or its pause had ended by itself
-- Returns {'ALREADY'} it was not paused
-- Cost O(1)
-- include: wake

check_keys()
if redis.call('EXISTS', PAUSED) == 0 then
  return {'ALREADY'}
end
wake_one()
redis.call('DEL', PAUSED)
return {'RESUMED'}
