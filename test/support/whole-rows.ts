/** What takes a row as wide as it happens to be; each with how it would be right. */
const rules: readonly { matches: RegExp; instead: string }[] = [
  { matches: /\b(?:select|returning)\s+(?:all\s+|distinct\s+)?\*/gi, instead: 'name the columns' },
  { matches: /,\s*\*\s*(?:from\b|,)/gi, instead: 'name the columns' },
  {
    matches: /\b(?:select|returning)\b[^;`']*?[\w"}]\.\*|\b(?:old|new)\.\*/gi,
    instead: 'name the columns',
  },
  {
    matches: /\binsert\s+into\s+(?:\$\{[^}]*\}|[\w".]+)(?:\s+as\s+\w+)?(?!\s*\()(?=\s)/gi,
    instead: 'name the columns in parentheses',
  },
  {
    matches: /\bjsonb?_populate_record(?:set)?\b/gi,
    instead: 'jsonb_to_recordset with its columns',
  },
  { matches: /\bnull::\s*\$\{/gi, instead: 'a row of named columns' },
  {
    matches: /\b(?:row_)?to_jsonb?\(\s*(?:old|new)\s*\)/gi,
    instead: 'jsonb_build_object with its columns',
  },
  { matches: /\b(?:old|new)\s+is\s+(?:not\s+)?distinct\b/gi, instead: 'compare columns by name' },
  { matches: /%rowtype\b/gi, instead: 'a variable for each column' },
];

/**
 * The places in a file with SQL that break, or do another thing, in a running process once a table gets a column
 * that it does not know: `docs/guides/change-the-schema.md`.
 */
export function wholeRowsIn(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)(?:\/\/|--)[^\n]*/g, '');
  return rules.flatMap(({ matches, instead }) =>
    [...code.matchAll(matches)].map(([found]) => `${found.replaceAll(/\s+/g, ' ')}: ${instead}`),
  );
}
