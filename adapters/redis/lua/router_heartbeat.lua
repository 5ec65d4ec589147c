-- Shows that a process is alive, and hands it at most one dead one to reap: it
-- is the only one to get it until its time for that is over.
-- KEYS: members, dead members, the sign of life of the process
-- ARGV: member, milliseconds until it counts as dead, milliseconds to keep what
--   nobody renews, 1 if it is a member already, milliseconds to reap in or 0, now in ms
-- Returns how the process was found and the dead member or ''. Found: 0 alive;
-- 1 past its time, and then gets nobody to reap: if Redis was away, or its clock
-- has jumped, the others are as well; 2 taken for dead, and then nothing is done.
local now = tonumber(ARGV[6])
local deadline = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[4] == '1' and not deadline then
  return {2, ''}
end
redis.call('PEXPIRE', KEYS[1], ARGV[3]) -- First: a full Redis then takes the rest.
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
if deadline and tonumber(deadline) <= now then
  return {1, ''}
end
if ARGV[5] == '0' then
  return {0, ''}
end
local upTo = ARGV[6]
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', upTo, 'LIMIT', 0, 1)[1]
if found then
  redis.call('ZREM', KEYS[1], found)
else
  found = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', upTo, 'LIMIT', 0, 1)[1]
end
if not found then
  return {0, ''}
end
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[5]), found)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {0, found}
