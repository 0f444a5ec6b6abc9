/* live.mjs - the dashboard of a real server whose workers train and die. */
import {availableParallelism, loadavg} from 'node:os';
import {openPage, policyBreaks, until} from './browser.mjs';
import {check} from './claims.mjs';
import {checkContrast, checkNames, checkWidth, walkByKeyboard} from './checks.mjs';

const FIRST_PAINT = 300; /* ms, as issue 6 promises */
const LOADS = 10; /* of which one must be that fast: others may use the machine */
const BUSY = 2; /* processes that wait for each processor: too many to tell */

/* Bytes of a chart's canvas that are painted, as a number that changes with it. */
function picture(page, nth) {
  return page.locator('.chart canvas').nth(nth).evaluate((c) => {
    const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    let painted = 0;
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 60) painted += 1;
      sum = (sum * 31 + data[i] + data[i + 1] * 3 + data[i + 2] * 7 + data[i + 3]) % 4294967291;
    }
    return {painted, sum};
  });
}

const tile = (page, name) => page.locator('.tile', {hasText: name}).locator('.big span');
const rowOf = (page, worker) => page.locator('tbody tr', {has: page.getByText(worker, {exact: true})});

/* Before workers keep the machine busy. */
export async function paintClaims(browser, url) {
  const page = await openPage(browser, []);
  const times = [];
  return [['the first paint comes within 300 ms', async () => {
    while (times.length < LOADS && !times.some((t) => t < FIRST_PAINT)) {
      await page.goto('about:blank');
      await page.goto(url);
      await until(page, () => performance.getEntriesByName('first-contentful-paint').length > 0);
      times.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    }
    const busy = loadavg()[0] / availableParallelism();
    if (Math.min(...times) >= FIRST_PAINT && busy > BUSY) return `SKIPPED: the machine is busy, ${busy.toFixed(1)} processes for each processor`;
    check(Math.min(...times) < FIRST_PAINT, `${times.map((t) => t.toFixed(0)).join(', ')} ms`);
    return `${Math.min(...times).toFixed(0)} ms`;
  }]];
}

