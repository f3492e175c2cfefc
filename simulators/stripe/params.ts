import { invalidRequest } from './api-error.ts';

/** The parameters of a request, by their bracketed names: `metadata[out_trade_no]`. */
export type Params = {
  text(name: string): string | undefined;
  need(name: string): string;
  int(name: string): number | undefined;
  needInt(name: string): number;
  /** The parameters inside brackets: `metadata` returns those of `metadata[…]`. */
  record(name: string): Record<string, string>;
  expands(path: string): boolean;
  /** Refuses all other parameters, as Stripe does. */
  allow(names: readonly RegExp[]): void;
  /** A text that is independent of the order of the parameters. */
  canonical: string;
};

export function readParams(text: string): Params {
  const pairs = [...new URLSearchParams(text)];
  const values = new Map(pairs);

  function record(name: string): Record<string, string> {
    const inside = pairs.filter(([key]) => key.startsWith(`${name}[`) && key.endsWith(']'));
    return Object.fromEntries(
      inside.map(([key, value]) => [key.slice(name.length + 1, -1), value]),
    );
  }

  function need(name: string): string {
    const value = values.get(name);
    if (value) return value;
    throw invalidRequest(`Missing required param: ${name}.`, {
      code: 'parameter_missing',
      param: name,
    });
  }

  function int(name: string): number | undefined {
    const value = values.get(name);
    if (value === undefined) return undefined;
    if (/^-?\d{1,15}$/.test(value)) return Number(value);
    throw invalidRequest(`Invalid integer: ${value}`, {
      code: 'parameter_invalid_integer',
      param: name,
    });
  }

  return {
    text: (name) => values.get(name),
    need,
    int,
    needInt: (name) => int(name) ?? Number(need(name)),
    record,
    expands: (path) => Object.values(record('expand')).includes(path),
    allow(names) {
      const unknownPair = pairs.find(([key]) => !names.some((name) => name.test(key)));
      if (!unknownPair) return;
      throw invalidRequest(`Received unknown parameter: ${unknownPair[0]}`, {
        code: 'parameter_unknown',
        param: unknownPair[0],
      });
    },
    canonical: JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
