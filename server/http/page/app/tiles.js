/* tiles.js - a job's numbers at a glance. */
import {el, setText, setAttr} from './dom.js';
import {cost, counted, digits3, duration, fixed, percent, short, whole} from './format.js';

const TILES = ['Training loss', 'Validation', 'Momentum', 'Workers', 'Throughput', 'Checkpoint', 'Cost so far'];

export class Tiles {
  constructor() {
    this.cells = TILES.map((name) => {
      const number = el('span');
      const unit = el('small');
      const under = el('dd', {class: 'under'});
      return {number, unit, under, root: el('div', {class: 'tile'}, el('dt', {}, name),
        el('dd', {class: 'big'}, number, unit), under)};
    });
    this.root = el('dl', {class: 'tiles'}, ...this.cells.map((c) => c.root));
  }

  set(i, number, unit, under, bad = false) {
    const c = this.cells[i];
    setText(c.number, number);
    setText(c.unit, unit);
    setText(c.under, under);
    setAttr(c.under, 'class', bad ? 'under bad' : 'under');
  }

  /* `saved`: seconds since the newest checkpoint, null if not known. */
  show(job, saved) {
    const {loss, momentum: m, staleness: s} = job;
    this.set(0, digits3(loss.training), '', `version ${whole(job.version)}`);
    this.set(1, digits3(loss.validation), '', loss.accuracy === null
      ? (loss.validation === null ? 'not measured yet' : `at version ${whole(loss.validation_version)}`)
      : `${percent(loss.accuracy)} correct`);
    this.set(2, fixed(m.momentum), m.law, `target ${fixed(m.target)}`);
    const away = [job.workers_lost ? `${whole(job.workers_lost)} lost` : '',
      job.quarantined ? `${whole(job.quarantined)} quarantined` : ''].filter(Boolean).join(' · ');
    this.set(3, whole(job.workers), job.groups ? `in ${counted(job.groups, 'group')}` : '',
      away || `staleness ${fixed(s.mean, 2)}`, Boolean(away));
    this.set(4, short(job.samples_per_second), 'samples/s', `${digits3(job.gradients_per_second)} gradients/s`);
    this.checkpoint(job, saved);
    const [spent, unit] = cost(job.worker_seconds);
    this.set(6, spent, unit, `${short(job.samples)} samples`);
  }

  checkpoint(job, saved) {
    const behind = job.version - job.durable_version;
    const under = job.checkpoint_failures ? `${whole(job.checkpoint_failures)} failed in a row`
      : `${counted(Math.max(0, behind), 'version')} behind`;
    if (saved !== null) this.set(5, duration(saved), 'ago', under, job.checkpoint_failures > 0);
    else if (job.durable_version) this.set(5, `v ${whole(job.durable_version)}`, '', under, job.checkpoint_failures > 0);
    else this.set(5, '–', '', job.checkpoint_failures ? under : 'none yet', job.checkpoint_failures > 0);
  }
}