export async function liveClaims(browser, {url, job, victim, shots}) {
  const complaints = [];
  const page = await openPage(browser, complaints, {colorScheme: 'light'});
  const at = (hash) => page.goto(`${url}#/${hash}`);
  const jobAt = (tab) => at(`jobs/${job}/${tab}`);
  const compares = (await fetch(`${url}api/v1/runs`)).ok; /* with a history */

  return [
    ['the list shows the job and leads to it', async () => {
      await at('');
      await page.getByRole('link', {name: job, exact: true}).click();
      await page.getByRole('heading', {name: job, level: 1}).waitFor();
      check((await page.title()).startsWith(job), 'the title is not the job');
    }],
    ['three workers are connected and train', async () => {
      await jobAt('workers');
      await until(page, () => document.querySelectorAll('td .badge.good').length === 3);
      await rowOf(page, victim.name).waitFor();
    }],
    ['the charts are drawn and go on changing', async () => {
      await jobAt('charts');
      await until(page, () => [...document.querySelectorAll('.plot .none')].every((n) => n.hidden));
      const version = async () => Number((await page.locator('.tile .under').first().textContent()).replace(/\D/g, ''));
      const before = [await picture(page, 0), await picture(page, 1), await version()];
      check(before[0].painted > 200 && before[1].painted > 200, 'a chart is empty');
      await until(page, (v) => Number(document.querySelector('.tile .under').textContent.replace(/\D/g, '')) > v, before[2]);
      await page.waitForTimeout(1500);
      const after = [await picture(page, 0), await picture(page, 1)];
      check(after[0].sum !== before[0].sum, 'the loss does not move');
      check(after[1].sum !== before[1].sum, 'the momentum does not move');
      check(/\d/.test(await tile(page, 'Training loss').textContent()), 'no loss');
      return `version ${before[2]} to ${await version()}`;
    }],
    ['losses can be seen along versions and worker-seconds', async () => {
      for (const axis of ['version', 'worker_seconds', 'time']) {
        const before = await picture(page, 0);
        await page.getByLabel('Along').selectOption(axis);
        const after = await picture(page, 0);
        check(after.sum !== before.sum && after.painted > 200, `nothing along ${axis}`);
      }
    }],
    ['a decision opens its sentence by keyboard and closes by Escape', async () => {
      const mark = page.locator('.mark').last();
      await mark.focus();
      await page.keyboard.press('Enter');
      const pop = page.getByRole('dialog');
      await pop.waitFor();
      check(/momentum/.test(await pop.textContent()), 'no sentence');
      await page.screenshot({path: `${shots}/decision.png`});
      await page.keyboard.press('Escape');
      check(await pop.count() === 0, 'it stays open');
      check(await page.evaluate(() => document.activeElement.className) === 'mark', 'focus is lost');
    }],
    ['a chart is read and zoomed by keys', async () => {
      const plot = page.locator('.chart .plot').first();
      await plot.focus();
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      check(/training/.test(await page.locator('#say').textContent()), 'it says nothing');
      await page.keyboard.press('+');
      const whole = page.getByRole('button', {name: 'Whole range'}).first();
      await whole.waitFor();
      await whole.click();
      check(await plot.evaluate((n) => n === document.activeElement), 'focus is lost');
    }],
    ['a worker that is killed turns up as lost', async () => {
      await jobAt('workers');
      process.kill(victim.pid, 'SIGKILL');
      await rowOf(page, victim.name).locator('.badge', {hasText: 'lost'}).first().waitFor();
      await jobAt('charts');
      await until(page, () => document.querySelectorAll('.tile .big span')[3].textContent === '2');
      await jobAt('events');
      await page.locator('.log li', {hasText: victim.name}).filter({hasText: 'lost'}).first().waitFor();
    }],
    ['tabs and sorting work by keyboard', async () => {
      await jobAt('charts');
      await page.locator('#tab-charts').focus();
      await page.keyboard.press('ArrowRight');
      await until(page, () => document.activeElement.id === 'tab-workers' && !document.getElementById('panel-workers').hidden);
      const head = page.locator('th', {hasText: 'Gradients/s'});
      await head.getByRole('button').focus();
      await page.keyboard.press('Enter');
      check(await head.getAttribute('aria-sort') === 'descending', 'not sorted');
      const rates = (await page.locator('tbody tr td:nth-child(3)').allTextContents()).map((t) => Number(t.replace(/,/g, '')));
      check(rates.length === 3 && rates.every((r, i) => !i || rates[i - 1] >= r), `rates ${rates}`);
      await page.getByLabel('Find').fill(victim.name);
      check(await page.locator('tbody tr').count() === 1, 'the filter does not filter');
      await page.getByLabel('Find').fill('');
    }],
    ['the keyboard reaches everything and is caught nowhere', async () => {
      await jobAt('charts');
      const stops = await walkByKeyboard(page);
      for (const wanted of ['Skip to content', 'Compare', 'Charts', 'Momentum: chart', 'ecision', 'training']) {
        check(stops.some((s) => s.name.includes(wanted)), `no stop at ${wanted}: ${stops.map((s) => s.name)}`);
      }
      return `${stops.length} stops`;
    }],
    ['a run is compared with itself', async () => {
      if (!compares) return 'SKIPPED: the server keeps no history';
      await at('compare');
      await page.getByRole('heading', {name: 'Compare two runs'}).waitFor();
      await page.locator('.chart canvas').waitFor();
      await until(page, () => document.querySelector('.plot .none').hidden);
      check((await picture(page, 0)).painted > 200, 'the chart is empty');
    }],
    ['text can be read and controls have names, in light and dark, wide and narrow', async () => {
      let texts = 0;
      for (const [scheme, size] of [['light', [1280, 900]], ['dark', [1280, 900]], ['light', [360, 740]], ['dark', [360, 740]]]) {
        await page.emulateMedia({colorScheme: scheme});
        await page.setViewportSize({width: size[0], height: size[1]});
        for (const view of ['', `jobs/${job}/charts`, `jobs/${job}/workers`, `jobs/${job}/events`, ...(compares ? ['compare'] : [])]) {
          await at(view);
          await page.locator('tbody tr, .chart canvas, .log li').filter({visible: true}).first().waitFor();
          const where = `${scheme} ${size[0]} ${view}`;
          texts += await checkContrast(page, where);
          await checkNames(page, where);
          await checkWidth(page, where);
          const name = `${view.split('/').pop() || 'jobs'}-${size[0] < 500 ? 'phone' : 'desktop'}-${scheme}`;
          await page.screenshot({path: `${shots}/${name}.png`, fullPage: true});
        }
      }
      return `${texts} texts`;
    }],
    ['the theme is chosen and remembered', async () => {
      await page.setViewportSize({width: 1280, height: 900});
      await page.emulateMedia({colorScheme: 'light'});
      await at('');
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      const button = page.locator('#theme');
      await button.click();
      check(await theme() === 'light', 'not light');
      await button.click();
      check(await theme() === 'dark', 'not dark');
      await page.reload();
      check(await theme() === 'dark', 'forgotten');
      await button.click();
      check(await theme() === 'light', 'not as the system');
    }],
    ['nobody complained, and nothing broke the policy', async () => {
      complaints.push(...await policyBreaks(page));
      const real = complaints.filter((c) => compares || !c.endsWith('404 (Not Found)'));
      check(!real.length, real.join('\n'));
    }],
    ['a script that is not of the page does not run', async () => {
      const other = await openPage(browser, []);
      await other.goto(url);
      await other.evaluate(() => {
        const s = document.createElement('script');
        s.textContent = 'globalThis.stranger = 1';
        document.body.append(s);
      });
      check(await other.evaluate(() => globalThis.stranger) === undefined, 'it ran');
      check((await policyBreaks(other)).length === 1, 'no violation was reported');
      await other.context().close();
    }],
  ];
}
