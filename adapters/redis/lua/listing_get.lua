-- Reads one row of a topic's listing. A script is carried out by a master, also where
-- the client reads from replicas.
-- KEYS: rows
-- ARGV: member, now
-- Returns the row behind its token, or nothing.
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row and string.sub(row, 1, 20) > ARGV[2] then return string.sub(row, 37) end
return false
