export type Bar = { name: string; baselinePerSecond: number; perSecond: number };

const width = 760;
const left = 190;
const barHeight = 18;
const rowHeight = 2 * barHeight + 22;

/** Bars of the baseline and the product, each pair on its own scale, because only their ratio is comparable. */
export function plotRates(bars: readonly Bar[]): string {
  const rows = bars.map(({ name, baselinePerSecond, perSecond }, row) => {
    const top = 44 + row * rowHeight;
    const max = Math.max(baselinePerSecond, perSecond);
    const bar = (value: number, at: number, style: string) => {
      const length = ((width - left - 110) * value) / max;
      return `<rect x="${left}" y="${at}" width="${length.toFixed(1)}" height="${barHeight - 2}" class="${style}"/>
<text x="${(left + length + 6).toFixed(1)}" y="${at + 12}">${value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })}/s</text>`;
    };
    return `<text x="${left - 8}" y="${top + barHeight + 3}" text-anchor="end">${name}</text>
${bar(baselinePerSecond, top, 'baseline')}
${bar(perSecond, top + barHeight, 'product')}`;
  });
  const height = 44 + bars.length * rowHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>.baseline{fill:#999}.product{fill:#1b5fd9}</style>
<rect width="100%" height="100%" fill="#fff"/>
<rect x="${left}" y="12" width="12" height="12" class="baseline"/><text x="${left + 18}" y="22">baseline</text>
<rect x="${left + 100}" y="12" width="12" height="12" class="product"/><text x="${left + 118}" y="22">Tender</text>
${rows.join('\n')}
</svg>
`;
}
