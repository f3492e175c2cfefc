import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../deps.ts';
import { notFound } from '../problems.ts';

const assetsFolder = (
  createRequire(import.meta.url)('swagger-ui-dist') as { getAbsoluteFSPath(): string }
).getAbsoluteFSPath();

const assetTypes = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
} as const;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tender API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;

const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true });`;

/** Serves the rendered API reference at `/docs` from an installed package, so that it works offline. */
export function registerReference(app: App) {
  app.get('/docs', (c) => {
    c.header(
      'content-security-policy',
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    );
    return c.html(page);
  });
  app.get('/docs/start.js', (c) => c.body(start, 200, { 'content-type': 'text/javascript' }));
  app.get('/docs/:asset', async (c) => {
    const asset = c.req.param('asset');
    const type = Object.entries(assetTypes).find(([name]) => name === asset)?.[1];
    if (!type) throw notFound('file', asset);
    const content = await readFile(join(assetsFolder, asset));
    return c.body(new Uint8Array(content), 200, {
      'content-type': type,
      'cache-control': 'max-age=86400',
    });
  });
}
