import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, openChromium } from '../support/chromium.ts';
import { openOrder, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const executablePath = findChromium();
// Only a developer's machine may go without a browser; the gate installs one.
const isNeeded = process.env['CI'] !== undefined || executablePath !== undefined;

describe.runIf(isNeeded)('the checkout page in a real browser', () => {
  let world: World;
  let merchant: TestMerchant;
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error('no Chromium: set CHROMIUM_PATH');
    [world, browser, folder] = await Promise.all([
      openWorld(),
      openChromium(executablePath),
      mkdtemp(join(tmpdir(), 'tender-browser-')),
    ]);
    merchant = await world.newMerchant();
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A phone's page that fails the test when the browser complains, as it does when the policy blocks something. */
  async function phone(locale: string): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ locale, viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    return { page, complaints };
  }

  test('shows amount and QR code, counts down, and turns to paid by itself', async () => {
    const order = await openOrder(merchant, { subject: '一杯茶 <b>hot</b>' });
    const { page, complaints } = await phone('zh-CN');
    await page.goto(order.checkoutUrl);
    expect(await page.textContent('.amount')).toBe('CNY 12.50');
    expect(await page.textContent('h1')).toBe('一杯茶 <b>hot</b>');
    expect(await page.locator('.qr svg').isVisible()).toBe(true);
    await page.waitForFunction(
      String.raw`/^1[45]:\d\d$/.test(document.querySelector('#left').textContent)`,
    );
    // No sideways scrolling on a phone.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const picture = join(folder, 'checkout.png');
    await page.screenshot({ path: picture });
    expect((await stat(picture)).size).toBeGreaterThan(10_000);

    await payAtProvider(world, merchant, order);
    await page.waitForSelector('.end.paid');
    expect(await page.textContent('h2')).toBe('支付成功');
    expect(complaints).toEqual([]);
  });

  test('a person pays on the same device, at the simulator, and comes back to a paid order', async () => {
    const order = await openOrder(merchant);
    const { page, complaints } = await phone('en-US');
    await page.goto(order.checkoutUrl);
    expect(await page.textContent('.pay p')).toBe('Scan with Alipay to pay');
    await page.click('a.button');
    await page.click('button');
    await page.waitForLoadState();
    await page.goto(order.checkoutUrl);
    await page.waitForSelector('.end.paid');
    expect(await page.textContent('h2')).toBe('Paid');
    expect(complaints).toEqual([]);
  });

  test('a payer chooses among three providers, changes their mind, and pays', async () => {
    const shop = await world.newMerchant(['alipay', 'wechat-pay', 'stripe']);
    const order = await openOrder(shop);
    const { page, complaints } = await phone('en-US');
    await page.goto(order.checkoutUrl);
    expect(await page.locator('.methods button').allTextContents()).toEqual([
      'WeChat Pay',
      'card payment',
    ]);
    await page.click('button:has-text("WeChat Pay")');
    await page.waitForSelector('[data-state="pending wechat-pay.native"]');
    expect(await page.locator('.qr svg').isVisible()).toBe(true);
    await page.click('button:has-text("card payment")');
    await page.waitForSelector('[data-state="pending stripe.checkout"]');
    await page.click('a.button');
    await page.click('button:has-text("Pay")');
    // Stripe's page sends the payer back to ours by itself.
    await page.waitForSelector('.end.paid');
    const { body } = await shop.api<OrderBody>('GET', `/v1/orders/${order.id}`);
    expect(body.payments.map(({ method, status }) => [method, status])).toEqual([
      ['alipay.qr', 'closed'],
      ['wechat-pay.native', 'closed'],
      ['stripe.checkout', 'succeeded'],
    ]);
    expect(complaints).toEqual([]);
  });

  test('a cancelled order says so, in the language that was chosen', async () => {
    const order = await openOrder(merchant);
    const { page } = await phone('zh-CN');
    await page.goto(order.checkoutUrl);
    await page.click('text=English');
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    await page.waitForSelector('.end.closed');
    expect(await page.textContent('h2')).toBe('This order is closed');
  });

  test('the API reference renders without the internet', async () => {
    const { page, complaints } = await phone('en-US');
    await page.goto(`${world.url}/docs`);
    await page.waitForSelector('text=Open an order');
    expect(complaints).toEqual([]);
  });
});
