-- Moves the expiry of a connection and of its operations.
-- KEYS: row, operations
-- ARGV: now, expires, life in ms
-- Returns {1, records of the operations}, or {-1} where there is no connection.
local row = redis.call('HMGET', KEYS[1], 'expires', 'gone')
if not row[1] or row[1] <= ARGV[1] or row[2] then return {-1} end
if ARGV[2] < row[1] then return {1, {}} end
redis.call('HDEL', KEYS[2], '') -- Of a script that has written once, a full Redis takes the rest.
redis.call('HSET', KEYS[1], 'expires', ARGV[2])
local operations, records = redis.call('HGETALL', KEYS[2]), {}
for i = 2, #operations, 2 do
  local record = operations[i]
  local expires = string.sub(record, 1, 20)
  if expires > ARGV[1] then
    if expires < ARGV[2] then
      record = ARGV[2] .. string.sub(record, 21)
      redis.call('HSET', KEYS[2], operations[i - 1], record)
    end
    records[#records + 1] = record
  end
end
for i = 1, 2 do
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
end
return {1, records}
