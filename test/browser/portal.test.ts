import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, openChromium } from '../support/chromium.ts';
import { openOrder } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const executablePath = findChromium();
// Only a developer's machine may go without a browser; the gate installs one.
const isNeeded = process.env['CI'] !== undefined || executablePath !== undefined;

describe.runIf(isNeeded)('the merchant’s own pages in a real browser', () => {
  let world: World;
  let merchant: TestMerchant;
  let browser: Browser;
  let receiver: Receiver;
  let folder: string;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error('no Chromium: set CHROMIUM_PATH');
    [world, browser, receiver, folder] = await Promise.all([
      openWorld(),
      openChromium(executablePath),
      startReceiver(),
      mkdtemp(join(tmpdir(), 'tender-portal-')),
    ]);
    merchant = await world.newMerchant();
  });
  afterAll(async () => {
    await browser.close();
    await receiver.stop();
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const newLink = async (owner: TestMerchant) => {
    const { body } = await owner.api<{ url: string }>('POST', '/v1/portal-links', { body: {} });
    return body.url;
  };

  async function desk() {
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    return { page, complaints };
  }

  test('add an endpoint, show its secret once, see a delivery fail, send it again', async () => {
    let isUp = false;
    receiver.answerWith(() =>
      isUp ? { status: 204 } : { status: 410, body: 'we have moved <script>' },
    );
    const { page, complaints } = await desk();
    await page.goto(await newLink(merchant));
    expect(new URL(page.url()).pathname).toBe('/portal');
    await page.fill('input[name=url]', receiver.url);
    await page.fill('input[name=eventTypes]', 'order.*');
    await page.click('text=Add endpoint');
    expect(await page.textContent('.secret')).toMatch(/^whsec_/);
    await page.click('text=To the endpoint');
    expect(await page.textContent('.badge')).toBe('enabled');
    const address = page.url();

    await openOrder(merchant);
    await until('it is disabled', async () => {
      await page.goto(address);
      return (await page.textContent('.badge')) === 'disabled';
    });
    expect(await page.textContent('body')).toContain('we have moved <script>');
    const picture = join(folder, 'endpoint.png');
    await page.screenshot({ path: picture, fullPage: true });
    isUp = true;
    await page.click('button:text-is("Enable")');
    expect(await page.textContent('.badge')).toBe('enabled');
    await page.click('button:text-is("Retry")');
    await until('delivered', async () => {
      await page.goto(address);
      return (await page.locator('button:text-is("Retry")').count()) === 0;
    });
    expect(complaints).toEqual([]);
    expect((await stat(picture)).size).toBeGreaterThan(10_000);
  });

  test('show the event catalogue, and nothing of another merchant', async () => {
    const stranger = await world.newMerchant();
    const { body } = await merchant.api<{ id: string }>('POST', '/v1/endpoints', {
      body: { url: receiver.url },
    });
    const { page } = await desk();
    await page.goto(await newLink(stranger));
    expect(await page.textContent('main')).toContain('No endpoint yet');
    const answer = await page.goto(`${world.url}/portal/endpoints/${body.id}`);
    expect(answer?.status()).toBe(404);
    await page.goto(`${world.url}/portal/catalogue`);
    expect(await page.textContent('main')).toContain('order.paid');
  });

  test('open to nobody without a link, with an old one, or from another site', async () => {
    const { page } = await desk();
    for (const path of ['/portal', `/portal/enter/${'x'.repeat(43)}`]) {
      expect((await page.goto(`${world.url}${path}`))?.status()).toBe(401);
    }
    const entered = await fetch(await newLink(merchant), { redirect: 'manual' });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(entered.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/i);
    const post = (headers: Record<string, string>) =>
      fetch(`${world.url}/portal/endpoints`, {
        method: 'POST',
        headers: { cookie, ...headers },
        body: new URLSearchParams({ url: receiver.url, eventTypes: '*' }),
      });
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(401);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(401);
    expect((await post({})).status).toBe(401);
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });
});
