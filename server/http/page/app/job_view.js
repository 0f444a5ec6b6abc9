/* job_view.js - all about one job: numbers, charts, workers, events. */
import {el, selector, setAttr, setText} from './dom.js';
import {getJson, jobPath} from './api.js';
import {AXES, Columns} from './columns.js';
import {EventsView, timeOf} from './events_view.js';
import {JobCharts} from './job_charts.js';
import {WorkersView} from './workers_view.js';
import {Pace} from './pace.js';
import {Stream} from './stream.js';
import {Tabs} from './tabs.js';
import {Tiles} from './tiles.js';
import {showNewest} from './markers.js';
import {jobLink, stateOf} from './jobs_view.js';
import {whole} from './format.js';

const SPANS = [['0', 'all'], ['86400', '24 h'], ['21600', '6 h'], ['3600', '1 h'], ['900', '15 min']];
const POINTS = 2000; /* rows of history; the server makes no more */
const RELOAD = 120000; /* ms after which history is asked for anew */
const ASIDE = 15000; /* ms between looks at events and decisions, at most */
const SOON = 1500; /* ms between two of them, at least */

export class JobView {
  constructor(name, freshness, go) {
    this.name = name;
    this.title = name;
    this.go = go;
    this.span = 0;
    this.events = [];
    this.decisions = [];
    this.columns = new Columns();
    this.make();
    this.pace = new Pace(() => this.draw());
    this.stop = new AbortController();
    this.timers = [setInterval(() => this.loadHistory(), RELOAD), setInterval(() => this.loadAside(), ASIDE)];
    this.stream = new Stream(`/events?job=${encodeURIComponent(name)}`,
      (type, data) => { if (type === 'status') this.show(data.jobs ? data.jobs[0] : data); },
      () => { freshness.show(); this.changed(); });
    freshness.follow(this.stream);
    this.loadHistory();
    this.loadAside();
  }

  make() {
    this.badge = el('span', {class: 'badge', hidden: true});
    this.notice = el('p', {class: 'notice', role: 'alert', hidden: true});
    this.tiles = new Tiles();
    this.sentence = el('p');
    this.charts = new JobCharts(this.columns);
    this.workers = new WorkersView();
    this.log = new EventsView();
    this.overview = el('section', {class: 'panel', 'aria-label': 'Charts'}, this.charts.root);
    this.tabs = new Tabs('Of this job', [['charts', 'Charts', this.overview],
      ['workers', 'Workers', this.workers.root], ['events', 'Events', this.log.root]],
    (tab) => this.go(`${jobLink(this.name)}/${tab}`));
    this.tools = el('div', {class: 'tools'},
      selector('Along', AXES, 'time', (axis) => this.charts.setAxis(axis)),
      selector('Last', SPANS, '0', (span) => this.setSpan(Number(span))));
    this.body = el('div', {class: 'panel'}, this.tiles.root,
      el('div', {class: 'card why'}, el('h2', {}, 'Last decision'), this.sentence),
      el('div', {class: 'bar'}, this.tabs.root, this.tools),
      this.overview, this.workers.root, this.log.root);
    this.none = el('div', {class: 'card empty', hidden: true});
    this.root = el('div', {class: 'panel'},
      el('div', {class: 'head'}, el('h1', {}, this.name), this.badge), this.notice, this.none, this.body);
    this.tab('charts');
  }

  tab(id) {
    this.tabs.show(id);
    this.tools.hidden = id !== 'charts';
    if (this.root.isConnected) this.draw();
  }

  /* The stream's state changed: is the job there at all? */
  changed() {
    const gone = this.stream?.error?.status === 404;
    this.none.hidden = !gone;
    this.body.hidden = gone;
    if (gone) {
      this.none.replaceChildren(el('strong', {}, `There is no job ${this.name}`),
        el('a', {href: '#/'}, 'All jobs'));
    }
  }

  show(job) {
    const before = this.job;
    this.job = job;
    this.columns.append(job, Date.now() / 1000);
    if (this.columns.full) this.loadHistory();
    if (!before || signature(before) !== signature(job)) this.asideSoon();
    this.pace.want();
  }

  draw() {
    const job = this.job;
    if (!job) return;
    const [word, kind] = stateOf(job);
    setText(this.badge, word);
    setAttr(this.badge, 'class', `badge ${kind}`);
    this.badge.hidden = false;
    this.tiles.show(job, this.saved());
    showNewest(this.sentence, job.momentum.sentence);
    this.warn(job);
    this.charts.show(job);
    this.workers.show(job);
  }

  warn(job) {
    const text = job.degraded
      ? `Checkpoints fail, ${whole(job.checkpoint_failures)} in a row: ${job.checkpoint_error}`
      : job.state === 'waiting' ? 'Waiting for its first parameters: start a worker or upload them.' : '';
    setText(this.notice, text);
    setAttr(this.notice, 'class', job.degraded ? 'notice bad' : 'notice');
    this.notice.hidden = !text;
  }

  /* Seconds since the newest checkpoint; null: not known. */
  saved() {
    if (typeof this.job.checkpoint_age_ms === 'number') return this.job.checkpoint_age_ms / 1000;
    const last = this.events.findLast((e) => e.event === 'checkpoint_saved');
    return last ? Math.max(0, Date.now() / 1000 - timeOf(last.time)) : null;
  }

  setSpan(seconds) {
    this.span = seconds;
    this.loadHistory();
  }

  /* Refuses nothing: without history the charts begin when the page was opened. */
  async loadHistory() {
    const from = this.span ? `&from=${Math.floor(Date.now() / 1000 - this.span)}` : '';
    try {
      const history = await getJson(`${jobPath(this.name)}/history?points=${POINTS}${from}`, this.stop.signal);
      if (this.span !== this.loadedSpan) this.columns.clear();
      this.loadedSpan = this.span;
      this.columns.load(history);
    } catch (error) {
      if (error.name === 'AbortError') return;
    }
    this.charts.draw();
  }

  asideSoon() {
    if (this.soon) return;
    this.soon = setTimeout(() => {
      this.soon = null;
      this.loadAside();
    }, SOON);
  }

  async loadAside() {
    const path = jobPath(this.name);
    const get = (what, key) => getJson(`${path}/${what}?limit=500`, this.stop.signal)
      .then((answer) => answer[key]).catch(() => this[key]);
    [this.events, this.decisions] = await Promise.all([get('events', 'events'), get('decisions', 'decisions')]);
    if (this.stop.signal.aborted) return;
    this.charts.markers.show(this.decisions);
    this.log.show(this.events, this.decisions);
  }

  close() {
    this.stream.close();
    this.pace.close();
    this.stop.abort();
    this.timers.forEach(clearInterval);
    clearTimeout(this.soon);
  }
}

/* Changes when there is probably a new event or decision. */
function signature(job) {
  return [job.momentum.sentence, job.workers, job.workers_lost, job.quarantined,
    job.durable_version, job.checkpoint_failures].join('|');
}
