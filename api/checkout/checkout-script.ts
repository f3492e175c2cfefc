/** The checkout page's script: counts down, and reloads the page when the order's state changes. */
export const checkoutScript = `
const page = document.getElementById('checkout');
const left = document.getElementById('left');
const expiresMs = Date.parse(page.dataset.expires);
const two = (n) => String(n).padStart(2, '0');
function count() {
  const seconds = Math.max(0, Math.round((expiresMs - Date.now()) / 1000));
  left.textContent = two(Math.floor(seconds / 60)) + ':' + two(seconds % 60);
}
if (left) { count(); setInterval(count, 1000); }
// Reloads shortly before the code expires; the server then renews it.
const renewsMs = Date.parse(page.dataset.renews) - Date.now() - 10_000;
if (renewsMs < 2_000_000_000) setTimeout(() => location.reload(), Math.max(1_000, renewsMs));
const open = /^(pending|preparing|review|authorized)/.test(page.dataset.state);
if (open) {
  const stream = new EventSource(location.pathname + '/stream');
  stream.addEventListener('state', (event) => {
    if (event.data !== page.dataset.state) { stream.close(); location.reload(); }
  });
}
const jsapi = document.getElementById('jsapi');
if (jsapi) jsapi.addEventListener('click', () => {
  // Only WeChat's own browser has this bridge.
  if (!window.WeixinJSBridge) return;
  window.WeixinJSBridge.invoke('getBrandWCPayRequest', JSON.parse(jsapi.dataset.params), () => location.reload());
});
`;
