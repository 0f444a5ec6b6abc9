/* checks.mjs - what every view must keep: text that can be read, controls that
 * have names, nothing wider than the screen. */
import {check} from './claims.mjs';

/* WCAG 2.1 AA for every text that is shown, computed in the page.  A colour that
 * is still on its way to the next theme is neither's: transitions end first. */
export async function checkContrast(page, where) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished)));
  const found = await page.evaluate(() => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (text) => {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = text;
      paint.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3])).concat(1);
    const light = (c) => c.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (node) => {
      const layers = [];
      for (let n = node; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
      return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    };
    const bad = [];
    let seen = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const node = walk.currentNode.parentElement;
      if (!walk.currentNode.data.trim() || !node.checkVisibility({visibilityProperty: true})) continue;
      if (node.closest('script, style, .hidden, .skip, option, :disabled')) continue;
      const style = getComputedStyle(node);
      if (parseFloat(style.fontSize) === 0) continue;
      const under = ground(node);
      const a = light(over(rgba(style.color), under));
      const b = light(under);
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
      seen += 1;
      if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} "${walk.currentNode.data.trim().slice(0, 40)}" ${style.color} .${node.className}`);
    }
    return {seen, bad};
  });
  check(found.seen > 5, `${where}: only ${found.seen} texts`);
  check(!found.bad.length, `${where}: too little contrast:\n${found.bad.slice(0, 10).join('\n')}`);
  return found.seen;
}

/* Every control that is shown has a name, every id is there once. */
export async function checkNames(page, where) {
  const found = await page.evaluate(() => {
    const bad = [];
    const text = (id) => document.getElementById(id)?.textContent.trim();
    const controls = [...document.querySelectorAll('button, input, select, textarea, a, [tabindex="0"], dialog, [role=img], [role=region]')]
      .filter((n) => n.checkVisibility());
    for (const n of controls) {
      const name = n.getAttribute('aria-label') || text(n.getAttribute('aria-labelledby'))
        || (n.labels && [...n.labels].map((l) => l.textContent).join('').trim())
        || (['BUTTON', 'A'].includes(n.tagName) && n.textContent.trim());
      if (!name) bad.push(n.outerHTML.slice(0, 120));
    }
    const ids = [...document.querySelectorAll('[id]')].map((n) => n.id);
    bad.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `id ${id} twice`));
    for (const n of document.querySelectorAll('[aria-controls]')) {
      if (!document.getElementById(n.getAttribute('aria-controls'))) bad.push(`${n.id} controls nothing`);
    }
    if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
    if (!document.documentElement.lang) bad.push('no language');
    return {seen: controls.length, bad};
  });
  check(!found.bad.length, `${where}: ${found.bad.join('\n')}`);
  return found.seen;
}

export async function checkWidth(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(over <= 0, `${where}: ${over} pixels wider than the screen`);
}

/* Tab through the page: each stop is seen and marked as focused, and after the
 * last one comes the first.  The stops, by name. */
export async function walkByKeyboard(page, most = 300) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  const stops = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const n = document.activeElement;
      if (!n || n === document.body) return null;
      const style = getComputedStyle(n);
      const box = n.getBoundingClientRect();
      n.dataset.stop = n.dataset.stop || String(Math.random());
      return {id: n.dataset.stop, name: n.getAttribute('aria-label') || n.textContent.trim().slice(0, 40) || n.tagName,
        marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
        seen: box.width > 0 && box.height > 0};
    });
    if (!stop && !stops.length) continue; /* the browser's own */
    if (!stop || (stops.length && stop.id === stops[0].id)) return stops;
    check(stop.marked, `focus on "${stop.name}" cannot be seen`);
    check(stop.seen, `"${stop.name}" has focus and no size`);
    check(!stops.some((s) => s.id === stop.id), `the keyboard is caught at "${stop.name}"`);
    stops.push(stop);
  }
  throw new Error(`more than ${most} stops`);
}
