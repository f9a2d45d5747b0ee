"""When the slots of a schedule come: cron expressions, intervals and single moments, computed without any I/O of
redisched's own. All moments are in milliseconds since 1970.
"""
