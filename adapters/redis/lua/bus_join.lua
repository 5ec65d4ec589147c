-- Says that a worker lives, and forgets those that did not say so for too long.
-- KEYS: workers
-- ARGV: worker, milliseconds that this is good for, now in ms
-- Returns the workers that live.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3]) -- First: a full Redis then takes the rest.
redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[3] + ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
