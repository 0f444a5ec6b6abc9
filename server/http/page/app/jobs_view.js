/* jobs_view.js - the list of all jobs. */
import {el, setText} from './dom.js';
import {Pace} from './pace.js';
import {Stream} from './stream.js';
import {Table, badge} from './table.js';
import {cost, digits3, fixed, percent, short, whole} from './format.js';

export const jobLink = (name) => `#/jobs/${encodeURIComponent(name)}`;

const COLUMNS = [
  {key: 'name', label: 'Job', value: (j) => j.name, node: (j, td) => {
    if (!td.firstChild) td.append(el('a', {href: jobLink(j.name)}, j.name));
  }},
  {key: 'state', label: 'State', value: (j) => stateOf(j)[0], node: (j, td) => badge(td, ...stateOf(j))},
  {key: 'version', label: 'Version', num: true, value: (j) => j.version, text: (j) => whole(j.version)},
  {key: 'loss', label: 'Loss', num: true, value: (j) => j.loss.training, text: (j) => digits3(j.loss.training)},
  {key: 'validation', label: 'Validation', num: true, value: (j) => j.loss.validation, text: (j) => digits3(j.loss.validation)},
  {key: 'accuracy', label: 'Correct', num: true, value: (j) => j.loss.accuracy, text: (j) => percent(j.loss.accuracy)},
  {key: 'workers', label: 'Workers', num: true, value: (j) => j.workers, text: (j) => whole(j.workers)},
  {key: 'momentum', label: 'Momentum', num: true, hint: 'explicit momentum in use', value: (j) => j.momentum.momentum, text: (j) => fixed(j.momentum.momentum)},
  {key: 'samples', label: 'Samples/s', num: true, value: (j) => j.samples_per_second, text: (j) => short(j.samples_per_second)},
  {key: 'size', label: 'Parameters', num: true, value: (j) => j.n_elements, text: (j) => short(j.n_elements)},
  {key: 'cost', label: 'Cost', num: true, hint: 'time of all its workers', value: (j) => j.worker_seconds, text: (j) => cost(j.worker_seconds).join(' ')},
];

/* [word, kind, explanation] for a badge. */
export function stateOf(job) {
  if (job.degraded) return ['degraded', 'bad', 'Its checkpoints fail'];
  if (job.state === 'waiting') return ['waiting', '', 'For its first parameters'];
  if (!job.workers) return ['idle', '', 'No worker is connected'];
  return ['training', 'good', ''];
}

export class JobsView {
  constructor(freshness, onServer) {
    this.title = 'Jobs';
    this.onServer = onServer;
    this.table = new Table('Jobs', COLUMNS, (j) => j.name, 'name');
    this.table.root.hidden = true;
    this.empty = el('div', {class: 'card empty'}, el('strong', {}, 'Asking the server …'));
    this.count = el('span', {class: 'soft'});
    this.root = el('div', {class: 'panel'},
      el('div', {class: 'head'}, el('h1', {}, 'Jobs'), this.count), this.table.root, this.empty);
    this.pace = new Pace(() => this.show(this.data));
    this.stream = new Stream('/events', (type, data) => {
      if (type !== 'jobs') return;
      this.data = data;
      this.pace.want();
    }, () => freshness.show());
    freshness.follow(this.stream);
  }

  show({server, jobs}) {
    if (server) this.onServer(server);
    this.table.root.hidden = jobs.length === 0;
    this.empty.hidden = jobs.length > 0;
    setText(this.count, jobs.length ? `${jobs.length} in all` : '');
    if (!jobs.length) {
      this.empty.replaceChildren(el('strong', {}, 'No jobs yet'),
        el('span', {}, 'Train one here, with four workers on this machine:'),
        el('code', {}, 'flywheel train --model cnn --workers 4'));
    }
    this.table.show(jobs);
  }

  close() {
    this.pace.close();
    this.stream.close();
  }
}
