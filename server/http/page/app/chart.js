/* chart.js - a titled chart: lines with their min-max bands over a common x, a
 * legend that shows values and hides lines, a crosshair for mouse and keys.
 *
 * A line: {key, label, colour, dash, width, band, points, right, text(value)}. */
import {el, setText, setAttr, say} from './dom.js';
import {digits3, short, ticks, tickTime, clock, known} from './format.js';
import {colour} from './theme.js';
import {widen} from './columns.js';

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
const AXIS_WIDTH = 54;
const X_HEIGHT = 28;
/* seconds between two ticks of a time axis */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
  86400, 172800, 604800, 1209600, 2419200, 4838400];
const LEAST_SPAN = 20; /* seconds of time that are shown at least */
const ROOM = 0.06; /* of the range, above and below */

export const X_TEXT = {
  time: (x) => clock(x),
  version: (x) => `version ${Math.round(x).toLocaleString('en')}`,
  worker_seconds: (x) => `${short(x)} worker-s`,
  elapsed: (x) => `${short(x)} s after the start`,
};

/* Ticks for a logarithmic axis: even ones if it spans little, else 1, 2, 5. */
function logTicks(low, high) {
  const ticks = [];
  if (high / low < 5) {
    const rough = (high - low) / 4;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * ([1, 2, 5, 10].find((m) => m * unit >= rough) || 10);
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) ticks.push(v);
    return ticks;
  }
  const factors = high / low < 2000 ? [1, 2, 5] : [1];
  for (let unit = 10 ** Math.floor(Math.log10(low)); unit <= high; unit *= 10) {
    ticks.push(...factors.map((f) => f * unit).filter((v) => v >= low && v <= high));
  }
  return ticks;
}

