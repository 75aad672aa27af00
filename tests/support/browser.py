"""Opens a page in headless Chromium and answers questions about it: browser.py URL [CHROMIUM_FLAG ...]

Each line of standard input is JavaScript, for which it says "true" as soon as that is true in the page, or what it was
last after a while. "quit" ends it. Nothing but the standard library is needed.
"""

import json, socket, subprocess, sys, tempfile, time, urllib.error, urllib.request

PATIENCE = 120


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            answer = condition()
        except (urllib.error.URLError, ConnectionError) as error:
            # The page is being loaded, or has not what is asked for yet.
            answer = str(error)
        if answer is True or time.monotonic() > end:
            return answer
        time.sleep(0.1)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
base = f"http://127.0.0.1:{port}"
driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    assert eventually(lambda: call("GET", "/status")["ready"]) is True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"] + sys.argv[2:]
        session = call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": flags}}}})
        session = f"/session/{session['sessionId']}"
        call("POST", session + "/url", {"url": sys.argv[1]})
        for line in sys.stdin:
            if line.strip() == "quit":
                break
            script = {"script": f"return {line.strip()}", "args": []}
            answer = eventually(lambda: call("POST", session + "/execute/sync", script))
            print("true" if answer is True else json.dumps(answer), flush=True)
        call("DELETE", session)
finally:
    driver.terminate()
    driver.wait()
