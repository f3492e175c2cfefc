import { renderSVG } from 'uqr';
import type { OrderView } from '../../db/queries/find-order.ts';
import { formatMoney } from '../../domain/money.ts';
import type { NextAction } from '../../domain/payment.ts';
import { checkoutScript } from './checkout-script.ts';
import { checkoutStyle } from './checkout-style.ts';
import { checkoutTexts, providerNames } from './checkout-texts.ts';
import type { Language } from './checkout-texts.ts';
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
  const texts = checkoutTexts[props.language];
  return (
    <Layout
      title={`${texts.title} ${formatMoney(snapshot)}`}
      lang={props.language === 'zh' ? 'zh-CN' : 'en'}
      nonce={props.nonce}
      head={<style nonce={props.nonce} dangerouslySetInnerHTML={{ __html: checkoutStyle }} />}
    >
      <main>
        <p class="top soft">
          <a href={`?lang=${props.language === 'zh' ? 'en' : 'zh'}`}>{texts.other}</a>
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
            {texts.order} {snapshot.merchantOrderNo}
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
  const texts = checkoutTexts[language];
  if (snapshot.status !== 'pending') return <Ended view={view} language={language} />;
  if (!nextAction) return <p class="wait">{texts.preparing}</p>;
  const provider = nameOf(view.method ?? '', language);
  return (
    <div class="pay">
      <Action action={nextAction} provider={provider} language={language} />
      <p class="soft">
        {texts.timeLeft} <b id="left">…</b>
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
  const texts = checkoutTexts[props.language];
  switch (action.kind) {
    case 'qr':
      return (
        <>
          <div
            class="qr"
            role="img"
            aria-label={texts.scan(provider)}
            dangerouslySetInnerHTML={{ __html: renderSVG(action.content, { border: 2 }) }}
          />
          <p>{texts.scan(provider)}</p>
          {/^https?:/.test(action.content) && (
            <a class="button" href={action.content} rel="noreferrer">
              {texts.open}
            </a>
          )}
        </>
      );
    case 'redirect':
      return (
        <a class="button" href={action.url} rel="noreferrer">
          {texts.continueAt(provider)}
        </a>
      );
    case 'form':
      return (
        <form method="post" action={action.action}>
          {Object.entries(action.fields).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <button class="button">{texts.continueAt(provider)}</button>
        </form>
      );
    case 'jsapi':
      return (
        <button class="button" id="jsapi" data-params={JSON.stringify(action.params)}>
          {texts.continueAt(provider)}
        </button>
      );
    case 'clientSecret':
      return <p>{texts.inApp}</p>;
  }
}

function Methods(props: { methods: readonly string[]; language: Language; token: string }) {
  if (props.methods.length === 0) return null;
  return (
    <div class="methods">
      <p class="soft">{checkoutTexts[props.language].otherWay}</p>
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
  const texts = checkoutTexts[language];
  return (
    <div class={`end ${status}`} role="status">
      <div class="mark" aria-hidden="true">
        {marks[status]}
      </div>
      <h2>{texts[status]}</h2>
      <p class="soft">{texts[`${status}Text`]}</p>
      {returnUrl && (
        <a class="button" href={returnUrl}>
          {texts.back}
        </a>
      )}
    </div>
  );
}
