"""Drives the demo's page in headless Chromium through chromedriver: browser.py DEMO_PORT [SCREENSHOT]"""

import base64, socket, subprocess, sys, tempfile, time

import requests

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    driver_port = free.getsockname()[1]
driver = subprocess.Popen(["chromedriver", f"--port={driver_port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
base = f"http://127.0.0.1:{driver_port}"


def eventually(condition, what):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"within 30 s not: {what}")
        time.sleep(0.1)


def is_up():
    try:
        return requests.get(base + "/status", timeout=5).json()["value"]["ready"]
    except requests.ConnectionError:
        return False


try:
    eventually(is_up, "chromedriver answers")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1280,1000",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": flags}}}}
        answer = requests.post(base + "/session", json=wanted, timeout=60).json()["value"]
        session = f"{base}/session/{answer['sessionId']}"
        script = lambda text: requests.post(session + "/execute/sync", json={"script": text, "args": []}, timeout=30).json()["value"]
        requests.post(session + "/url", json={"url": f"http://localhost:{sys.argv[1]}/"}, timeout=30)

        eventually(lambda: "%" in script("return busy.textContent"), "the loop's load arrives")
        script("document.querySelector('#say input').value = 'said in the browser'; document.querySelector('#say').requestSubmit()")
        eventually(lambda: "said in the browser" in script("return chat.textContent"), "the chat's message comes back")
        script("count.click()")
        eventually(lambda: "lift-off" in script("return countdown.textContent"), "the countdown streams")
        script("together.click()")
        eventually(lambda: script("return waterfall.children.length") == 3, "the three fetches are drawn")
        script("block.click()")
        eventually(lambda: "blocked.rs" in script("return report.textContent"), "the page shows what blocked the loop")
        script("document.querySelector('form[action=\"/guestbook\"] [name=name]').value = 'Ada';"
               "document.querySelector('form[action=\"/guestbook\"] [name=text]').value = '<b>hi</b>'")
        if len(sys.argv) > 2:
            with open(sys.argv[2], "wb") as file:
                file.write(base64.b64decode(requests.get(session + "/screenshot", timeout=30).json()["value"]))
        script("document.querySelector('form[action=\"/guestbook\"]').requestSubmit()")
        eventually(lambda: "<b>hi</b>" in script("return document.body.textContent"), "the form leads to the guest book")
        requests.delete(session, timeout=30)
finally:
    driver.terminate()
    driver.wait()
