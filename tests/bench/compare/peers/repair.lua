-- The repair for Envoy. Its Lua has no JSON, and a whole decoder would be slower than what the repair needs of
-- it: whether an object has a member at its top, and where a participant's state and queue stand.

local byte, find, sub = string.byte, string.find, string.sub

-- Behind the string that begins at `at`.
local function behind_string(text, at)
  at = at + 1
  while true do
    local mark = find(text, '["\\]', at)
    if not mark then return nil end
    if byte(text, mark) == 34 then return mark + 1 end
    at = mark + 2
  end
end

-- Calls `member(name, first)` for every member of the object that begins at `at`, `first` being where its
-- value begins; stops when that returns true. Returns where the object ends, nil where the text is no JSON.
local function members(text, at, member)
  local depth, expects_name = 0, false
  while true do
    at = find(text, '["{}%[%],]', at)
    if not at then return nil end
    local mark = byte(text, at)
    if mark == 34 then
      local behind = behind_string(text, at)
      if not behind then return nil end
      if depth == 1 and expects_name then
        local colon = find(text, "[^ \t\r\n]", behind)
        if not colon or byte(text, colon) ~= 58 then return nil end
        expects_name = false
        if member(sub(text, at + 1, behind - 2), find(text, "[^ \t\r\n]", colon + 1)) then return at end
      end
      at = behind
    else
      if mark == 123 or mark == 91 then
        depth = depth + 1
        if depth == 1 then expects_name = true end
      elseif mark == 125 or mark == 93 then
        depth = depth - 1
        if depth == 0 then return at end
      elseif depth == 1 then
        expects_name = true
      end
      at = at + 1
    end
  end
end

local function string_at(text, first)
  if first and byte(text, first) == 34 then
    local behind = behind_string(text, first)
    return behind and sub(text, first + 1, behind - 2)
  end
end

-- State and queue of the participant in a conversation.
local function read(text, participant)
  local found
  members(text, find(text, "{", 1, true) or 1, function(name, first)
    if name ~= "participants" then return false end
    local at = find(text, "{", first, true)
    while at do
      local id, state, queue
      local last = members(text, at, function(member, value)
        if member == "id" then id = string_at(text, value)
        elseif member == "state" then state = string_at(text, value)
        elseif member == "queueId" then queue = string_at(text, value) end
      end)
      if not last then return true end
      if id == participant then
        found = { state = state or "", queue = queue or "" }
        return true
      end
      local comma = find(text, "[^ \t\r\n]", last + 1)
      if not comma or byte(text, comma) ~= 44 then return true end
      at = find(text, "{", comma, true)
    end
    return true
  end)
  return found
end

local snapshots = {}

local function lookup(request, conversation, participant)
  local key, now = conversation .. " " .. participant, request:timestamp(EnvoyTimestampResolution.MILLISECOND)
  local known = snapshots[key]
  if known and now < known.ends then return known end
  local headers = request:headers()
  local answer, body = request:httpCall("api", {
    [":method"] = "GET",
    [":path"] = "/api/v2/conversations/" .. conversation,
    [":authority"] = headers:get(":authority"),
    ["authorization"] = headers:get("authorization"),
    ["accept"] = "application/json",
  }, nil, 5000)
  if answer[":status"] ~= "200" or not body then return nil end
  local fresh = read(body, participant)
  if fresh then
    fresh.ends = now + @age@ * 1000
    snapshots[key] = fresh
  end
  return fresh
end

function envoy_on_request(request)
  local headers = request:headers()
  if headers:get(":method") ~= "PATCH" then return end
  local conversation, participant =
    string.match(headers:get(":path"), "^/api/v2/conversations/([^/?]+)/participants/([^/?]+)$")
  if not conversation then return end
  local body = request:body()
  if not body then return end
  local text = body:getBytes(0, body:length())
  local open = find(text, "[^ \t\r\n]")
  if not open or byte(text, open) ~= 123 then return end
  local has_state, has_routing, is_empty = false, false, true
  local last = members(text, open, function(name)
    is_empty = false
    if name == "state" then has_state = true elseif name == "routing" then has_routing = true end
  end)
  if not last or (has_state and has_routing) then return end
  local found = lookup(request, conversation, participant)
  if not found then return end
  local fills = {}
  if not has_state then fills[#fills + 1] = '"state":"' .. found.state .. '"' end
  if not has_routing then fills[#fills + 1] = '"routing":{"queue":{"id":"' .. found.queue .. '"}}' end
  local filled = table.concat(fills, ",") .. (is_empty and "" or ",")
  local length = request:body():setBytes(sub(text, 1, open) .. filled .. sub(text, open + 1))
  request:headers():replace("content-length", length)
end
