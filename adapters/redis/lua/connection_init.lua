-- Records that connection_init was accepted.
-- KEYS: row
-- ARGV: now, request ID, 1 if there is a state, state, identity, notAfter
-- Returns {1, row}, {0} where it was initialized before, {-1} where there is none.
local row = redis.call('HMGET', KEYS[1], 'expires', 'gone', 'init')
if not row[1] or row[1] <= ARGV[1] or row[2] then return {-1} end
if row[3] and row[3] ~= ARGV[2] then return {0} end
if not row[3] then
  redis.call('HSET', KEYS[1], 'init', ARGV[2])
  if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'state', ARGV[4]) end
  if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'identity', ARGV[5]) end
  if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'notAfter', ARGV[6]) end
end
return {1, redis.call('HMGET', KEYS[1],
  'endpoint', 'protocol', 'state', 'identity', 'notAfter', 'expires', 'init', 'gone')}
