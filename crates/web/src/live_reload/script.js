// Loads the page again when the program or what it shows has changed, and shows the compiler's errors
// while there are some. Served in debug mode alone.
(() => {
  'use strict';
  const script = document.currentScript;
  if (window.firewhirlLiveReload || !script) return;
  window.firewhirlLiveReload = true;

  // The program and the assets with which this page was made.
  const own = new URL(script.src).searchParams.get('v');
  const styles = `STYLES
    .box { position: fixed; inset: 0; z-index: 2147483647; overflow: auto; padding: 2rem; box-sizing: border-box;
           background: rgba(20, 22, 28, .95); color: #e8e8e8; font: 14px/1.5 ui-monospace, monospace; }
    pre { margin: 1rem 0; white-space: pre-wrap; font: inherit; }
    button { float: right; font: inherit; color: inherit; background: none; border: 1px solid; cursor: pointer; }`;
  let overlay = null;
  let dismissed = null;

  function show(errors) {
    if (errors === dismissed) return;
    hide();
    overlay = document.createElement('firewhirl-overlay');
    const inside = overlay.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    inside.adoptedStyleSheets = [sheet];
    const box = document.createElement('div');
    box.className = 'box';
    const close = document.createElement('button');
    close.textContent = 'close';
    close.onclick = () => { dismissed = errors; hide(); };
    const text = document.createElement('pre');
    text.innerHTML = errors; // escaped where it was made
    box.append(close, 'The program as it is cannot be built or started; this is the one before.', text);
    inside.append(box);
    document.documentElement.append(overlay);
  }

  function hide() {
    overlay?.remove();
    overlay = null;
  }

  function hear(event) {
    const status = JSON.parse(event.data);
    if (status.broken) show(status.broken); else { dismissed = null; hide(); }
    // Once for a version: a page that comes from a cache must not be loaded for ever.
    if (status.version !== own && sessionStorage.getItem('firewhirl') !== status.version) {
      sessionStorage.setItem('firewhirl', status.version);
      location.reload();
    }
  }

  function connect() {
    const source = new EventSource('/_firewhirl/live-reload');
    source.onmessage = hear;
    // What the browser does not try again by itself.
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(connect, 500); };
  }
  connect();
})();
