#!lua flags=allow-oom
-- SHARD -> SHARD  Pauses a shard: claims lease nothing until it is resumed. What is leased goes on; tasks may be added.
--
-- The format keeps claims of earlier versions away, which do not know of pauses.
--
-- KEYS paused
-- ARG pause  text  since when, until when, and who paused it, as in lib/paused.lua
-- Returns {'PAUSED'} the shard is paused, in place of any earlier pause
-- Cost O(1)
-- include: format

check_keys()
need_format(4)
redis.call('SET', PAUSED, pause)
return {'PAUSED'}
