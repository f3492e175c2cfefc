import type { App } from '../deps.ts';
import { Layout } from './layout.tsx';
import { securePage } from './secure-page.ts';

/** The home page of the API for browsers. */
export function registerHome(app: App) {
  app.get('/', (c) => {
    const nonce = securePage(c);
    return c.html(
      <Layout title="Tender" lang="en" nonce={nonce}>
        <main class="wide">
          <section class="card">
            <h1>Tender</h1>
            <p>Durable payments and notifications. This is the API.</p>
            <ul>
              <li>
                <a href="/docs">API reference</a>
              </li>
              <li>
                <a href="/openapi.json">OpenAPI 3.1 description</a>
              </li>
              <li>
                <a href="/problems">Problem types</a>
              </li>
            </ul>
          </section>
        </main>
      </Layout>,
    );
  });
}