export class Chart {
  /* `options`: title, hint, lines, sync (key of linked crosshairs), log, from
   * (a value the y axis must show), strip (room kept free at the bottom, a share
   * of the range), empty (text when there is nothing). */
  constructor(options) {
    this.options = options;
    this.lines = options.lines;
    this.hiddenLines = new Set();
    this.log = options.log === 'on';
    this.axis = 'time';
    this.x = [];
    this.low = {};
    this.high = {};
    this.gaps = {};
    this.hooks = []; /* called after each drawing, with the uPlot */
    this.make();
    document.addEventListener('theme', () => this.build());
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  make() {
    const o = this.options;
    this.hint = el('span', {class: 'soft'}, o.hint || '');
    this.unzoomButton = el('button', {type: 'button', class: 'small', hidden: true,
      on: {click: () => this.unzoom()}}, 'Whole range');
    this.logButton = el('button', {type: 'button', class: 'small', 'aria-pressed': this.log,
      'aria-label': `${o.title}: logarithmic scale`,
      on: {click: () => this.setLog(!this.log)}}, 'log');
    this.plot = el('div', {class: 'plot', role: 'group', tabindex: '0',
      'aria-label': `${o.title}: chart. Left and right arrows read values, plus and minus zoom.`,
      on: {keydown: (e) => this.key(e)}});
    this.none = el('p', {class: 'none', hidden: true}, o.empty || 'No data yet');
    this.plot.append(this.none);
    this.at = el('span', {class: 'at'});
    this.legend = el('div', {class: 'legend'}, ...this.lines.map((l) => this.entry(l)), this.at);
    this.root = el('figure', {class: 'card chart'},
      el('figcaption', {}, el('h2', {}, o.title), this.hint,
        el('span', {class: 'acts'}, this.unzoomButton, o.log ? this.logButton : null)),
      this.plot, this.legend);
  }

  entry(line) {
    const key = el('span', {class: `key${line.dash ? ' dash' : ''}`, 'aria-hidden': 'true'});
    key.style.setProperty('--key', `var(--${line.colour})`);
    line.value = el('b');
    line.button = el('button', {type: 'button', 'aria-pressed': 'true', title: line.hint || null,
      on: {click: () => this.toggle(line)}}, key, line.label, ' ', line.value);
    return line.button;
  }

  toggle(line) {
    if (!this.hiddenLines.delete(line.key)) this.hiddenLines.add(line.key);
    setAttr(line.button, 'aria-pressed', !this.hiddenLines.has(line.key));
    this.build();
  }

  setLog(on) {
    this.log = on;
    setAttr(this.logButton, 'aria-pressed', on);
    this.build();
  }

  /* Show `rows` (as Columns.along makes them) along `axis`. */
  show(axis, rows) {
    const same = axis === this.axis && this.u && this.hasData === this.anyData(rows);
    this.axis = axis;
    this.x = rows.x;
    for (const l of this.lines) {
      this.low[l.key] = rows.low(l.key);
      this.high[l.key] = rows.high(l.key);
      this.gaps[l.key] = widen(rows.gaps(l.key), this.x, this.high[l.key]);
    }
    this.hasData = this.anyData(rows);
    this.none.hidden = this.hasData;
    if (same) {
      this.u.setData(this.table(), !this.zoomed);
      if (this.zoomed) this.u.redraw(false);
    } else {
      this.build();
    }
    this.values(this.u.cursor.idx);
  }

  anyData(rows) {
    return rows.x.length > 0 && this.lines.some((l) => rows.high(l.key).some(known));
  }

  /* uPlot's columns: x, then high, low and middle of a line with a band. */
  table() {
    const positive = (list) => (this.log ? list.map((v) => (v > 0 ? v : null)) : list);
    const data = [this.x];
    for (const l of this.lines) {
      const high = positive(this.high[l.key] || []);
      const low = positive(this.low[l.key] || []);
      if (l.band) data.push(high, low);
      data.push(l.band ? high.map((h, i) => (known(h) && known(low[i]) ? (h + low[i]) / 2 : h)) : high);
    }
    return data;
  }

  /* In pixels, as uPlot wants to be told; that a value is unknown is none. */
  breaks(u, line) {
    const rise = line.step ? 2 * devicePixelRatio : 0; /* the first step's is no value */
    return (this.gaps[line.key] || []).map(([from, to]) => (
      [u.valToPos(from, 'x', true), u.valToPos(to, 'x', true) + rise]));
  }

  series() {
    const out = [{}];
    const bands = [];
    for (const l of this.lines) {
      const show = !this.hiddenLines.has(l.key);
      const scale = l.right ? 'right' : 'y';
      const stroke = colour(l.colour);
      const gaps = (u) => this.breaks(u, l);
      if (l.band) {
        const edge = {show, scale, gaps, points: {show: false}, width: 0, stroke: 'transparent'};
        bands.push({series: [out.length, out.length + 1], fill: `${stroke}2b`});
        out.push(edge, {...edge});
      }
      l.index = out.length;
      out.push({show, scale, stroke, width: l.width || 1.75, dash: l.dash, gaps,
        paths: l.step ? uPlot.paths.stepped({align: 1}) : undefined,
        points: {show: (u) => Boolean(l.points) || u.data[0].length < 3, size: 5, fill: stroke, stroke}});
    }
    return {series: out, bands};
  }

  /* Room around what is drawn, and `from` within. */
  range(low, high) {
    if (!known(low) || !known(high)) return this.log ? [0.1, 1] : [0, 1];
    if (this.log) return [low / 1.2, high * 1.2];
    const from = this.options.from;
    const bottom = from === undefined ? low : Math.min(low, from);
    const room = (high - bottom || Math.abs(high) || 1) * ROOM;
    const strip = (high - bottom) * (this.options.strip || 0);
    return [(bottom === from ? bottom : bottom - room) - strip, high + room];
  }

  axes() {
    const common = {stroke: colour('soft'), font: FONT,
      grid: {stroke: colour('grid'), width: 1}, ticks: {show: false}};
    const values = this.axis === 'time'
      ? (u, splits, i, space, step) => splits.map((s) => tickTime(s, step))
      : (u, splits) => splits.map((s) => short(s));
    const number = (u, splits) => (this.log ? splits.map((s) => digits3(s).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')) : ticks(splits));
    const axes = [{...common, size: X_HEIGHT, space: 70, values,
      ...(this.axis === 'time' ? {incrs: STEPS} : {})},
      {...common, size: AXIS_WIDTH, space: 34, values: number,
        ...(this.log ? {splits: (u, i, low, high) => logTicks(low, high), filter: (u, splits) => splits} : {})}];
    if (this.lines.some((l) => l.right)) {
      axes.push({...common, scale: 'right', side: 1, size: 40, space: 34, grid: {show: false},
        values: (u, splits) => splits.map((s) => (Number.isInteger(s) ? String(s) : ''))});
    }
    return axes;
  }

  build() {
    this.u?.destroy();
    const {series, bands} = this.series();
    const width = this.plot.clientWidth || 600;
    this.width = width;
    this.zoomed = false;
    this.unzoomButton.hidden = true;
    this.u = new uPlot({
      width, height: this.plot.clientHeight || 236,
      legend: {show: false}, series, bands, axes: this.axes(), padding: [8, 22, 0, 0],
      scales: {x: {time: this.axis === 'time', range: (u, a, b) => this.xRange(a, b)},
        y: {distr: this.log ? 3 : 1, range: (u, a, b) => this.range(a, b)},
        right: {range: (u, a, b) => [0, (known(b) ? b : 1) * 1.15 || 1]}},
      cursor: {sync: this.options.sync ? {key: this.options.sync, setSeries: false} : undefined,
        points: {size: 7}, drag: {x: true, y: false}, y: false},
      hooks: {
        setCursor: [(u) => this.values(u.cursor.idx)],
        setSelect: [(u) => { if (u.select.width > 0) this.mark(true); }],
        draw: [(u) => this.hooks.forEach((f) => f(u))],
      },
    }, this.table(), this.plot);
    this.u.over.addEventListener('dblclick', () => this.mark(false));
  }

  xRange(a, b) {
    if (!known(a) || !known(b)) {
      const now = Date.now() / 1000;
      return this.axis === 'time' ? [now - 60, now] : [0, 1];
    }
    const from = this.x.length === 1 ? this.x[0] : a; /* uPlot would show years */
    const to = this.x.length === 1 ? this.x[0] : b;
    if (this.axis === 'time' && !this.zoomed) return [from, Math.max(to, from + LEAST_SPAN)];
    return from === to ? [from - 0.5, to + 0.5] : [from, to];
  }

  mark(zoomed) {
    this.zoomed = zoomed;
    this.unzoomButton.hidden = !zoomed;
  }

  unzoom() {
    this.mark(false);
    this.u.setData(this.table(), true);
    this.plot.focus();
  }

  resize() {
    const width = this.plot.clientWidth;
    if (!this.u || !width || width === this.width) return;
    this.width = width;
    this.u.setSize({width, height: this.plot.clientHeight});
  }

  /* The legend shows the values at row `at`, else the newest known ones. */
  values(at) {
    const pointed = known(at) && at < this.x.length;
    for (const l of this.lines) {
      const list = this.high[l.key] || [];
      let i = pointed ? at : list.length - 1;
      if (!pointed || l.points) while (i >= 0 && !known(list[i])) i--;
      const low = (this.low[l.key] || [])[i];
      const value = known(list[i]) && known(low) ? (list[i] + low) / 2 : list[i];
      setText(l.value, (l.text || digits3)(value));
    }
    setText(this.at, pointed ? X_TEXT[this.axis](this.x[at]) : '');
  }

  key(event) {
    if (event.target !== this.plot || !this.x.length) return;
    const n = this.x.length;
    const at = this.u.cursor.idx ?? n - 1;
    const jump = event.shiftKey ? 20 : 1;
    const to = {ArrowLeft: at - jump, ArrowRight: at + jump, Home: 0, End: n - 1}[event.key];
    if (to !== undefined) this.point(Math.max(0, Math.min(n - 1, to)));
    else if (event.key === '+' || event.key === '=') this.zoom(at, 0.5);
    else if (event.key === '-') this.zoom(at, 2);
    else if (event.key === '0') this.unzoom();
    else return;
    event.preventDefault();
  }

  point(i) {
    const left = this.u.valToPos(this.x[i], 'x');
    this.u.setCursor({left, top: this.plot.clientHeight / 2});
    say(`${X_TEXT[this.axis](this.x[i])}: ${this.lines.map((l) => `${l.label} ${l.value.textContent}`).join(', ')}`);
  }

  zoom(at, factor) {
    const end = this.x.length - 1;
    const min = Math.max(this.u.scales.x.min, this.x[0]);
    const max = Math.min(this.u.scales.x.max, this.x[end]);
    const half = ((max - min) * factor) / 2;
    const low = Math.max(this.x[0], this.x[at] - half);
    const high = Math.min(this.x[end], this.x[at] + half);
    if (!(high > low)) return;
    if (low === this.x[0] && high === this.x[end]) {
      this.unzoom();
      return;
    }
    this.mark(true);
    this.u.setScale('x', {min: low, max: high});
  }
}
