/* scale.mjs - the dashboard with 1,000 workers and a day of history, and with a
 * server that falls silent, goes away, or wants a token: a stand-in plays these
 * (tests/support/mock_admin.py). */
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {openPage, policyBreaks, until} from './browser.mjs';
import {check} from './claims.mjs';
import {checkContrast, checkNames, checkWidth} from './checks.mjs';

const LONG = 400; /* ms that a page may be deaf while it updates, on a busy machine */
const WATCHED = 4000; /* ms of live updates */

class StandIn {
  constructor(...options) {
    this.process = spawn('/usr/bin/python3', ['-B', 'tests/support/mock_admin.py', ...options]);
    this.lines = createInterface({input: this.process.stdout})[Symbol.asyncIterator]();
  }

  async line() {
    return (await this.lines.next()).value;
  }

  async way(word) {
    this.process.stdin.write(`${word}\n`);
    check(await this.line() === word, 'the stand-in does not listen');
  }

  end() {
    this.process.kill();
  }
}

/* Tasks above 50 ms while updates come: the middle one counts, since a machine
 * that stands still for a moment is not the page's fault. */
async function smooth(page) {
  const tasks = await page.evaluate((ms) => new Promise((resolve) => {
    const all = [];
    new PerformanceObserver((list) => all.push(...list.getEntries().map((e) => e.duration)))
      .observe({type: 'longtask'});
    setTimeout(() => resolve(all.sort((a, b) => a - b)), ms);
  }), WATCHED);
  const middle = tasks[(tasks.length - 1) >> 1] || 0;
  check(middle < LONG, `tasks of ${tasks.map((t) => t.toFixed(0)).join(', ')} ms`);
  return `${tasks.length} tasks above 50 ms, the longest ${(tasks[tasks.length - 1] || 0).toFixed(0)} ms`;
}

/* Pixels of a chart that have a colour, which grid and text have not, within a
 * part of its time. */
function coloured(page, nth, from, to) {
  return page.locator('.chart canvas').nth(nth).evaluate((c, [a, b]) => {
    const [left, right] = [54, 62]; /* what axes take */
    const width = c.width - left - right;
    const {data} = c.getContext('2d').getImageData(left + a * width, 0, (b - a) * width, c.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) {
      const rgb = [data[i], data[i + 1], data[i + 2]];
      if (data[i + 3] > 60 && Math.max(...rgb) - Math.min(...rgb) > 60) n += 1;
    }
    return n;
  }, [from, to]);
}

