import type { Drain } from '../webhooks/result.ts';

const width = 760;
const rowHeight = 120;
const left = 90;
const gap = 34;

/**
 * Four curves over one time axis: pending events, the window, the worker's memory, and the rate of the other endpoints.
 */
export function plotDrain({ samples, windows, backAtS, waiting }: Drain): string {
  const lastS = samples.at(-1)?.atS ?? 1;
  const x = (atS: number) => left + (atS / lastS) * (width - left - 20);
  const curve = (pick: (sample: Drain['samples'][number]) => number): [number, number][] =>
    samples.map((one) => [one.atS, pick(one)]);
  // Two samples at the same time give no rate.
  const perSecond = samples.flatMap(({ atS, othersTaken }, n): [number, number][] => {
    const sinceS = atS - (samples[n - 1]?.atS ?? 0);
    return sinceS > 0 ? [[atS, Math.round(othersTaken / sinceS)]] : [];
  });
  const rows: [string, [atS: number, value: number][]][] = [
    ['events waiting', curve((one) => one.outstanding)],
    ['window (concurrent calls), once it is back', windows.map((one) => [one.atS, one.window])],
    ['worker, MB', curve((one) => one.workerMb)],
    ['other endpoints, events per second', perSecond],
  ];
  const drawn = rows.map(([name, values], row) => {
    const top = 40 + row * (rowHeight + gap);
    const max = Math.max(1, ...values.map(([, value]) => value));
    const y = (value: number) => top + rowHeight * (1 - value / max);
    const points = values
      .map(([atS, value]) => `${x(atS).toFixed(1)},${y(value).toFixed(1)}`)
      .join(' ');
    return `<text x="${left}" y="${top - 6}">${name}</text>
<text x="${left - 8}" y="${top + 10}" text-anchor="end">${max}</text>
<text x="${left - 8}" y="${top + rowHeight}" text-anchor="end">0</text>
<path d="M${left} ${top}V${top + rowHeight}H${width - 20}" class="axis"/>
<polyline points="${points}"/>`;
  });
  const height = 40 + rows.length * (rowHeight + gap);
  const back = x(backAtS).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 20}" font-family="sans-serif" font-size="12">
<style>polyline{fill:none;stroke:#1b5fd9;stroke-width:1.5}.axis{fill:none;stroke:#999}.back{stroke:#0a7f4f;stroke-dasharray:4 3}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${left}" y="18" font-weight="bold">${waiting} events wait for a dead endpoint, which recovers at ${backAtS} s</text>
<line x1="${back}" x2="${back}" y1="28" y2="${height - gap}" class="back"/>
${drawn.join('\n')}
<text x="${width - 20}" y="${height + 8}" text-anchor="end">${lastS} s</text>
</svg>
`;
}
