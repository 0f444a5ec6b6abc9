/* compare_view.js - two runs on one chart. */
import {el, selector, setText} from './dom.js';
import {getJson} from './api.js';
import {Chart} from './chart.js';
import {Columns, resample} from './columns.js';
import {clock, cost, digits3, duration, whole} from './format.js';
import {timeOf} from './events_view.js';

const AXES = [['version', 'version'], ['elapsed', 'time since the start'], ['worker_seconds', 'worker-seconds']];
const WHAT = [['loss', 'training loss'], ['validation_loss', 'validation loss'], ['momentum', 'explicit momentum'],
  ['total', 'total momentum'], ['effective_step', 'effective step'], ['staleness_mean', 'staleness'],
  ['updates_per_second', 'updates/s'], ['workers', 'workers']];
const SIDES = [['a', 'c-blue'], ['b', 'c-orange']];

const runName = (r) => `${r.job} · ${clock(timeOf(r.started))} · ${r.law} · v ${whole(r.version)}`;

export class CompareView {
  constructor(go, picked) {
    this.title = 'Compare';
    this.go = go;
    this.picked = picked; /* [id, id], '' if none */
    this.axis = 'version';
    this.what = 'loss';
    this.columns = {};
    this.box = el('div', {class: 'panel'});
    this.root = el('div', {class: 'panel'}, el('div', {class: 'head'}, el('h1', {}, 'Compare two runs')), this.box);
    this.stop = new AbortController();
    this.begin();
  }

  tell(...nodes) {
    this.box.replaceChildren(el('div', {class: 'card empty'}, ...nodes));
  }

  async begin() {
    this.tell(el('strong', {}, 'Asking the server …'));
    try {
      this.runs = (await getJson('/api/v1/runs', this.stop.signal)).runs;
    } catch (error) {
      if (error.name !== 'AbortError') this.tell(el('strong', {}, 'No runs to compare'), el('span', {}, error.message));
      return;
    }
    this.runs.sort((a, b) => timeOf(b.started) - timeOf(a.started));
    if (!this.runs.length) {
      this.tell(el('strong', {}, 'No runs yet'), el('span', {}, 'Each job that trains leaves one in the history.'));
      return;
    }
    this.picked = this.picked.map((id, i) => (this.run(id) ? id : (this.runs[i] || this.runs[0]).id));
    this.make();
    await this.load();
  }

  run(id) {
    return this.runs.find((r) => String(r.id) === String(id));
  }

  make() {
    const options = this.runs.map((r) => [r.id, runName(r)]);
    const pick = (i) => selector(i ? 'with' : 'Compare', options, this.picked[i], (id) => {
      this.picked[i] = id;
      this.go(`#/compare/${this.picked.map(encodeURIComponent).join('/')}`, true);
      this.load();
    });
    this.chart = new Chart({title: 'Runs', log: 'off', empty: 'Neither run has this', lines: SIDES.map(([key, name]) => (
      {key, label: key, colour: name, band: true, width: 2}))});
    this.chart.root.classList.add('tall');
    this.facts = el('tbody');
    this.box.replaceChildren(
      el('div', {class: 'head'}, pick(0), pick(1)),
      el('div', {class: 'head'},
        selector('Of', WHAT, this.what, (v) => { this.what = v; this.draw(); }),
        selector('Along', AXES, this.axis, (v) => { this.axis = v; this.draw(); })),
      this.chart.root,
      el('div', {class: 'scroll whole', role: 'region', 'aria-label': 'Both runs in numbers', tabindex: '0'},
        el('table', {}, el('caption', {class: 'hidden'}, 'Both runs in numbers'), this.facts)));
  }

  async load() {
    const wanted = [...this.picked];
    const histories = await Promise.all(wanted.map((id) => getJson(
      `/api/v1/runs/${encodeURIComponent(id)}/history?points=2000`, this.stop.signal).catch(() => null)));
    if (this.stop.signal.aborted || wanted.join() !== this.picked.join()) return;
    SIDES.forEach(([side], i) => {
      const c = new Columns();
      if (histories[i]) c.load(histories[i]);
      c.elapsed = c.time.map((t) => t - c.time[0]);
      this.columns[side] = c;
    });
    this.draw();
    this.table();
  }

  /* Both runs' rows on one x. */
  draw() {
    const rows = SIDES.map(([side]) => this.columns[side]?.along(this.axis));
    if (!rows[0]) return;
    const x = [...new Set(rows.flatMap((r) => r.x))].sort((a, b) => a - b);
    const lists = {};
    rows.forEach((r, i) => {
      const gaps = r.gaps();
      const read = (values) => resample(r.x, values, x, gaps);
      lists[SIDES[i][0]] = {low: read(r.low(this.what)), high: read(r.high(this.what)), gaps};
    });
    this.chart.lines.forEach((l, i) => {
      l.button.childNodes[1].textContent = this.run(this.picked[i]).job + (i ? ' (B)' : ' (A)');
      l.label = l.button.childNodes[1].textContent;
    });
    setText(this.chart.root.querySelector('h2'), WHAT.find(([k]) => k === this.what)[1].replace(/^./, (c) => c.toUpperCase()));
    setText(this.chart.hint, `along ${AXES.find(([k]) => k === this.axis)[1]}`);
    this.chart.show(this.axis, {x, low: (k) => lists[k].low, high: (k) => lists[k].high, gaps: (k) => lists[k].gaps});
  }

  table() {
    const both = this.picked.map((id) => this.run(id));
    const lines = [['Run', (r) => String(r.id)], ['Job', (r) => r.job], ['Law', (r) => r.law],
      ['Started', (r) => clock(timeOf(r.started))],
      ['Took', (r) => (r.ended ? duration(timeOf(r.ended) - timeOf(r.started)) : 'not ended')],
      ['Versions', (r) => whole(r.version)], ['Training loss', (r) => digits3(r.loss)],
      ['Validation loss', (r) => digits3(r.validation_loss)], ['Cost', (r) => cost(r.worker_seconds).join(' ')]];
    this.facts.replaceChildren(...lines.map(([name, text]) => el('tr', {},
      el('td', {class: 'off'}, name), ...both.map((r) => el('td', {}, text(r))))));
  }

  close() {
    this.stop.abort();
  }
}
