-- Leases a partition that nobody has.
-- The token is greater than every one before, even if Redis has lost the last:
-- it is the time, or one more than the last where the clock is behind.
-- KEYS: lease, token
-- ARGV: worker, milliseconds, now in ms
-- Returns the token, or false when another worker has the partition.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return false
end
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
local token = string.format('%.0f', math.max(tonumber(ARGV[3]), last + 1))
redis.call('DEL', KEYS[1]) -- Of a script that has written once, a full Redis takes the rest.
redis.call('SET', KEYS[2], token)
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])
return token
