-- Forgets operations that have ended, once their rows are cleared. Of several
-- callers one receives 1, and receives 1 again when it repeats its call.
-- KEYS: ended, tombstone
-- ARGV: call, life in ms of the tombstone, fields
local forgotten = 0
for i = 3, #ARGV do
  forgotten = forgotten + redis.call('HDEL', KEYS[1], ARGV[i])
end
if forgotten > 0 then
  redis.call('HSET', KEYS[2], 'claim', ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  return 1
end
return redis.call('HGET', KEYS[2], 'claim') == ARGV[1] and 1 or 0
