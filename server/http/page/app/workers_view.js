/* workers_view.js - the workers of a job: who is there, how fast, why slow. */
import {el, selector, setText} from './dom.js';
import {counted, digits3, duration, fixed, short, whole} from './format.js';
import {Table, badge} from './table.js';
import {crewOf, whySlow} from './slowness.js';

const KIND = {connected: 'good', lost: 'bad', left: ''};

const COLUMNS = [
  {key: 'name', label: 'Worker', value: (w) => w.name, text: (w) => w.name},
  {key: 'state', label: 'State', value: (w) => w.state, node: (w, td) => badge(td, w.state, KIND[w.state] ?? '')},
  {key: 'rate', label: 'Gradients/s', num: true, value: (w) => w.gradients_per_second, text: (w) => digits3(w.gradients_per_second)},
  {key: 'staleness', label: 'Staleness', num: true, hint: 'mean, in versions', value: (w) => w.staleness_mean, text: (w) => fixed(w.staleness_mean, 2)},
  {key: 'p95', label: '95 %', num: true, hint: '95 % of its gradients are at most this many versions old', value: (w) => w.staleness_p95, text: (w) => whole(w.staleness_p95)},
  {key: 'seen', label: 'Last seen', num: true, hint: 'since its last message', value: (w) => w.silent_ms, text: (w) => (w.silent_ms < 1000 ? 'now' : `${duration(w.silent_ms / 1000)} ago`)},
  {key: 'gradients', label: 'Applied', num: true, hint: 'gradients', value: (w) => w.gradients, text: (w) => whole(w.gradients)},
  {key: 'refused', label: 'Refused', num: true, hint: 'gradients', value: (w) => w.refused, text: (w) => whole(w.refused)},
  {key: 'samples', label: 'Samples', num: true, value: (w) => w.samples, text: (w) => short(w.samples)},
  {key: 'group', label: 'Group', num: true, value: (w) => w.group, text: (w) => (w.group ? String(w.group) : '–')},
  {key: 'why', label: 'Why slow', value: (w) => w.slowness.word || null, node: (w, td) => badge(td, w.slowness.word, w.slowness.kind, w.slowness.text)},
];

export class WorkersView {
  constructor() {
    this.workers = [];
    this.state = 'all';
    this.search = el('input', {type: 'search', placeholder: 'name', autocomplete: 'off', spellcheck: 'false',
      on: {input: () => this.draw()}});
    this.count = el('span', {class: 'soft'});
    this.table = new Table('Workers', COLUMNS, (w) => `${w.name} ${w.epoch}`, 'name');
    this.empty = el('p', {class: 'card empty'});
    this.root = el('section', {class: 'panel', 'aria-label': 'Workers'},
      el('div', {class: 'head'},
        el('label', {class: 'field'}, el('span', {}, 'Find'), this.search),
        selector('Show', [['all', 'all'], ['connected', 'connected'], ['slow', 'slow'],
          ['lost', 'lost'], ['left', 'left']], 'all', (v) => {
          this.state = v;
          this.draw();
        }),
        el('span', {class: 'grow'}), this.count),
      this.table.root, this.empty);
  }

  show(job) {
    const crew = crewOf(job);
    this.job = job.name;
    this.workers = job.worker;
    for (const w of this.workers) w.slowness = whySlow(w, crew);
    if (this.root.offsetParent) this.draw();
  }

  draw() {
    const text = this.search.value.trim().toLowerCase();
    const wanted = this.workers.filter((w) => w.name.toLowerCase().includes(text)
      && (this.state === 'all' || w.state === this.state
        || (this.state === 'slow' && w.state === 'connected' && w.slowness.word !== '')));
    this.table.show(wanted);
    this.table.root.hidden = wanted.length === 0;
    this.empty.hidden = wanted.length > 0;
    if (!wanted.length) {
      this.empty.replaceChildren(...(this.workers.length
        ? [el('strong', {}, 'No worker is like that')]
        : [el('strong', {}, 'No worker yet'), el('code', {}, `flywheel worker --job ${this.job}`)]));
    }
    setText(this.count, wanted.length === this.workers.length
      ? counted(wanted.length, 'worker') : `${whole(wanted.length)} of ${counted(this.workers.length, 'worker')}`);
  }
}
