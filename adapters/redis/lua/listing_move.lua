-- Moves the place of a row in a topic's listing, if its version is the given one. It
-- makes no row, and changes nothing else of one.
-- KEYS: rows
-- ARGV: member, now, received, version, place, call
-- Returns 1, 0 where there is no such row, or -1 where its version is another.
redis.call('HDEL', KEYS[1], '') -- Of a script that has written once, a full Redis takes the rest.
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row or string.sub(row, 1, 20) <= ARGV[2] or string.sub(row, 37, 56) ~= ARGV[3] then return 0 end
local _, last, version, length, call = string.find(row, '^(%d+),(%d+),(%w*):', 57)
if call == ARGV[6] then return 1 end -- This call has moved it before, and its answer was lost.
if version ~= ARGV[4] then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], string.sub(row, 1, 56) .. ARGV[5] .. string.sub(row, last + length + 1))
return 1
