import { streamSSE } from 'hono/streaming';
import { renderSVG } from 'uqr';
import { createGate } from '../../db/gate.ts';
import { findOrderByToken } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { formatMoney } from '../../domain/money.ts';
import { isEnded } from '../../domain/order.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { checkoutScript } from './checkout-script.ts';
import { checkoutStyle } from './checkout-style.ts';
import { checkoutWords, chooseLanguage } from './checkout-words.ts';
import type { Language } from './checkout-words.ts';
import { Layout } from './layout.tsx';
import { securePage } from './secure-page.ts';

const heartbeatMs = 15_000;

/** The page where a payer pays, `/pay/<token>`, and the stream that tells it of the end. */
export function registerCheckout(app: App, deps: ApiDeps) {
  const findByToken = async (checkoutToken: string): Promise<OrderView> => {
    const isToken = /^[A-Za-z0-9_-]{22}$/.test(checkoutToken);
    const view = isToken ? await findOrderByToken(deps.db, { checkoutToken }) : undefined;
    if (!view) throw notFound('checkout page', checkoutToken);
    return view;
  };

  app.get('/pay/:token', async (c) => {
    const view = await findByToken(c.req.param('token'));
    const language = chooseLanguage(c.req.query('lang'), c.req.header('accept-language'));
    const nonce = securePage(c);
    return c.html(<Checkout view={view} language={language} nonce={nonce} />);
  });

  app.get('/pay/:token/stream', async (c) => {
    const checkoutToken = c.req.param('token');
    const { snapshot } = await findByToken(checkoutToken);
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const gate = createGate();
      const stop = deps.changes.subscribe('tender_orders', snapshot.id, gate.open);
      stream.onAbort(gate.open);
      let told = '';
      try {
        while (!stream.aborted) {
          const view = await findByToken(checkoutToken);
          const state = stateOf(view);
          if (state !== told) await stream.writeSSE({ event: 'state', data: state });
          // A comment keeps proxies from closing a quiet stream, and finds out who has gone.
          else await stream.write(': still here\n\n');
          told = state;
          if (isEnded(view.snapshot.status)) return;
          await gate.wait(heartbeatMs);
        }
      } finally {
        stop();
      }
    });
  });
}

/** What decides how the page looks; it reloads itself when this changes. */
function stateOf({ snapshot, nextAction }: OrderView): string {
  return snapshot.status === 'pending' && !nextAction ? 'preparing' : snapshot.status;
}

function Checkout(props: { view: OrderView; language: Language; nonce: string }) {
  const { snapshot } = props.view;
  const words = checkoutWords[props.language];
  return (
    <Layout
      title={`${words.title} ${formatMoney(snapshot)}`}
      lang={props.language === 'zh' ? 'zh-CN' : 'en'}
      nonce={props.nonce}
      head={<style nonce={props.nonce} dangerouslySetInnerHTML={{ __html: checkoutStyle }} />}
    >
      <main>
        <p class="top soft">
          <a href={`?lang=${props.language === 'zh' ? 'en' : 'zh'}`}>{words.other}</a>
        </p>
        <section
          class="card"
          id="checkout"
          data-state={stateOf(props.view)}
          data-expires={snapshot.expiresAt}
        >
          <h1>{snapshot.subject}</h1>
          <div class="amount">{formatMoney(snapshot)}</div>
          <p class="soft">
            {words.order} {snapshot.merchantOrderNo}
          </p>
          <Body {...props} />
        </section>
      </main>
      <script nonce={props.nonce} dangerouslySetInnerHTML={{ __html: checkoutScript }} />
    </Layout>
  );
}

function Body({ view, language }: { view: OrderView; language: Language }) {
  const { snapshot, nextAction } = view;
  const words = checkoutWords[language];
  if (snapshot.status !== 'pending') return <Ended view={view} language={language} />;
  if (nextAction?.kind !== 'qr') return <p class="wait">{words.preparing}</p>;
  const canOpen = /^https?:/.test(nextAction.content);
  return (
    <div class="pay">
      <div
        class="qr"
        role="img"
        aria-label={words.scan}
        dangerouslySetInnerHTML={{ __html: renderSVG(nextAction.content, { border: 2 }) }}
      />
      <p>{words.scan}</p>
      <p class="soft">
        {words.timeLeft} <b id="left">…</b>
      </p>
      {canOpen && (
        <a class="button" href={nextAction.content} rel="noreferrer">
          {words.open}
        </a>
      )}
    </div>
  );
}

const marks = { paid: '✓', closed: '×', failed: '×', review: '…' } as const;

function Ended({ view, language }: { view: OrderView; language: Language }) {
  const { status, returnUrl } = view.snapshot;
  if (status === 'pending') return null;
  const words = checkoutWords[language];
  return (
    <div class={`end ${status}`} role="status">
      <div class="mark" aria-hidden="true">
        {marks[status]}
      </div>
      <h2>{words[status]}</h2>
      <p class="soft">{words[`${status}Text`]}</p>
      {returnUrl && (
        <a class="button" href={returnUrl}>
          {words.back}
        </a>
      )}
    </div>
  );
}
