-- Ends a connection. Its operations stay until connection_forget, so that whoever
-- comes after a crash knows which rows to clear.
-- KEYS: row, operations, ended
-- ARGV: now, call, life in ms of what is remembered of it
-- Returns {} where nothing is left, or {1 if this call is done with it, nonce, row,
-- records of the operations, records of those that had ended}.
local row = redis.call('HMGET', KEYS[1],
  'endpoint', 'protocol', 'state', 'identity', 'notAfter', 'expires', 'init', 'gone', 'nonce', 'finished')
local operations, ended = redis.call('HVALS', KEYS[2]), redis.call('HVALS', KEYS[3])
local empty = #operations + #ended == 0
if not row[9] and empty then return {} end
local nonce = row[9] or ARGV[2]
redis.call('HDEL', KEYS[2], '') -- Of a script that has written once, a full Redis takes the rest.
if not row[8] then
  row[8] = row[6] and row[6] > ARGV[1] and 'live' or 'expired'
  redis.call('HSET', KEYS[1], 'gone', row[8], 'nonce', nonce)
  if not row[9] then
    local life = math.max(redis.call('PTTL', KEYS[2]), redis.call('PTTL', KEYS[3]))
    redis.call('PEXPIRE', KEYS[1], life)
  end
end
if empty and not row[10] then
  row[10] = ARGV[2]
  redis.call('HSET', KEYS[1], 'finished', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {row[10] == ARGV[2] and 1 or 0, nonce, row, operations, ended}
