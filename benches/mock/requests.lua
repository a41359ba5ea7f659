-- Sends the requests of a file (NUL between them) in order, for wrk. Counts what is not a 200.
local requests, next_one, bad = {}, 0, 0
local file = assert(io.open(os.getenv("REQUESTS"), "rb"))
for one in file:read("*a"):gmatch("([^%z]+)%z") do requests[#requests + 1] = one end
file:close()

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function response(status)
  if status ~= 200 then bad = bad + 1 end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary)
  print(string.format("requests %d errors %d", summary.requests, summary.errors.status))
end
