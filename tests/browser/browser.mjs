/* browser.mjs - Debian's chromium, driven by playwright-core; and what a page
 * must never do: say an error, break its policy, load from elsewhere. */
import {createRequire} from 'node:module';
import {check} from './claims.mjs';

const require = createRequire(`${process.env.FW_PLAYWRIGHT}/`);
const {chromium} = require('playwright-core');

export function launch() {
  return chromium.launch({executablePath: process.env.FW_CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-device-scale-factor=1']});
}

/* A page whose complaints go to `complaints`. */
export async function openPage(browser, complaints, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  page.on('console', (m) => {
    if (/willReadFrequently/.test(m.text())) return; /* about this test */
    if (m.type() === 'error' || m.type() === 'warning') complaints.push(`console ${m.type()}: ${m.text()}`);
  });
  page.on('pageerror', (e) => complaints.push(`exception: ${e.stack}`));
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (!['127.0.0.1', 'localhost'].includes(url.hostname) && url.protocol !== 'data:') {
      complaints.push(`asked for ${r.url()}`);
    }
  });
  await page.addInitScript(() => {
    globalThis.policyBreaks = [];
    document.addEventListener('securitypolicyviolation', (e) => {
      globalThis.policyBreaks.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`);
    });
  });
  return page;
}

export async function policyBreaks(page) {
  return page.evaluate(() => globalThis.policyBreaks);
}

/* Wait until `proof(argument)` is true in the page.  Asked from here, since the
 * page's policy lets nothing be evaluated in it later. */
export async function until(page, proof, argument, seconds = 30) {
  const end = Date.now() + 1000 * seconds;
  while (!await page.evaluate(proof, argument)) {
    check(Date.now() < end, `waited ${seconds} s in vain for ${proof}`);
    await page.waitForTimeout(50);
  }
}
