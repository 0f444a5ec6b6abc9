/* stream.js - server-sent events that come back by themselves.
 *
 * Read with fetch, since an EventSource can send no token and hides the pings
 * by which a quiet connection is told from a dead one. */
import {authorization, askForToken, failure} from './api.js';

const FIRST_WAIT = 500; /* ms before the first new try; doubles */
const LONGEST_WAIT = 15000;
const SILENCE = 25000; /* ms without a byte: the server pings every 10 s */

export class Stream {
  /* onEvent(type, object) for each event; onChange() when `state` changed. */
  constructor(path, onEvent, onChange) {
    this.path = path;
    this.onEvent = onEvent;
    this.onChange = onChange;
    this.state = 'connecting'; /* connecting, open, waiting, closed */
    this.error = null; /* the last failure, while waiting */
    this.retryAt = 0; /* ms, when waiting */
    this.lastData = 0; /* ms, when the last event came */
    this.wait = FIRST_WAIT;
    this.run();
  }

  close() {
    this.set('closed');
    this.abort?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
  }

  set(state) {
    if (this.state === 'closed') return;
    this.state = state;
    this.onChange();
  }

  async run() {
    while (this.state !== 'closed') {
      this.set('connecting');
      try {
        await this.once();
        this.error = null;
      } catch (error) {
        this.error = error;
      }
      clearTimeout(this.watchdog);
      if (this.state === 'closed') return;
      await this.pause();
    }
  }

  /* Wait before the next try, not in step with other pages. */
  pause() {
    const ms = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    this.retryAt = Date.now() + ms;
    this.set('waiting');
    return new Promise((resolve) => {
      this.timer = setTimeout(resolve, ms);
    });
  }

  alive() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.abort.abort(), SILENCE);
  }

  async once() {
    this.abort = new AbortController();
    this.alive();
    const response = await fetch(this.path, {
      headers: {Accept: 'text/event-stream', ...authorization()},
      signal: this.abort.signal, cache: 'no-store',
    });
    if (response.status === 401) {
      clearTimeout(this.watchdog);
      await askForToken();
      return;
    }
    if (!response.ok) throw await failure(response);
    this.set('open');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      this.alive();
      text += value;
      if (/\n\r?\n/.test(text.slice(-value.length - 3))) text = this.take(text);
    }
  }

  /* Hand out the whole events of `text`; what is left of it. */
  take(text) {
    const events = text.split(/\r?\n\r?\n/);
    const rest = events.pop();
    for (const event of events) {
      let type = 'message';
      const data = [];
      for (const line of event.split(/\r?\n/)) {
        if (line.startsWith('event:')) type = line.slice(6).trim();
        else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      }
      if (!data.length) continue;
      this.lastData = Date.now();
      this.wait = FIRST_WAIT;
      this.onEvent(type, JSON.parse(data.join('\n')));
    }
    return rest;
  }
}
