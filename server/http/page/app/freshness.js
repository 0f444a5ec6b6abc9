/* freshness.js - says on top of the page how old its numbers are. */
import {setText, setAttr, say} from './dom.js';
import {duration} from './format.js';

const LATE = 5000; /* ms without news: say so */

export class Freshness {
  constructor() {
    this.box = document.getElementById('fresh');
    this.text = document.getElementById('fresh-text');
    this.stream = null; /* the Stream that is shown */
    this.told = 'live';
    setInterval(() => this.show(), 500);
  }

  follow(stream) {
    this.stream = stream;
    this.show();
  }

  show() {
    const s = this.stream;
    if (!s) return;
    const age = s.lastData ? Date.now() - s.lastData : null;
    const last = age === null ? '' : `last update ${duration(age / 1000)} ago`;
    let state = 'live';
    let text = 'live';
    if (s.state === 'waiting') {
      const left = Math.max(1, Math.ceil((s.retryAt - Date.now()) / 1000));
      state = 'lost';
      text = ['disconnected', last, `next try in ${left} s`].filter(Boolean).join(' · ');
    } else if (s.state === 'connecting') {
      state = age === null ? 'wait' : 'lost';
      text = age === null ? 'connecting' : `connecting again · ${last}`;
    } else if (age === null) {
      state = 'wait';
      text = 'connected';
    } else if (age > LATE) {
      state = 'late';
      text = last;
    }
    setAttr(this.box, 'data-state', state);
    setText(this.text, text);
    if (state !== this.told && (state === 'lost' || (state === 'live' && this.told === 'lost'))) {
      say(state === 'lost' ? 'Connection lost' : 'Connected again');
    }
    if (state !== 'wait') this.told = state;
  }
}
