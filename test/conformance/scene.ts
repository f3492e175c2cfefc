import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { NextAction } from '../../domain/payment.ts';
import type {
  CreatePaymentInput,
  PaymentRef,
  ParsedNotification,
  Provider,
  ProviderName,
  RawNotification,
} from '../../providers/provider.ts';
import { createProvider } from '../../providers/create-provider.ts';
import { definitions } from '../../providers/registry.ts';
import { nameNotifyUrl, openSandbox } from '../../providers/sandboxes.ts';
import type { Sandbox } from '../../providers/sandboxes.ts';
import type { ScriptedFault } from '../../simulators/kit/faults.ts';
import type { PaymentView } from '../../simulators/kit/view.ts';
import { startSimulator } from '../support/simulators.ts';
import type { RunningSimulator } from '../support/simulators.ts';
import { until } from '../support/until.ts';
import { profiles } from './profiles.ts';
import type { Profile } from './profiles.ts';

/** A notification as it came, with what the adapter made of it. */
export type Heard = { raw: RawNotification; parsed: ParsedNotification };

/** One provider with its simulator, an account there, and an ear for notifications. */
export type Scene = {
  name: ProviderName;
  profile: Profile;
  provider: Provider;
  sandbox: Sandbox;
  simulator: RunningSimulator;
  /** Everything the simulator has sent, in its order. */
  heard: Heard[];
  /** A client of the same account with other words, as after a typing error. */
  clientWith(fields: {
    settings?: Record<string, string>;
    credentials?: Record<string, string>;
  }): Promise<Provider>;
  /** What a payment is asked for with; every call has a number of its own. */
  wanted(fields?: Partial<CreatePaymentInput>): CreatePaymentInput;
  /** Opens a payment and gives back how it is known; fails the case on a refusal. */
  open(fields?: Partial<CreatePaymentInput>): Promise<Opened>;
  /** The payer pays, or does something else at the console. */
  tell(payment: PaymentRef, verb: string, body?: Record<string, unknown>): Promise<PaymentView>;
  /** The payment as the provider's own book has it. */
  booked(payment: { outTradeNo: string }): Promise<PaymentView | undefined>;
  fault(payment: { outTradeNo: string }, fault: Omit<ScriptedFault, 'outTradeNo'>): Promise<void>;
  /** Waits for the next notification about a payment that satisfies `isIt`. */
  hears(payment: PaymentRef, isIt?: (heard: Heard) => boolean): Promise<Heard>;
  close(): Promise<void>;
};

export type Opened = PaymentRef & { nextAction: NextAction };

/** Opens a scene. Simulators need no database and no Temporal. */
export async function openScene(
  name: ProviderName,
  options: { hasSameDayStatements?: boolean } = {},
): Promise<Scene> {
  const profile = profiles[name];
  const simulator = await startSimulator(name, {
    retryGapsMs: Array.from({ length: 20 }, () => 50),
    ...options,
  });
  const sandbox = await openSandbox[name]({ simulatorUrl: simulator.url });
  const clientWith: Scene['clientWith'] = ({ settings = {}, credentials = {} }) =>
    createProvider({
      provider: name,
      settings: { ...sandbox.settings, ...settings },
      credentials: { ...sandbox.credentials, ...credentials },
    });
  const provider = await clientWith({});
  const heard: Heard[] = [];
  const ear = createServer((request, response) => {
    void (async () => {
      const rawBody = await text(request);
      const raw = { rawBody, headers: request.headers as Record<string, string> };
      const parsed = await provider.parseNotification(raw);
      heard.push({ raw, parsed });
      const answer = {
        verified: 'accepted',
        rejected: 'rejected',
        retryLater: 'retryLater',
      } as const;
      const ack = provider.acknowledge(answer[parsed.kind]);
      response.writeHead(ack.status, { 'content-type': ack.contentType }).end(ack.body);
    })();
  });
  ear.listen(0, '127.0.0.1');
  await once(ear, 'listening');
  const notifyUrl = `http://127.0.0.1:${(ear.address() as AddressInfo).port}/`;
  await nameNotifyUrl({
    provider: name,
    notifyUrl,
    simulatorUrl: simulator.url,
    account: sandbox.account,
  });

  const wanted: Scene['wanted'] = (fields = {}) => ({
    outTradeNo: outTradeNoOf(newId('payment')),
    method: Object.keys(definitions[name].methods)[0] ?? '',
    amountMinor: 1250,
    currency: profile.currency,
    subject: 'One cup of tea',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    notifyUrl,
    returnUrl: 'https://shop.example/thanks',
    capture: 'automatic',
    payer: {},
    ...fields,
  });
  const booked: Scene['booked'] = async ({ outTradeNo }) => {
    const path = `/payments/${outTradeNo}?account=${sandbox.account}`;
    const { status, body } = await simulator.call<PaymentView>('GET', path);
    return status === 200 ? body : undefined;
  };

  return {
    name,
    profile,
    provider,
    sandbox,
    simulator,
    heard,
    clientWith,
    wanted,
    booked,
    async open(fields) {
      const input = wanted(fields);
      const created = await provider.createPayment(input);
      if (created.kind !== 'created')
        throw new Error(`create was ${created.kind}: ${created.code}`);
      const { nextAction, providerRef } = created;
      // At Alipay a trade begins when the payer opens the code.
      if (profile.isBegunByPayer && nextAction.kind === 'qr') await fetch(nextAction.content);
      const { outTradeNo, amountMinor, currency } = input;
      return { outTradeNo, amountMinor, currency, providerRef, providerTradeNo: null, nextAction };
    },
    async tell({ outTradeNo }, verb, body = {}) {
      const answer = await simulator.call<PaymentView>('POST', `/payments/${outTradeNo}/${verb}`, {
        body: { account: sandbox.account, ...body },
      });
      if (answer.status >= 300) throw new Error(`the simulator answered ${answer.text}`);
      return answer.body;
    },
    async fault({ outTradeNo }, fault) {
      const { status, text } = await simulator.call('POST', '/faults', {
        body: { ...fault, outTradeNo },
      });
      if (status >= 300) throw new Error(`the simulator answered ${text}`);
    },
    hears: (payment, isIt = () => true) =>
      until(`a notification about ${payment.outTradeNo}`, () =>
        heard.find((one) => isAbout(one, payment) && isIt(one)),
      ),
    async close() {
      ear.closeAllConnections();
      await new Promise((resolve) => ear.close(resolve));
      await simulator.stop();
    },
  };
}

function isAbout({ parsed }: Heard, { outTradeNo, providerTradeNo }: PaymentRef): boolean {
  if (parsed.kind !== 'verified') return false;
  return parsed.events.some(
    ({ binding }) =>
      binding.outTradeNo === outTradeNo ||
      (binding.outTradeNo === null && binding.providerTradeNo === providerTradeNo),
  );
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
