-- Puts a connection in place unless there is one.
-- KEYS: row, operations, ended
-- ARGV: now, life in ms, nonce, nonce of a former connection whose rows were cleared,
--   endpoint, protocol, state, identity, notAfter, expires, 1 if initialized
-- Returns {1} where it is in place, {0} where another is, and {-1, nonce, records}
-- where rows of a former one are to be cleared first.
local former = redis.call('HMGET', KEYS[1],
  'endpoint', 'protocol', 'state', 'identity', 'notAfter', 'expires', 'init', 'nonce', 'gone')
if former[6] and former[6] > ARGV[1] and not former[9] then
  for i = 1, 6 do
    if former[i] ~= ARGV[i + 4] then return {0} end
  end
  if (former[7] and '1' or '0') ~= ARGV[11] then return {0} end
  return {1}
end
local nonce = former[8] or 'none'
if ARGV[4] ~= nonce then
  local records = redis.call('HVALS', KEYS[2])
  for _, record in ipairs(redis.call('HVALS', KEYS[3])) do
    records[#records + 1] = record
  end
  if #records > 0 then return {-1, nonce, records} end
end
-- Only where there is something: a full Redis refuses a script that writes first what takes memory.
if former[6] or ARGV[4] == nonce then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3]) end
redis.call('HSET', KEYS[1], 'nonce', ARGV[3], 'endpoint', ARGV[5], 'protocol', ARGV[6], 'state', ARGV[7],
  'identity', ARGV[8], 'notAfter', ARGV[9], 'expires', ARGV[10])
if ARGV[11] == '1' then redis.call('HSET', KEYS[1], 'init', '') end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1}
