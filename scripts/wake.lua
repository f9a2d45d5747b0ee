#!lua flags=allow-oom
-- WAITING -> WAITING  Wakes another worker when the one that was woken cannot take the due tasks.
--
-- Returns {'AWAKE'} a wake-up is in the list: it wakes a worker that listens, or the next one that does
-- Cost O(1)
-- include: wake

wake_one()
return {'AWAKE'}
