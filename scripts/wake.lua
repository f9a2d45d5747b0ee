#!lua flags=allow-oom
-- WAITING -> WAITING  Wakes another worker in place of one that was woken and cannot take what is due.
--
-- Returns {'AWAKE'} a worker is awake, or the next to listen will be
-- Cost O(1)
-- include: wake

wake_one()
return {'AWAKE'}