export async function scaleClaims(browser, {shots}) {
  const big = new StandIn('--workers', '1000');
  const locked = new StandIn('--token', 'open-sesame-open');
  const complaints = [];
  const page = await openPage(browser, complaints);
  const url = await big.line();
  const lockedUrl = await locked.line();
  const state = (name) => until(page, (n) => document.getElementById('fresh').dataset.state === n, name);

  return [
    ['1,000 workers stay smooth', async () => {
      await page.goto(`${url}#/jobs/digits/workers`);
      await until(page, () => document.querySelectorAll('tbody tr').length === 100);
      await page.locator('th button', {hasText: 'Last seen'}).click();
      check((await page.locator('tbody tr').first().textContent()).includes('lost'), 'the longest silent one is not first');
      const told = await smooth(page);
      await page.getByRole('button', {name: 'Show all 1,000'}).click();
      await until(page, () => document.querySelectorAll('tbody tr').length === 1000);
      await page.locator('#panel-workers').getByLabel('Show').selectOption('lost');
      check(await page.locator('tbody tr').count() === 10, 'the filter does not filter');
      return told;
    }],
    ['a day of history stays smooth', async () => {
      await page.goto(`${url}#/jobs/digits/charts`);
      await until(page, () => document.querySelectorAll('.mark').length > 5);
      const told = await smooth(page);
      await page.screenshot({path: `${shots}/day-desktop.png`, fullPage: true});
      return told;
    }],
    ['a line breaks where the server was down', async () => {
      for (const nth of [0, 1, 2, 4]) {
        check(await coloured(page, nth, 0.2, 0.3) > 50, `chart ${nth} is empty`);
        check(await coloured(page, nth, 0.44, 0.47) === 0, `chart ${nth} has a line where nothing is known`);
      }
      await page.getByLabel('Along').selectOption('version');
      check(await coloured(page, 0, 0.44, 0.47) > 0, 'versions have a gap');
      await page.getByLabel('Along').selectOption('time');
    }],
    ['a worker is slow for a reason', async () => {
      await page.goto(`${url}#/jobs/digits/workers`);
      await page.locator('#panel-workers').getByLabel('Show').selectOption('slow');
      await page.locator('tbody tr').first().waitFor();
      const words = new Set(await page.locator('tbody tr td:last-child').allTextContents());
      check(words.has('quarantined') && words.size > 1, [...words].join());
    }],
    ['markup in names is text', async () => {
      await page.goto(`${url}#/jobs/digits/events`);
      await page.locator('.log p', {hasText: '<img src=x>'}).first().waitFor();
      check(await page.locator('main img').count() === 0, 'it became an element');
    }],
    ['two runs are compared along versions, time and worker-seconds', async () => {
      await page.goto(`${url}#/compare/run-1/run-2`);
      await page.locator('.chart canvas').waitFor();
      await until(page, () => document.querySelector('.plot .none').hidden);
      check(await page.getByLabel('with').inputValue() === 'run-2', 'the address does not choose the runs');
      for (const axis of ['elapsed', 'worker_seconds', 'version']) {
        await page.getByLabel('Along').selectOption(axis);
        const values = await page.locator('.legend b').allTextContents();
        check(values.length === 2 && values.every((v) => /\d/.test(v)), `${axis}: ${values}`);
      }
      await page.getByLabel('Of', {exact: true}).selectOption('effective_step');
      check(/Effective step/.test(await page.locator('.chart h2').textContent()), 'another quantity is not shown');
      await checkContrast(page, 'compare');
      await checkNames(page, 'compare');
      await page.screenshot({path: `${shots}/compare.png`, fullPage: true});
      await page.goto(`${url}#/jobs/digits/charts`);
    }],
    ['a silent server is told from a live one', async () => {
      await state('live');
      await big.way('quiet');
      await state('late');
      check(/last update \d+ s ago/.test(await page.locator('#fresh').textContent()), 'it does not say since when');
      await big.way('go');
      await state('live');
    }],
    ['a lost server is told, asked again, and found again', async () => {
      check(!complaints.length, complaints.join('\n'));
      await big.way('refuse');
      await state('lost');
      check(/next try in \d+ s/.test(await page.locator('#fresh').textContent()), 'it does not say when it tries again');
      await checkContrast(page, 'disconnected');
      await page.screenshot({path: `${shots}/disconnected.png`});
      await big.way('go');
      await state('live');
    }],
    ['a job that is not there is said so', async () => {
      await page.goto(`${url}#/jobs/nothing`);
      await page.getByText('There is no job nothing').waitFor();
    }],
    ['a token is asked for, kept, and refused when wrong', async () => {
      await page.setViewportSize({width: 360, height: 740});
      await page.goto(lockedUrl);
      await page.getByRole('dialog').waitFor();
      await checkContrast(page, 'token');
      await checkNames(page, 'token');
      await checkWidth(page, 'token');
      await page.getByLabel('Token', {exact: true}).last().fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.getByLabel('Token', {exact: true}).last().fill('open-sesame-open');
      await page.keyboard.press('Enter');
      await page.getByRole('link', {name: 'digits'}).waitFor();
      check(!(await policyBreaks(page)).length, 'the policy was broken');
    }],
    ['the stand-ins end', async () => {
      big.end();
      locked.end();
    }],
  ];
}
