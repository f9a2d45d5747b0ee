#!lua flags=allow-oom
-- WAITING -> WAITING  Wakes another worker in place of one that was woken and cannot take what is due.
--
-- KEYS[1] wake  list  at most one element
-- Returns {'AWAKE'} a worker is awake, or the next to listen will be
-- Cost O(1)
-- include: wake

wake_one(KEYS[1])
return {'AWAKE'}
