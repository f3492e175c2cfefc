import type { App } from '../deps.ts';
import { notFound, problemTypes } from '../problems.ts';
import { Layout } from './layout.tsx';
import { securePage } from './secure-page.ts';

/** The pages behind the `type` URLs of problems. */
export function registerProblemPages(app: App) {
  app.get('/problems', (c) => {
    const nonce = securePage(c);
    return c.html(
      <Layout title="Problems" lang="en" nonce={nonce}>
        <main class="wide">
          <section class="card">
            <h1>Problem types of this API</h1>
            <ul>
              {Object.entries(problemTypes).map(([slug, { status, title }]) => (
                <li>
                  <code>{status}</code> <a href={`/problems/${slug}`}>{title}</a>
                </li>
              ))}
            </ul>
          </section>
        </main>
      </Layout>,
    );
  });
  app.get('/problems/:slug', (c) => {
    const slug = c.req.param('slug');
    const problem = Object.entries(problemTypes).find(([name]) => name === slug)?.[1];
    if (!problem) throw notFound('problem type', slug);
    const nonce = securePage(c);
    return c.html(
      <Layout title={problem.title} lang="en" nonce={nonce}>
        <main class="wide">
          <section class="card">
            <p class="soft">
              <code>{slug}</code> · HTTP {problem.status}
            </p>
            <h1>{problem.title}</h1>
            <p>{problem.help}</p>
            <p>
              <a href="/problems">All problems</a> · <a href="/docs">API reference</a>
            </p>
          </section>
        </main>
      </Layout>,
    );
  });
}
