import { plotDrain } from './plot-drain.ts';
import { plotRates } from './plot-rates.ts';
import type { Bar } from './plot-rates.ts';
import type { Machine, SavedRun, SavedRuns } from './results.ts';

const page = 'docs/operations/benchmarks.md';
const ratesPlot = 'docs/images/benchmarks.svg';
const drainPlot = 'docs/images/drain.svg';

const names = { alipay: 'Alipay', 'wechat-pay': 'WeChat Pay', stripe: 'Stripe' };
/** The length from which percentiles and drift are reliable; shorter runs are marked. */
const longRun = { rounds: 3, secondsPerRound: 10 };

/** The files of a report by path. The same runs give the same files. */
export function reportOf(runs: SavedRuns): Record<string, string> {
  const drain = runs.webhooks?.result.drain;
  return {
    [page]: pageOf(runs),
    [ratesPlot]: plotRates(barsOf(runs)),
    ...(drain && { [drainPlot]: plotDrain(drain) }),
  };
}

const number = (value: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const ratio = (value: number) => value.toFixed(2);

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function barsOf({ payments, relay, webhooks }: SavedRuns): Bar[] {
  const bars: Bar[] = payments.map(({ result: { provider, saturation } }) => ({
    name: `payments, ${names[provider]}`,
    baselinePerSecond: saturation.bare.perSecond,
    perSecond: saturation.product.perSecond,
  }));
  if (webhooks) {
    const { plain, one, batches } = webhooks.result.saturation;
    const baselinePerSecond = plain.perSecond;
    bars.push({ name: 'events, 1 per request', baselinePerSecond, perSecond: one.perSecond });
    bars.push({ name: 'events, 100 per request', baselinePerSecond, perSecond: batches.perSecond });
  }
  if (relay) {
    const { plain, relay: ours } = relay.result;
    bars.push({
      name: 'relay',
      baselinePerSecond: plain.perSecond,
      perSecond: ours.perSecond,
    });
  }
  return bars;
}

function pageOf(runs: SavedRuns): string {
  const { payments, relay, webhooks } = runs;
  const all = [...payments, ...(relay ? [relay] : []), ...(webhooks ? [webhooks] : [])];
  return `# Benchmarks

For operators who size an installation, and for contributors who compare a change. \`npm run bench -- report\` writes this page
from the last saved run of each benchmark in \`bench/results/\`.

## Method

Every benchmark runs Tender and a baseline in alternating rounds on one machine, because machines differ and a shared
machine changes within minutes. Compare ratios, not rates. PostgreSQL, Temporal's development server, the load generator and
the receiver run on the same cores as Tender. Rates, ratios and latencies of payments are medians of the rounds; latencies of
events are those of the last round.

| benchmark | Tender | baseline |
|---|---|---|
| payments | an order over HTTP, through the provider's simulator, to the merchant's endpoint | a bare Temporal workflow of the same shape (update-with-start, activity, signal, activity) on a stock worker with the same Node options; its activities do nothing |
| webhooks | \`POST /v1/events\` to the endpoint's receipt, ${webhooks?.result.endpoints ?? 20} endpoints | a loop that signs, POSTs and writes rows in batches |
| relay | the relay alone, with its database | the same loop |

## Runs

${table(
  ['benchmark', 'day', 'rounds', 'seconds per round', 'machine'],
  all.map(({ result, day, rounds, secondsPerRound, machine }) => [
    result.bench === 'payments' ? `payments, ${names[result.provider]}` : result.bench,
    day,
    String(rounds),
    result.bench === 'relay' ? `${number(result.deliveries)} deliveries` : String(secondsPerRound),
    machineLine(machine),
  ]),
)}
${all.some(isShort) ? `\n**Short runs**: fewer than ${longRun.rounds} rounds of ${longRun.secondsPerRound} s. Take them as an order of magnitude, and run the commands below\non your own machine.\n` : ''}
## Throughput

${table(
  ['benchmark', 'baseline', 'Tender', 'ratio', 'CPU per operation, Tender'],
  throughputRows(runs),
)}

![Throughput of the baseline and of Tender](../images/benchmarks.svg)

## Latency

${table(['benchmark', 'load', 'baseline p50', 'Tender p50', 'ratio', 'Tender p99'], latencyRows(runs))}

The payments baseline is the time from a signal to its activity; Tender's is from the provider's notification to the
merchant's endpoint. The events baseline is one POST and one commit.
${webhooks ? troubleSection(webhooks) : ''}
## Run them

\`\`\`sh
npm run bench -- payments --provider alipay --save bench/results   # or wechat-pay, stripe
npm run bench -- relay --save bench/results
npm run bench -- webhooks --save bench/results       # --parts latency,isolation,memory,drain,matching,kills
npm run bench -- webhooks --json --max               # saturation alone
npm run bench -- report                              # writes this page
\`\`\`

\`--rounds\` and \`--seconds\` set the length; \`--json\` prints one line of JSON. \`npm run bench -- webhooks --rate 400 --hang 1\` holds
a steady rate while one endpoint never answers.
`;
}

const machineLine = ({ cores, cpu, memoryGb, node }: Machine) =>
  `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}`;

const isShort = ({ rounds, secondsPerRound, result }: SavedRun<{ bench: string }>) =>
  rounds < longRun.rounds ||
  (result.bench !== 'relay' && secondsPerRound < longRun.secondsPerRound);

function throughputRows({ payments, relay, webhooks }: SavedRuns): string[][] {
  const rows = payments.map(({ result: { provider, saturation } }) => [
    `payments, ${names[provider]}`,
    `${number(saturation.bare.perSecond)}/s`,
    `${number(saturation.product.perSecond)}/s`,
    ratio(saturation.throughputRatio),
    ms(saturation.product.cpuMsPerOrder.total),
  ]);
  if (webhooks) {
    const { plain, one, batches } = webhooks.result.saturation;
    for (const [name, side] of [
      ['events, 1 per request', one],
      ['events, 100 per request', batches],
    ] as const) {
      const cpu = side.platformCpuMsPerEvent;
      rows.push([
        name,
        `${number(plain.perSecond)}/s`,
        `${number(side.perSecond)}/s`,
        ratio(side.ratio),
        cpu === null ? '-' : ms(cpu),
      ]);
    }
  }
  if (relay) {
    const { plain, relay: ours } = relay.result;
    const cpu = ours.cpuMsPerDelivery?.['sender'];
    rows.push([
      'relay',
      `${number(plain.perSecond)}/s`,
      `${number(ours.perSecond)}/s`,
      ratio(relay.result.ratio),
      cpu === undefined ? '-' : ms(cpu),
    ]);
  }
  return rows;
}

function latencyRows({ payments, webhooks }: SavedRuns): string[][] {
  const rows = payments.map(({ result: { provider, quarterLoad } }) => [
    `payments, ${names[provider]}`,
    `${number(quarterLoad.perSecond)}/s`,
    ms(quarterLoad.bare.p50Ms),
    ms(quarterLoad.product.p50Ms),
    ratio(quarterLoad.latencyRatio),
    ms(quarterLoad.product.p99Ms),
  ]);
  const latency = latencyOf(webhooks);
  if (latency) {
    rows.push([
      'events, 1 per request',
      `${number(latency.perSecond)}/s`,
      ms(latency.baselineMs),
      ms(latency.p50Ms),
      ratio(latency.ratio),
      ms(latency.p99Ms),
    ]);
  }
  return rows;
}

/** The latency of the last round. */
function latencyOf(webhooks: SavedRuns['webhooks']) {
  const { floors, arrivals, ratio } = webhooks?.result.latency ?? {};
  const [floor, arrival] = [floors?.at(-1), arrivals?.at(-1)];
  if (!floor || !arrival || ratio === undefined) return undefined;
  const { perSecond, p50Ms, p99Ms } = arrival;
  return { perSecond, p50Ms, p99Ms, baselineMs: floor.sumMs, ratio };
}

function troubleSection({
  result: { drain, kills, isolation },
}: NonNullable<SavedRuns['webhooks']>) {
  const parts: string[] = [];
  if (isolation) {
    const rows = Object.values(isolation).map(({ perSecond, allWell, threeFailing, p99Ratio }) => [
      `${number(perSecond)}/s`,
      `${number(threeFailing.taken)}; ${number(allWell.taken)}`,
      ratio(p99Ratio.whole.median),
    ]);
    parts.push(`## Isolation

Of 20 endpoints, one hangs, one answers 500 and one is ten times slower. The table compares the other 17 with runs in which
all are healthy.

${table(['rate', 'events received, with and without', 'ratio of p99'], rows)}`);
  }
  if (kills) {
    parts.push(`## Kills

The worker was killed with \`kill -9\` ${kills.kills} times at ${number(kills.perSecond)} events/s: ${number(kills.published)} published, ${number(kills.lost)} lost, ${number(kills.duplicates)} delivered
twice. Takeover took ${ms(kills.takeoverMs.p50)} (p50) and ${ms(kills.takeoverMs.p99)} (p99).`);
  }
  if (drain) {
    parts.push(`## A dead endpoint recovers

${number(drain.waiting)} events waited for a dead endpoint. The plot shows how many wait, the endpoint's window, the worker's memory and the
rate at which the other endpoints received their events.

![Events wait for a dead endpoint, which recovers and is drained](../images/drain.svg)`);
  }
  return parts.length > 0 ? `\n${parts.join('\n\n')}\n` : '';
}

/** The README's table of three figures, in its language. */
export function figuresOf({ payments, webhooks }: SavedRuns, language: 'en' | 'zh'): string {
  const alipay = payments.find(({ result }) => result.provider === 'alipay');
  const latency = latencyOf(webhooks);
  if (!alipay || !webhooks || !latency) {
    throw new Error(
      'the figures need a saved run of payments with Alipay and one of webhooks with latency',
    );
  }
  const { bare, product, throughputRatio } = alipay.result.saturation;
  const { plain, one } = webhooks.result.saturation;
  const { cores } = webhooks.machine;
  const rate = (value: number) => number(value);
  const hasShort = isShort(alipay) || isShort(webhooks);
  if (language === 'zh') {
    return `以下数据在 ${cores} 个核心上测得，PostgreSQL、Temporal 和压测程序也运行在同一台机器上（${webhooks.day}${hasShort ? '，短时运行' : ''}）：

| 测量项 | 基线 | Tender | 比值 |
|---|---|---|---|
| 每秒完成的支付宝订单 | ${rate(bare.perSecond)}，活动为空的裸 Temporal 工作流 | ${rate(product.perSecond)} | ${ratio(throughputRatio)} |
| 每秒从发布到送达端点的事件 | ${rate(plain.perSecond)}，只签名、发送和写库的循环 | ${rate(one.perSecond)} | ${ratio(one.ratio)} |
| 从发布到送达的延迟，p50 | ${ms(latency.baselineMs)}，一次 POST 加一次提交 | ${ms(latency.p50Ms)} | ${ratio(latency.ratio)} |`;
  }
  return `Measured on ${cores} cores that PostgreSQL, Temporal and the load generator share (${webhooks.day}${hasShort ? ', a short run' : ''}):

| measurement | baseline | Tender | ratio |
|---|---|---|---|
| Alipay orders per second | ${rate(bare.perSecond)}, bare Temporal workflow with empty activities, same Node options | ${rate(product.perSecond)} | ${ratio(throughputRatio)} |
| events per second, published to delivered | ${rate(plain.perSecond)}, loop that signs, sends and writes rows | ${rate(one.perSecond)} | ${ratio(one.ratio)} |
| latency from publish to delivery, p50 | ${ms(latency.baselineMs)}, one POST and one commit | ${ms(latency.p50Ms)} | ${ratio(latency.ratio)} |`;
}

export const readmes = { 'README.md': 'en', 'README.zh-CN.md': 'zh' } as const;

/** Replaces the figures of a README. */
export function withFigures(readme: string, figures: string): string {
  const place = /(<!-- figures: [^\n]* -->\n)[^]*?(<!-- \/figures -->)/;
  if (!place.test(readme)) throw new Error('the README has no markers for the figures');
  return readme.replace(place, (_, start: string, end: string) => `${start}\n${figures}\n\n${end}`);
}
