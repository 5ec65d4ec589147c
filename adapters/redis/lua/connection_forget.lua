-- Forgets the operations of a connection that has ended, once their rows are
-- cleared. Of several callers one receives 1, and receives 1 again when it repeats its call.
-- KEYS: row, operations, ended
-- ARGV: nonce, call, life in ms of what is remembered of it
local row = redis.call('HMGET', KEYS[1], 'nonce', 'finished')
if row[1] ~= ARGV[1] then return 0 end
if row[2] then return row[2] == ARGV[2] and 1 or 0 end
redis.call('DEL', KEYS[2]) -- First: a full Redis then takes the rest.
redis.call('HSET', KEYS[1], 'finished', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return 1
