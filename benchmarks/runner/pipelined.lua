-- Sixteen requests in one write; wrk counts each answer.

init = function(args)
    local requests = {}
    for index = 1, 16 do
        requests[index] = wrk.format()
    end
    batch = table.concat(requests)
end

request = function()
    return batch
end
