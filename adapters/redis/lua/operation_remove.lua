-- Ends an operation at its connection, or leaves a tombstone. The record of one
-- that has rows stays among the ended until operation_forget.
-- KEYS: row, operations, ended, tombstone
-- ARGV: now, field, received, the instant before, call, until, life in ms of the tombstone
-- Returns {1 if this call is done with it, records to clear, their fields}. A record
-- without a field is the affair of the call that deletes the connection.
local row = redis.call('HMGET', KEYS[1], 'expires', 'gone', 'nonce')
local nonce = row[3] or ''
redis.call('PEXPIRE', KEYS[4], ARGV[7]) -- Of a script that has written once, a full Redis takes the rest.
local tombstone = redis.call('HMGET', KEYS[4], 'nonce', 'until', 'received', 'call', 'claim')
if tombstone[1] and tombstone[1] ~= nonce then
  redis.call('DEL', KEYS[4])
  tombstone = {}
end

local function leave_tombstone(received)
  if tombstone[3] and tombstone[2] > ARGV[1] and tombstone[3] > received then received = tombstone[3] end
  redis.call('HSET', KEYS[4], 'nonce', nonce, 'received', received, 'until', ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[7])
end

local record = redis.call('HGET', KEYS[2], ARGV[2])
local found = record and string.sub(record, 1, 20) > ARGV[1] and string.sub(record, 21, 40) <= ARGV[3]
local records, fields = {}, {}
if tombstone[4] == ARGV[5] then
  -- This call has taken it before, and its answer was lost.
elseif found and row[2] then
  records[1] = record
elseif found then
  local token = string.sub(record, 65, 80)
  redis.call('HSET', KEYS[4], 'nonce', nonce, 'call', ARGV[5], 'taken', token)
  if string.sub(record, 63, 63) == '1' then
    redis.call('HSET', KEYS[3], ARGV[2] .. token, record)
    local life = redis.call('PTTL', KEYS[2])
    if redis.call('PTTL', KEYS[3]) < life then redis.call('PEXPIRE', KEYS[3], life) end
  else
    redis.call('HSET', KEYS[4], 'claim', ARGV[5])
    tombstone[5] = ARGV[5]
  end
  redis.call('PEXPIRE', KEYS[4], ARGV[7])
  redis.call('HDEL', KEYS[2], ARGV[2])
  -- Another one that was received in between may be on its way.
  if string.sub(record, 21, 40) < ARGV[3] then leave_tombstone(ARGV[4]) end
elseif row[1] and row[1] > ARGV[1] and not row[2] then
  leave_tombstone(ARGV[3])
end

local ended = redis.call('HGETALL', KEYS[3])
for i = 1, #ended, 2 do
  if string.sub(ended[i], 1, #ARGV[2]) == ARGV[2] and string.sub(ended[i + 1], 21, 40) <= ARGV[3] then
    fields[#fields + 1] = ended[i]
    records[#records + 1] = ended[i + 1]
  end
end
return {tombstone[5] == ARGV[5] and 1 or 0, records, fields}
