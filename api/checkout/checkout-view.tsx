import { renderSVG } from 'uqr';
import type { OrderView } from '../../db/queries/find-order.ts';
import { formatMoney } from '../../domain/money.ts';
import type { NextAction } from '../../domain/payment.ts';
import { checkoutScript } from './checkout-script.ts';
import { checkoutStyle } from './checkout-style.ts';
import { checkoutWords, providerNames } from './checkout-words.ts';
import type { Language } from './checkout-words.ts';
import { Layout } from '../pages/layout.tsx';

type Props = {
  view: OrderView;
  /** Other methods the payer may choose. */
  methods: readonly string[];
  language: Language;
  nonce: string;
};

/** The state that the page shows; the page reloads when it changes. */
export function stateOf({ snapshot, nextAction, nextActionExpiresAt, method }: OrderView): string {
  if (snapshot.status !== 'pending') return snapshot.status;
  if (!nextAction) return 'preparing';
  // A new code needs a reload.
  return `pending ${method} ${nextActionExpiresAt?.getTime() ?? ''}`.trim();
}

/** The checkout page of an order. */
export function Checkout(props: Props) {
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
          data-renews={props.view.nextActionExpiresAt?.toISOString()}
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

function Body({ view, methods, language }: Props) {
  const { snapshot, nextAction } = view;
  const words = checkoutWords[language];
  if (snapshot.status !== 'pending') return <Ended view={view} language={language} />;
  if (!nextAction) return <p class="wait">{words.preparing}</p>;
  const provider = nameOf(view.method ?? '', language);
  return (
    <div class="pay">
      <Action action={nextAction} provider={provider} language={language} />
      <p class="soft">
        {words.timeLeft} <b id="left">…</b>
      </p>
      <Methods methods={methods} language={language} token={view.checkoutToken} />
    </div>
  );
}

/** The provider's name for payers: `alipay.qr` is `Alipay`. */
function nameOf(method: string, language: Language): string {
  const provider = method.split('.')[0] ?? '';
  return providerNames[language][provider] ?? provider;
}

function Action(props: { action: NextAction; provider: string; language: Language }) {
  const { action, provider } = props;
  const words = checkoutWords[props.language];
  switch (action.kind) {
    case 'qr':
      return (
        <>
          <div
            class="qr"
            role="img"
            aria-label={words.scan(provider)}
            dangerouslySetInnerHTML={{ __html: renderSVG(action.content, { border: 2 }) }}
          />
          <p>{words.scan(provider)}</p>
          {/^https?:/.test(action.content) && (
            <a class="button" href={action.content} rel="noreferrer">
              {words.open}
            </a>
          )}
        </>
      );
    case 'redirect':
      return (
        <a class="button" href={action.url} rel="noreferrer">
          {words.continueAt(provider)}
        </a>
      );
    case 'form':
      return (
        <form method="post" action={action.action}>
          {Object.entries(action.fields).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <button class="button">{words.continueAt(provider)}</button>
        </form>
      );
    case 'jsapi':
      return (
        <button class="button" id="jsapi" data-params={JSON.stringify(action.params)}>
          {words.continueAt(provider)}
        </button>
      );
    case 'clientSecret':
      return <p>{words.inApp}</p>;
  }
}

function Methods(props: { methods: readonly string[]; language: Language; token: string }) {
  if (props.methods.length === 0) return null;
  return (
    <div class="methods">
      <p class="soft">{checkoutWords[props.language].otherWay}</p>
      {props.methods.map((method) => (
        <form method="post" action={`/pay/${props.token}/method`}>
          <button name="method" value={method}>
            {nameOf(method, props.language)}
          </button>
        </form>
      ))}
    </div>
  );
}

const marks = {
  authorized: '✓',
  paid: '✓',
  partially_refunded: '✓',
  refunded: '↩',
  closed: '×',
  failed: '×',
  review: '…',
} as const;

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
