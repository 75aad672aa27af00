-- A body of 2 KiB, posted.

wrk.method = "POST"
wrk.body = string.rep("x", 2048)
