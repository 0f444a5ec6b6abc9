/* test_modules.mjs - those parts of the dashboard that need no browser. */
import {check, prove} from './claims.mjs';
import {Columns, resample, widen} from '../../server/http/page/app/columns.js';
import {cost, counted, digits3, duration, short, ticks} from '../../server/http/page/app/format.js';
import {crewOf, whySlow} from '../../server/http/page/app/slowness.js';

const same = (a, b) => check(JSON.stringify(a) === JSON.stringify(b), `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);

const history = (time, version) => ({time, version, worker_seconds: time.map((t) => 2 * t),
  series: {loss: {min: version.map((v) => 1 / v), max: version.map((v) => 2 / v)}}});

const state = (version) => ({version, worker_seconds: version, workers: 2, loss: {training: 0.5, validation: 0.25, validation_version: 7},
  momentum: {momentum: 0.3, implicit_predicted: 0.5, implicit_trace: 0.4, total_measured: null, target: 0.3, effective_step: 0.01, step_bound: 0},
  staleness: {mean: 1}});

const worker = (more) => ({name: 'w', state: 'connected', epoch: 1, silent_ms: 10, gradients: 100, refused: 0,
  gradients_per_second: 10, staleness_mean: 2, staleness_p95: 4, strikes: 0, quarantined: false, ...more});

const slow = (more) => {
  const w = worker(more);
  const job = {worker: [worker(), worker(), worker(), w], staleness: {mean: 2}};
  return whySlow(w, crewOf(job)).word;
};

const claims = [
  ['live states follow the history, which replaces the older ones', () => {
    const c = new Columns();
    c.append(state(5), 100);
    c.append(state(6), 101);
    c.load(history([99, 100], [4, 5]));
    same(c.time, [99, 100, 101]);
    same(c.high.loss, [0.5, 0.4, 0.5]);
    c.append(state(6), 101);
    same(c.rows, 3);
  }],
  ['unknown numbers are gaps', () => {
    const c = new Columns();
    c.append(state(5), 100);
    c.append(state(9), 102);
    same([c.high.total, c.high.step_bound], [[null, null], [null, null]]);
    same(c.high.updates_per_second, [null, 2]);
  }],
  ['a time without rows is a gap, and versions have none', () => {
    const c = new Columns();
    c.load(history([10, 20, 30, 100, 110], [1, 2, 3, 4, 5]));
    same([c.along('time').gaps(), c.along('version').gaps()], [[[30, 100]], []]);
    same(c.along('time', 10).gaps(), [[20, 90]]);
    const live = new Columns();
    [100, 101, 104, 110].forEach((t, i) => live.append(state(i), t));
    same(live.along('time').gaps(), [[104, 110]]);
  }],
  ['a gap reaches to what is known', () => {
    same(widen([[3, 9]], [1, 2, 3, 9, 10, 11], [5, 6, null, null, 7, 8]), [[2, 10]]);
    same(widen([[1, 8], [9, 20]], [1, 8, 9, 20], [5, 6, 7, 8]), [[1, 8], [9, 20]]);
    same(widen([[1, 2]], [1, 2], [null, null]), [[1, 2]]);
  }],
  ['a validation is shown once', () => {
    const c = new Columns();
    c.append(state(5), 100);
    c.append(state(6), 101);
    same(c.high.validation_loss, [0.25, null]);
  }],
  ['where a job was set back its later rows count', () => {
    const c = new Columns();
    c.load(history([1, 2, 3, 4, 5], [10, 20, 30, 15, 25]));
    same(c.along('version').x, [10, 15, 25]);
    same(c.along('time').x, [1, 2, 3, 4, 5]);
  }],
  ['a moment has its place on every axis', () => {
    const c = new Columns();
    c.load(history([10, 20], [1, 2]));
    same([5, 15, 30].map((t) => c.place('worker_seconds', t)), [20, 30, 40]);
    same(c.place('time', 15), 15);
  }],
  ['a run is read between its rows and not beyond them', () => {
    same(resample([10, 20, 30], [1, null, 3], [5, 10, 20, 25, 30, 31]), [null, 1, 2, 2.5, 3, null]);
    same(resample([], [], [1]), [null]);
    same(resample([10, 20, 30], [1, 2, 3], [10, 15, 20, 25], [[10, 20]]), [1, null, 2, 2.5]);
  }],
  ['numbers are short and never NaN', () => {
    same([0, 0.123456, 1.23456, 12.3456, 1234.5, 1.5e8, NaN, null, -0.5].map(digits3),
      ['0', '0.123', '1.23', '12.3', '1,235', '1.50e8', '–', '–', '−0.500']);
    same([0.00123, 0.05, 0.09999].map(digits3), ['0.00123', '0.0500', '0.100']);
    same(ticks([0, 0.2, 0.4]), ['0.0', '0.2', '0.4']);
    same(ticks([0, 0.25, 0.5]), ['0.00', '0.25', '0.50']);
    same(ticks([-10, 0, 10]), ['−10', '0', '10']);
    same(ticks([0]), ['0']);
    same([12, 12345, 1.2e6].map(short), ['12.0', '12.3 k', '1.20 M']);
    same([0, 1, 1000].map((n) => counted(n, 'worker')), ['0 workers', '1 worker', '1,000 workers']);
    same([5, 150, 7300, 200000].map(duration), ['5 s', '3 min', '2 h 1 min', '2 d 7 h']);
    same([cost(30), cost(600), cost(36000)], [['30', 'worker-s'], ['10.0', 'worker-min'], ['10.0', 'worker-h']]);
  }],
  ['each reason to be slow is found', () => {
    same(slow({}), '');
    same(slow({state: 'lost', quarantined: true}), '');
    same(slow({quarantined: true}), 'quarantined');
    same(slow({silent_ms: 5000}), 'silent');
    same(slow({refused: 60}), 'throttled');
    same(slow({staleness_mean: 7}), 'stale');
    same(slow({gradients_per_second: 4, staleness_mean: 5.5}), 'compute');
    same(slow({gradients_per_second: 2, staleness_mean: 1}), 'waiting');
  }],
];

process.exit(await prove(claims) ? 1 : 0);
