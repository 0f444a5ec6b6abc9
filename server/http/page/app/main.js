/* main.js - what the address after # says is what is shown. */
import {setAttr, setText} from './dom.js';
import {getJson} from './api.js';
import {CompareView} from './compare_view.js';
import {duration} from './format.js';
import {Freshness} from './freshness.js';
import {JobView} from './job_view.js';
import {JobsView} from './jobs_view.js';
import {Theme} from './theme.js';
import {watchForToken} from './token_dialog.js';

const SERVER_EVERY = 30000; /* ms between looks at the server's own state */

class Page {
  constructor() {
    this.main = document.getElementById('main');
    this.theme = new Theme();
    this.freshness = new Freshness();
    this.key = null; /* of the view that is shown */
    watchForToken();
    addEventListener('hashchange', () => this.route());
    document.getElementById('skip').addEventListener('click', (e) => {
      e.preventDefault();
      this.main.focus();
    });
    this.route();
    this.askServer();
    setInterval(() => this.askServer(), SERVER_EVERY);
  }

  /* Change the address; `quietly`: the view knows already. */
  go(hash, quietly = false) {
    if (quietly) history.replaceState(null, '', hash);
    else location.hash = hash;
  }

  route() {
    const [page = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(plain);
    const key = page === 'jobs' && rest[0] ? `job ${rest[0]}` : page === 'compare' ? 'compare' : 'jobs';
    if (key !== this.key) this.open(key, rest);
    if (key.startsWith('job ')) this.view.tab(['workers', 'events'].includes(rest[1]) ? rest[1] : 'charts');
    document.title = this.view.title === 'Jobs' ? 'flywheel' : `${this.view.title} · flywheel`;
  }

  open(key, rest) {
    this.view?.close();
    this.key = key;
    const go = (hash, quietly) => this.go(hash, quietly);
    if (key === 'compare') this.view = new CompareView(go, [rest[0] || '', rest[1] || '']);
    else if (key === 'jobs') this.view = new JobsView(this.freshness, (s) => this.showServer(s));
    else this.view = new JobView(rest[0], this.freshness, go);
    this.main.replaceChildren(this.view.root);
    setAttr(document.getElementById('nav-jobs'), 'aria-current', key === 'compare' ? null : 'page');
    setAttr(document.getElementById('nav-compare'), 'aria-current', key === 'compare' ? 'page' : null);
    document.getElementById('fresh').hidden = key === 'compare';
    scrollTo(0, 0);
  }

  async askServer() {
    try {
      this.showServer(await getJson('/api/v1/server'));
    } catch {
      /* the line on top says that there is no connection */
    }
  }

  showServer(answer) {
    const s = answer.server || answer;
    setText(document.getElementById('server-line'),
      `flywheel ${s.version} · up ${duration(s.uptime_ms / 1000)}${s.draining ? ' · draining' : ''}`);
  }
}

/* A part of the address as text; as it is if it is not well made. */
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

new Page();
