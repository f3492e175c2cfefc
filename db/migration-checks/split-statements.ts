/**
 * A migration's statements in lower case, without comments and quotes. Strings, function bodies and parentheses are
 * emptied, because words in them do not belong to the statement itself.
 */
export function splitStatements(sql: string): string[] {
  return sql
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
      part.startsWith('--') || part.startsWith('/*') ? ' ' : "''",
    )
    .replaceAll(/"public"\.|"/g, '')
    .split(';')
    .map((statement) => emptyParentheses(statement).replaceAll(/\s+/g, ' ').trim().toLowerCase())
    .filter((statement) => statement !== '');
}

function emptyParentheses(statement: string): string {
  let depth = 0;
  let outside = '';
  for (const letter of statement) {
    if (letter === ')') depth = Math.max(0, depth - 1);
    if (depth === 0) outside += letter;
    if (letter === '(') depth += 1;
  }
  return outside;
}
