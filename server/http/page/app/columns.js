/* columns.js - what happened to one job or run, a column a quantity.
 *
 * The server's history, already thinned out by it, and the live states that came
 * since.  Each quantity has a low and a high in each row; live rows have both
 * the same. */

export const SERIES = ['loss', 'validation_loss', 'momentum', 'implicit_predicted',
  'implicit_measured', 'total', 'target', 'effective_step', 'step_bound', 'workers',
  'staleness_mean', 'updates_per_second'];
const MOST_ROWS = 4000; /* then the server is asked for a thinner history */

const LEAST_GAP = 5; /* seconds without a row that are a gap, at least ... */
const GAP_ROWS = 4; /* ... and in usual distances of rows */
const TIMES = ['time', 'elapsed']; /* axes along which nothing may happen */

/* The axes a run can be looked at along. */
export const AXES = [['time', 'time'], ['version', 'version'], ['worker_seconds', 'worker-seconds']];

const number = (x) => (typeof x === 'number' && Number.isFinite(x) ? x : null);

/* Seconds between two rows, as most are apart. */
function usualStep(time) {
  const steps = time.slice(1).map((t, i) => t - time[i]).sort((a, b) => a - b);
  return steps.length ? steps[steps.length >> 1] : 0;
}

export class Columns {
  constructor() {
    this.time = [];
    this.version = [];
    this.worker_seconds = [];
    this.low = Object.fromEntries(SERIES.map((k) => [k, []]));
    this.high = Object.fromEntries(SERIES.map((k) => [k, []]));
    this.step = 0; /* s between two rows of the history */
  }

  clear() {
    Object.assign(this, new Columns());
  }

  get rows() {
    return this.time.length;
  }

  get full() {
    return this.rows > MOST_ROWS;
  }

  /* Replace all by the server's history; live rows newer than it stay. */
  load(history) {
    const old = Object.assign(new Columns(), this);
    const n = history.time.length;
    this.time = history.time.slice();
    this.version = history.version.slice();
    this.worker_seconds = history.worker_seconds.slice();
    for (const key of SERIES) {
      const s = history.series[key] || {min: [], max: []};
      this.low = {...this.low, [key]: Array.from({length: n}, (_, i) => number(s.min[i]))};
      this.high = {...this.high, [key]: Array.from({length: n}, (_, i) => number(s.max[i]))};
    }
    this.step = usualStep(this.time);
    const end = n ? this.time[n - 1] : -Infinity;
    for (let i = 0; i < old.rows; i++) {
      if (old.time[i] <= end) continue;
      this.push(old.time[i], old.version[i], old.worker_seconds[i],
        Object.fromEntries(SERIES.map((k) => [k, old.high[k][i]])));
    }
  }

  push(time, version, workerSeconds, values) {
    this.time.push(time);
    this.version.push(version);
    this.worker_seconds.push(workerSeconds);
    for (const key of SERIES) {
      this.low[key].push(number(values[key]));
      this.high[key].push(number(values[key]));
    }
  }

  /* A live state; nothing if it is not newer than what is there. */
  append(job, time) {
    const last = this.rows - 1;
    if (last >= 0 && time <= this.time[last]) return;
    const m = job.momentum;
    const seen = last >= 0 && this.measured === job.loss.validation_version;
    this.measured = job.loss.validation_version;
    this.push(time, job.version, job.worker_seconds, {
      loss: job.loss.training,
      validation_loss: seen ? null : job.loss.validation,
      momentum: m.momentum,
      implicit_predicted: m.implicit_predicted,
      implicit_measured: m.implicit_trace,
      total: m.total_measured,
      target: m.target,
      effective_step: m.effective_step,
      step_bound: m.step_bound > 0 ? m.step_bound : null,
      workers: job.workers,
      staleness_mean: job.staleness.mean,
      updates_per_second: this.updates(job, time),
    });
  }

  /* Updates a second between the last row and this state. */
  updates(job, time) {
    const last = this.rows - 1;
    if (last < 0) return null;
    const dt = time - this.time[last];
    return dt > 0.2 && job.version >= this.version[last]
      ? (job.version - this.version[last]) / dt : null;
  }

  /* The rows along `axis`, rising strictly; where a job was set back, the later
   * rows count.  From `origin` on, if it is given. */
  along(axis, origin = 0) {
    const x = this[axis];
    const keep = [];
    let before = Infinity;
    for (let i = x.length - 1; i >= 0; i--) {
      if (typeof x[i] !== 'number' || !(x[i] < before)) continue;
      before = x[i];
      keep.push(i);
    }
    keep.reverse();
    const longest = Math.max(LEAST_GAP, GAP_ROWS * this.step);
    const ends = TIMES.includes(axis) ? keep.slice(1).map((i, k) => [keep[k], i]) : [];
    const gaps = ends.filter(([a, b]) => this.time[b] - this.time[a] > longest)
      .map((pair) => pair.map((i) => x[i] - origin));
    return {
      x: keep.map((i) => x[i] - origin),
      gaps: () => gaps, /* [from, to]: rows between which there is no data */
      low: (key) => keep.map((i) => this.low[key][i]),
      high: (key) => keep.map((i) => this.high[key][i]),
      time: keep.map((i) => this.time[i]),
      version: keep.map((i) => this.version[i]),
    };
  }

  /* Where on `axis` the moment `time` lies. */
  place(axis, time) {
    const t = this.time;
    const y = this[axis];
    if (axis === 'time' || !t.length) return time;
    let low = 0;
    let high = t.length - 1;
    if (time <= t[0]) return y[0];
    if (time >= t[high]) return y[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (t[middle] <= time) low = middle;
      else high = middle;
    }
    const share = (time - t[low]) / (t[high] - t[low]);
    return y[low] + share * (y[high] - y[low]);
  }
}

/* `values` at `from`, read at the places `to`: straight between known ones,
 * unknown outside of them and within `gaps`.  All rise. */
export function resample(from, values, to, gaps = []) {
  const at = from.map((_, i) => i).filter((i) => values[i] !== null);
  let k = 0;
  let g = 0;
  return to.map((x) => {
    while (g < gaps.length && gaps[g][1] <= x) g++;
    if (g < gaps.length && x > gaps[g][0]) return null;
    while (k + 1 < at.length && from[at[k + 1]] <= x) k++;
    const a = at[k];
    const b = at[k + 1];
    if (a === undefined || x < from[a]) return null;
    if (x === from[a]) return values[a];
    if (b === undefined) return null;
    return values[a] + ((x - from[a]) / (from[b] - from[a])) * (values[b] - values[a]);
  });
}

/* Gaps of a line, [from, to] on the x axis, reach to where its values are known:
 * what was measured last does not lead to what is measured first. */
export function widen(gaps, x, values) {
  let i = 0;
  return gaps.map(([from, to]) => {
    while (i < x.length && x[i] < to) i++;
    let a = i - 1;
    let b = i;
    while (a > 0 && !(x[a] <= from && values[a] !== null)) a--;
    while (b < x.length - 1 && values[b] === null) b++;
    return [x[Math.max(a, 0)], x[Math.min(b, x.length - 1)]];
  });
}
