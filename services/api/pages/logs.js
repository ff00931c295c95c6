// Follows the log. What arrives while somebody reads further down waits behind a button, so that nothing moves under the eyes.
(() => {
  const rows = document.getElementById('log-rows');
  const button = document.getElementById('log-waiting');
  if (rows === null || button === null || !rows.hasAttribute('sse-connect')) return;
  const MOST_ROWS = 500;
  const waiting = [];
  let missed = false;

  const reading = () => window.scrollY > 120;
  const show = () => {
    button.hidden = waiting.length === 0 && !missed;
    button.textContent = missed ? 'Many new events: load them' : `${waiting.length} new: show them`;
  };
  const release = () => {
    if (missed) return window.location.reload();
    const html = waiting.splice(0).reverse().join('');
    show();
    if (html !== '') window.htmx.swap(rows, html, { swapStyle: 'afterbegin' });
    return undefined;
  };

  rows.addEventListener('htmx:sseBeforeMessage', (event) => {
    const { lastEventId, data } = event.detail;
    // After a line that was cut, the stream may tell again what is here already.
    const known = document.getElementById(`log-${lastEventId}`) !== null;
    if (known || reading() || waiting.length > 0) event.preventDefault();
    if (known || !(reading() || waiting.length > 0)) return;
    if (waiting.length < MOST_ROWS) waiting.push(data);
    else missed = true;
    show();
  });
  rows.addEventListener('htmx:afterSwap', () => {
    for (const row of [...rows.children].slice(MOST_ROWS)) row.remove();
  });
  document.body.addEventListener('htmx:sseOpen', (event) => {
    event.detail.source.addEventListener('refetch', () => {
      missed = true;
      if (reading()) show();
      else release();
    });
  });
  button.addEventListener('click', () => {
    window.scrollTo({ top: 0 });
    release();
  });
  window.addEventListener('scroll', () => {
    if (!reading() && (waiting.length > 0 || missed)) release();
  });
})();
