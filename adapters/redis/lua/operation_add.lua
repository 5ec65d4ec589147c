-- Decides at the connection whether an operation may exist, and records it.
-- KEYS: row, operations, tombstone
-- ARGV: now, field, received, request, expires, token, 1 if it has topics, name and topics,
--   limit, life in ms
-- Returns {1, record}, {0, why not}, or {2} where this attempt had put it in place
-- and it has ended since.
local row = redis.call('HMGET', KEYS[1], 'expires', 'gone', 'nonce')
if not row[1] or row[1] <= ARGV[1] or row[2] then return {0, 'absent'} end
local tombstone = redis.call('HMGET', KEYS[3], 'nonce', 'until', 'received', 'taken')
if tombstone[1] == row[3] then
  if tombstone[4] == ARGV[6] then return {2} end
  if tombstone[2] and tombstone[2] > ARGV[1] and tombstone[3] >= ARGV[3] then return {0, 'cancelled'} end
end
local record = redis.call('HGET', KEYS[2], ARGV[2])
if record and string.sub(record, 1, 20) > ARGV[1] then
  if string.sub(record, 21, 62) ~= ARGV[3] .. ARGV[4] then return {0, 'conflict'} end
  local last = string.find(record, ';', 64, true)
  if not string.find(string.sub(record, 64, last), ARGV[6], 1, true) then
    record = string.sub(record, 1, last - 1) .. ',' .. ARGV[6] .. string.sub(record, last)
    redis.call('HSET', KEYS[2], ARGV[2], record)
  end
  return {1, record}
end
local limit = tonumber(ARGV[9])
if limit > 0 and redis.call('HLEN', KEYS[2]) >= limit then
  local operations = redis.call('HGETALL', KEYS[2])
  for i = 2, #operations, 2 do
    if string.sub(operations[i], 1, 20) <= ARGV[1] then redis.call('HDEL', KEYS[2], operations[i - 1]) end
  end
  if redis.call('HLEN', KEYS[2]) >= limit then return {0, 'full'} end
end
record = ARGV[5] .. ARGV[3] .. ARGV[4] .. ARGV[7] .. ',' .. ARGV[6] .. ';' .. ARGV[8]
redis.call('HSET', KEYS[2], ARGV[2], record)
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[10]) then redis.call('PEXPIRE', KEYS[2], ARGV[10]) end
return {1, record}
