/* histogram.js - how old gradients are when they are applied, beside the
 * geometric law that memoryless workers would follow. */
import {el, setText, setAttr} from './dom.js';
import {fixed, whole, percent} from './format.js';
import {colour} from './theme.js';

const BAR_SHARE = 0.72; /* of the room of a bar */
const LEAST = 6; /* bars, so that a lone one is no wall */
const TAIL = 0.003; /* share of all gradients that is not drawn */

/* Bars up to where no more than `tail` is left. */
function lengthOf(list, tail) {
  let n = list.length;
  for (let left = 0; n > 0 && left + list[n - 1] <= tail; n--) left += list[n - 1];
  return n;
}

export class Histogram {
  constructor() {
    this.hint = el('span', {class: 'soft'});
    this.plot = el('div', {class: 'plot', role: 'img'});
    this.none = el('p', {class: 'none'}, 'No gradient yet');
    this.plot.append(this.none);
    const key = (name, kind) => {
      const k = el('span', {class: `key ${kind}`, 'aria-hidden': 'true'});
      k.style.setProperty('--key', `var(--${name})`);
      return k;
    };
    const note = (name, kind, text) => el('span', {class: 'field'}, key(name, kind), text);
    this.root = el('figure', {class: 'card chart'},
      el('figcaption', {}, el('h2', {}, 'Staleness'), this.hint),
      this.plot,
      el('div', {class: 'legend'}, note('c-blue', 'bar', 'measured'),
        note('c-orange', '', 'geometric law'), el('span', {class: 'at'}, 'versions behind')));
    this.data = [[], [], []];
    document.addEventListener('theme', () => this.build());
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  show(s) {
    const total = s.samples || 1;
    const share = (list, i) => (list[i] || 0) / total;
    const n = Math.max(LEAST, lengthOf(s.histogram, TAIL * total), lengthOf(s.geometric, TAIL * total));
    const x = Array.from({length: n}, (_, i) => i);
    this.data = [x, x.map((i) => 100 * share(s.histogram, i)), x.map((i) => 100 * share(s.geometric, i))];
    this.none.hidden = s.samples > 0;
    setText(this.hint, s.samples
      ? `mean ${fixed(s.mean, 2)} · median ${whole(s.p50)} · 95 % ≤ ${whole(s.p95)} · 99 % ≤ ${whole(s.p99)}` : '');
    setAttr(this.plot, 'aria-label', `Staleness of the last ${whole(s.samples)} gradients: mean ${fixed(s.mean, 2)}, ${percent(share(s.histogram, 0))} are fresh, deviation over mean ${fixed(s.deviation_ratio, 2)}.`);
    if (this.u && n === this.n) this.u.setData(this.data);
    else this.build();
    this.n = n;
  }

  build() {
    this.u?.destroy();
    const axis = {stroke: colour('soft'), font: '12px system-ui, sans-serif', ticks: {show: false},
      grid: {stroke: colour('grid'), width: 1}};
    this.width = this.plot.clientWidth || 600;
    this.u = new uPlot({
      width: this.width, height: this.plot.clientHeight || 236,
      legend: {show: false}, cursor: {show: false}, padding: [8, 8, 0, 0],
      scales: {x: {time: false, range: (u, a, b) => [-0.6, (b || 0) + 0.6]},
        y: {range: (u, a, b) => [0, (b || 1) * 1.08]}},
      axes: [{...axis, size: 28, grid: {show: false}, space: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500]},
        {...axis, size: 54, space: 34, values: (u, splits) => splits.map((s) => `${+s.toFixed(2)} %`)}],
      series: [{},
        {fill: `${colour('c-blue')}cc`, stroke: 'transparent', width: 0, points: {show: false},
          paths: uPlot.paths.bars({size: [BAR_SHARE, 60], radius: 0.12})},
        {stroke: colour('c-orange'), width: 2, points: {show: (u, i) => u.data[i].length < 60, size: 5, fill: colour('c-orange')}}],
    }, this.data, this.plot);
  }

  resize() {
    const width = this.plot.clientWidth;
    if (!this.u || !width || width === this.width) return;
    this.width = width;
    this.u.setSize({width, height: this.plot.clientHeight});
  }
}
